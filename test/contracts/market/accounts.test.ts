// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, ZeroAddress } from 'ethers'
import { ethers } from 'hardhat'
import { Puppet__factory, ReentrantActor__factory } from '../../../typechain-types'
import { createMarket, MAX_PRICE, MIN_PRICE } from '../../support/market'

const FEE = 1n
const REVERT = 2n
const RETURN_FALSE = 3n
const REENTRANT = id('ReentrantCall()').slice(0, 10)

const fixture = () => createMarket()

describe('accounts of the market', () => {
  it('hold coins and tokens by account, and pay them out to whom the owner says', async () => {
    const { coordinator, token, requester, stranger, rival, balance } = await loadFixture(fixture)
    const own = coordinator.connect(requester)
    for (const [money, value] of [
      [ZeroAddress, 50n],
      [await token.getAddress(), 0n],
    ] as const) {
      const held = await coordinator.balanceOf(money, requester)
      await expect(own.deposit(money, 50n, { value }))
        .to.emit(coordinator, 'Deposited')
        .withArgs(money, requester.address, 50)
      await expect(own.depositFor(money, 50n, stranger, { value }))
        .to.emit(coordinator, 'Deposited')
        .withArgs(money, stranger.address, 50)
      expect(await coordinator.balanceOf(money, requester)).to.equal(held + 50n)
      expect(await coordinator.balanceOf(money, stranger)).to.equal(50)
      const paid = coordinator.connect(stranger).withdraw(money, 20n, rival)
      await expect(paid).to.emit(coordinator, 'Withdrawn').withArgs(money, stranger.address, rival.address, 20)
      if (money === ZeroAddress) await expect(paid).to.changeEtherBalances([coordinator, rival], [-20, 20])
      else await expect(paid).to.changeTokenBalances(token, [coordinator, rival], [-20, 20])
      await expect(coordinator.connect(stranger).withdraw(money, 31n, rival))
        .to.be.revertedWithCustomError(coordinator, 'BalanceTooLow')
        .withArgs(money, stranger.address, 30, 31)
      await coordinator.connect(stranger).withdraw(money, 30n, stranger)
      expect(await coordinator.balanceOf(money, stranger)).to.equal(0)
    }
    await balance([])
  })

  it('take exactly the coins they are told of, and none with tokens', async () => {
    const { coordinator, token, requester } = await loadFixture(fixture)
    const own = coordinator.connect(requester)
    await expect(own.deposit(ZeroAddress, 5n, { value: 4n }))
      .to.be.revertedWithCustomError(coordinator, 'WrongValue')
      .withArgs(4, 5)
    await expect(own.deposit(ZeroAddress, 4n, { value: 5n }))
      .to.be.revertedWithCustomError(coordinator, 'WrongValue')
      .withArgs(5, 4)
    await expect(own.deposit(token, 4n, { value: 4n }))
      .to.be.revertedWithCustomError(coordinator, 'WrongValue')
      .withArgs(4, 0)
    await expect(requester.sendTransaction({ to: coordinator, value: 1n })).to.be.revertedWithoutReason()
  })

  it('are never of those who cannot claim', async () => {
    const { coordinator, token, address, requester } = await loadFixture(fixture)
    const own = coordinator.connect(requester)
    for (const nobody of [ZeroAddress, address]) {
      for (const call of [
        () => own.depositFor(ZeroAddress, 1n, nobody, { value: 1n }),
        () => own.depositFor(token, 1n, nobody),
        () => own.withdraw(ZeroAddress, 1n, nobody),
        () => own.withdraw(token, 1n, nobody),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(coordinator, 'InvalidAccount').withArgs(nobody)
      }
    }
  })

  it('are credited with what a token with a fee delivers', async () => {
    const { coordinator, token, requester, stranger, ask, balance } = await loadFixture(fixture)
    await token.behave(FEE)
    const own = coordinator.connect(requester)
    await expect(own.depositFor(token, 1000n, stranger))
      .to.emit(coordinator, 'Deposited')
      .withArgs(await token.getAddress(), stranger.address, 900)
    const request = ask({ requester: stranger.address, token: await token.getAddress(), minPrice: 0n, maxPrice: 901n })
    await expect(coordinator.connect(stranger).requestInference(request, '0x'))
      .to.be.revertedWithCustomError(coordinator, 'BalanceTooLow')
      .withArgs(request.token, stranger.address, 900, 901)
    const affordable = { ...request, maxPrice: 900n }
    await coordinator.connect(stranger).requestInference(affordable, '0x')
    await balance([affordable])
    await coordinator.connect(stranger).cancel(affordable)
    await coordinator.connect(stranger).withdraw(token, 900n, stranger)
    expect(await token.balanceOf(stranger)).to.equal(810)
    await balance([affordable])
  })

  it('do not believe tokens that revert, return false, or are none', async () => {
    const { coordinator, token, requester, stranger, balance } = await loadFixture(fixture)
    const own = coordinator.connect(requester)
    const held = await coordinator.balanceOf(token, requester)
    await token.behave(REVERT)
    await expect(own.deposit(token, 5n)).to.be.revertedWithCustomError(token, 'Refused')
    await expect(own.withdraw(token, 5n, requester)).to.be.revertedWithCustomError(token, 'Refused')
    await token.behave(RETURN_FALSE)
    for (const call of [() => own.deposit(token, 5n), () => own.withdraw(token, 5n, requester)]) {
      await expect(call())
        .to.be.revertedWithCustomError(coordinator, 'SafeERC20FailedOperation')
        .withArgs(await token.getAddress())
    }
    await expect(own.deposit(stranger.address, 5n)).to.be.revertedWithoutReason()
    expect(await coordinator.balanceOf(token, requester)).to.equal(held)
    await balance([])
  })

  it('a token that reenters does not count a deposit twice', async () => {
    const { coordinator, token, requester, balance } = await loadFixture(fixture)
    const held = await coordinator.balanceOf(token, requester)
    for (const nested of [
      coordinator.interface.encodeFunctionData('deposit', [await token.getAddress(), 0n]),
      coordinator.interface.encodeFunctionData('withdraw', [await token.getAddress(), 0n, requester.address]),
    ]) {
      await token.aim(coordinator, nested)
      await coordinator.connect(requester).deposit(token, 100n)
      expect([await token.reentered(), await token.answer()]).to.deep.equal([false, REENTRANT])
    }
    expect(await coordinator.balanceOf(token, requester)).to.equal(held + 200n)
    await balance([])
  })

  it('cannot be filled to the brim by a token that lies, so no payment overflows', async () => {
    const { coordinator, token, requester, prover, start, ask, answer } = await loadFixture(fixture)
    const own = coordinator.connect(requester)
    const request = ask({ token: await token.getAddress(), rampStart: start * 2n })
    await own.requestInference(request, '0x')
    await coordinator.connect(prover).lock(request)
    // The token makes up what it needs for the prover's account to hold all but MIN_PRICE − 1 of 256 bits.
    await token.burn(coordinator, await token.balanceOf(coordinator))
    await token.burn(requester, await token.balanceOf(requester))
    const much = 2n ** 256n - MIN_PRICE
    await token.mint(requester, much)
    await expect(own.depositFor(token, much, prover))
      .to.be.revertedWithCustomError(coordinator, 'DepositTooHigh')
      .withArgs(request.token, much)
    await own.depositFor(token, 2n ** 128n - 1n, prover)
    await expect(own.depositFor(token, 2n ** 128n, prover)).to.be.revertedWithCustomError(coordinator, 'DepositTooHigh')
    const { output, proof } = await answer(request, prover)
    await expect(coordinator.fulfill(request, output, proof)).to.emit(coordinator, 'RequestFulfilled')
    expect(await coordinator.balanceOf(token, prover)).to.equal(2n ** 128n - 1n + MIN_PRICE)
  })

  it('a receiver that reenters is refused and gets its money once', async () => {
    const { coordinator, address, deployer, balance } = await loadFixture(fixture)
    const actor = await new ReentrantActor__factory(deployer).deploy(address)
    await coordinator.depositFor(ZeroAddress, 100n, actor, { value: 100n })
    const withdraw = coordinator.interface.encodeFunctionData('withdraw', [ZeroAddress, 50n, await actor.getAddress()])
    await actor.arm(withdraw)
    await actor.execute(coordinator, 0n, withdraw)
    expect([await actor.attempts(), await actor.entered(0), await actor.answers(0)]).to.deep.equal([
      1n,
      false,
      REENTRANT,
    ])
    expect(await coordinator.balanceOf(ZeroAddress, actor)).to.equal(50)
    expect(await ethers.provider.getBalance(actor)).to.equal(50)
    await balance([], [actor])
  })

  it('an account that refuses coins harms itself alone, and can send them elsewhere', async () => {
    const { coordinator, deployer, start, prover, stranger, ask, answer, balance } = await loadFixture(fixture)
    const puppet = await new Puppet__factory(deployer).deploy({ value: MAX_PRICE })
    const request = ask({ requester: await puppet.getAddress(), rampStart: start * 2n })
    const { interface: abi } = coordinator
    const open = abi.encodeFunctionData('requestInference', [request, '0x'])
    await puppet.execute(coordinator, MAX_PRICE, open)
    // Neither locking, which refunds, nor fulfilling sends it anything.
    await coordinator.connect(prover).lock(request)
    const { output, proof } = await answer(request, prover)
    await coordinator.fulfill(request, output, proof)
    const refund = MAX_PRICE - MIN_PRICE
    expect(await coordinator.balanceOf(ZeroAddress, puppet)).to.equal(refund)
    const withdraw = (to: string) => abi.encodeFunctionData('withdraw', [ZeroAddress, refund, to])
    await expect(puppet.execute(coordinator, 0n, withdraw(request.requester))).to.be.reverted
    await expect(puppet.execute(coordinator, 0n, withdraw(stranger.address))).to.changeEtherBalance(stranger, refund)
    await balance([request], [puppet])
  })

  it('are open for withdrawal while paused, stopped and deprecated', async () => {
    const { coordinator, owner, stop, guardian, registry, publisher, modelId, requester } = await loadFixture(fixture)
    await coordinator.connect(owner).pause()
    await stop.connect(guardian).stop()
    await registry.connect(publisher).deprecateModel(modelId)
    const held = await coordinator.balanceOf(ZeroAddress, requester)
    await expect(coordinator.connect(requester).withdraw(ZeroAddress, held, requester)).to.changeEtherBalance(
      requester,
      held,
    )
  })
})
