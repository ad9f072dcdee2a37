// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, setCode, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { getCreateAddress, MaxUint256, solidityPackedKeccak256, ZeroAddress } from 'ethers'
import { ethers } from 'hardhat'
import { FlowReputation__factory, FlowTierHook__factory, NamingRouter__factory } from '../../../typechain-types'
import { IS_COVERAGE } from '../../support/coverage'
import { freshSigners, inOneBlock } from '../../support/consumers'
import { trapdoorModel } from '../../support/consumer-models'
import { answerFor, CONFIG, nextPeriod, PERIOD, WINDOW } from '../../support/flow'
import {
  createV4,
  deployHook,
  exactIn,
  exactOut,
  expectHookRefusal,
  FULL_RANGE,
  poolKeyOf,
  SQRT_PRICE_ONE,
  sqrtPriceX96,
  swapTo,
  TICK_SPACING,
  type V4,
} from '../../support/v4'
import { createWorld } from '../../support/world'

const LIQUIDITY = 10n ** 24n
/** A millionth of the pool's currency 1. */
const UNIT = 10n ** 18n
const [LOWEST, HIGHEST] = [500n, 3000n]

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'flow-toxicity')
  const { modelId } = model
  const [lp, user, other, deployer] = (await freshSigners(4)) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const v4 = await createV4(deployer, [lp, user, other])
  const router = await new NamingRouter__factory(deployer).deploy(v4.manager)
  const liar = await new NamingRouter__factory(deployer).deploy(v4.manager)
  for (const token of v4.tokens) {
    for (const account of [user, other]) {
      await token.connect(account).approve(router, MaxUint256)
      await token.connect(account).approve(liar, MaxUint256)
    }
  }
  // The reputation names the hook, and the hook the reputation: the address of the second is known before.
  const reputationAt = getCreateAddress({ from: deployer.address, nonce: (await deployer.getNonce()) + 1 })
  const factory = new FlowTierHook__factory(deployer)
  const routers = [await router.getAddress()]
  const make = (unit: bigint, liquidity: bigint) =>
    factory.getDeployTransaction(v4.manager, v4.currencies, TICK_SPACING, reputationAt, unit, liquidity, routers)
  const hook = FlowTierHook__factory.connect(await deployHook(v4, make(UNIT, LIQUIDITY)), deployer)
  const reputation = await new FlowReputation__factory(deployer).deploy(
    world.routed,
    modelId,
    [await hook.getAddress()],
    CONFIG,
  )
  const key = await poolKeyOf(hook)
  await nextPeriod()
  await v4.manager.initialize(key, SQRT_PRICE_ONE)
  await v4.trader.connect(lp).modifyLiquidity(key, FULL_RANGE.tickLower, FULL_RANGE.tickUpper, LIQUIDITY)
  return { ...world, ...v4, deployer, model, modelId, lp, user, other, router, liar, hook, reputation, make, key }
}

/** What twelve trades of 1,000 units count for: the six with the fee within the amount move the price by less. */
const EARNED = 6n * 996n + 6n * 1000n

/** The same, with a user of twelve settled periods, `EARNED` units of net move, and the lowest fee. */
async function deployProven() {
  const scene = await deploy()
  const { router, user, key, reputation, model } = scene
  for (let i = 0; i < WINDOW; i++) {
    await router
      .connect(user)
      .swap(key, i % 2 === 0 ? exactIn(false, 1000n * UNIT) : exactOut(true, 1000n * UNIT), '0x')
    await nextPeriod()
  }
  await nextPeriod(2)
  await reputation.requestScore(user)
  const { output, proof } = await answerFor(scene, model, user, 0n)
  await reputation.submitScore(user, output, proof)
  return scene
}

/** What the manager says of the swap of a transaction. */
async function swapOf({ manager }: V4, sent: { blockNumber: number | null }) {
  const [event] = await manager.queryFilter(manager.filters.Swap(), sent.blockNumber!, sent.blockNumber!)
  return event!.args
}

describe('FlowTierHook on the pool manager of Uniswap v4', () => {
  it('charges strangers the highest fee and the proven theirs, whoever they come through', async () => {
    const scene = await loadFixture(deployProven)
    const { router, liar, trader, user, other, key, reputation, hook } = scene
    const small = exactIn(true, 10n ** 15n)
    const feeOf = async (sent: Promise<{ blockNumber: number | null }>) => (await swapOf(scene, await sent)).fee
    expect(await feeOf(router.connect(user).swap(key, small, '0x'))).to.equal(LOWEST)
    expect(await feeOf(router.connect(other).swap(key, small, '0x'))).to.equal(HIGHEST)
    // Routers that the hook does not know are traders themselves, whatever they say and send along.
    expect(await feeOf(liar.connect(user).swap(key, small, user.address))).to.equal(HIGHEST)
    expect(await feeOf(trader.connect(user).swap(key, small, '0x'))).to.equal(HIGHEST)
    for (const one of [liar, trader]) {
      expect(await hook.traderOf(one)).to.equal(await one.getAddress())
      expect(await reputation.tradedBy(one)).to.equal(1)
    }
    expect(await hook.traderOf(router)).to.equal(ZeroAddress)
    expect([await hook.isRouter(router), await hook.isRouter(liar)]).to.deep.equal([true, false])
  })

  it('reports who traded, between which ticks, and how much in which direction', async () => {
    const scene = await loadFixture(deploy)
    const { router, user, key, reputation, hook } = scene
    const address = await hook.getAddress()
    let [tick, total, root] = [0n, 0n, SQRT_PRICE_ONE]
    for (const swap of [
      exactIn(true, 700n * UNIT),
      exactIn(false, 1_300n * UNIT),
      exactOut(true, 900n * UNIT + 1n),
      exactOut(false, 20_000n * UNIT),
      swapTo(true, sqrtPriceX96(0.9)),
      exactIn(false, 1n),
    ]) {
      const sent = await router.connect(user).swap(key, swap, '0x')
      const { amount1, tick: after, sqrtPriceX96: end } = await swapOf(scene, sent)
      const size = ((amount1 < 0n ? -amount1 : amount1) + UNIT - 1n) / UNIT
      // Nobody else has liquidity, and it is what was expected: what a swap moved is its size, less the fee.
      const moved = (LIQUIDITY * (end - root)) / 2n ** 96n / UNIT
      expect(size - (moved < 0n ? -moved : moved)).to.be.within(0n, 2n + (size * HIGHEST) / 1_000_000n)
      const period = BigInt(Math.floor((await time.latest()) / PERIOD))
      await expect(sent)
        .to.emit(reputation, 'TradeReported')
        .withArgs(user.address, address, period, tick + after, size, moved)
      tick = after
      root = end
      total += size
    }
    expect(await reputation.tradedBy(user)).to.equal(total)
    expect(tick).to.be.lessThan(-1000n)
  })

  it('judges trades by where the price stood in the next period, which no block within it decides', async () => {
    const scene = await loadFixture(deploy)
    const { router, trader, user, other, lp, key, reputation, hook } = scene
    const period = await nextPeriod()
    const sent = await router.connect(user).swap(key, exactIn(false, 5_000n * UNIT), '0x')
    const { tick: after } = await swapOf(scene, sent)
    // Others carry the price on.
    await router.connect(other).swap(key, swapTo(false, sqrtPriceX96(1.05)), '0x')
    await nextPeriod()
    // Within one transaction, there and back.
    const action = (zeroForOne: boolean, price: number) => ({
      isSwap: true,
      swap: swapTo(zeroForOne, sqrtPriceX96(price)),
      liquidity: { tickLower: 0, tickUpper: 0, liquidityDelta: 0, salt: ethers.ZeroHash },
      hookData: '0x',
    })
    await trader.connect(lp).run(key, [action(true, 0.5), action(false, 1.05)])
    await nextPeriod()
    const mean = await hook.closedTick(period + 1n)
    expect(mean).to.equal(Math.floor(Math.log(1.05) / Math.log(1.0001)))
    await reputation.settle(user)
    const markout = (2n * mean - after + 1n) / 2n
    const { count, features, netMoved } = await reputation.flowOf(user)
    expect([count, features[0], features[1], netMoved]).to.deep.equal([1n, markout, 12n, 4_984n])
    // Who carried it on paid for what it gained.
    await reputation.settle(other)
    expect((await reputation.flowOf(other)).features[0]).to.be.within(1n, markout)
  })

  it('gives the lowered fee for no more volume than was earned, in either currency and direction', async () => {
    const scene = await loadFixture(deployProven)
    const { router, user, key, reputation } = scene
    const left = async () => (await reputation.scoreOf(user)).volumeLeft
    expect(await left()).to.equal(EARNED)
    const feeOf = async (swap: ReturnType<typeof exactIn>) => {
      const snapshot = await ethers.provider.send('evm_snapshot', [])
      const { fee } = await swapOf(scene, await router.connect(user).swap(key, swap, '0x'))
      await ethers.provider.send('evm_revert', [snapshot])
      return fee
    }
    // The price is about 1.
    for (const make of [
      (amount: bigint) => exactIn(false, amount),
      (amount: bigint) => exactOut(true, amount),
      (amount: bigint) => exactIn(true, (amount * 999n) / 1000n),
      (amount: bigint) => exactOut(false, (amount * 999n) / 1000n),
    ]) {
      expect(await feeOf(make(EARNED * UNIT))).to.equal(LOWEST)
      expect(await feeOf(make((EARNED + 50n) * UNIT))).to.equal(HIGHEST)
    }
    // An amount that only its price limit bounds is taken at its word.
    expect(await feeOf(swapTo(true, sqrtPriceX96(0.9999)))).to.equal(HIGHEST)
    expect(await feeOf({ ...swapTo(true, sqrtPriceX96(0.9999)), amountSpecified: -(2n ** 127n) })).to.equal(HIGHEST)
    await router.connect(user).swap(key, exactIn(false, 11_000n * UNIT), '0x')
    const rest = EARNED - 11_000n
    expect(await left()).to.equal(rest)
    expect(await feeOf(exactIn(false, rest * UNIT + 1n))).to.equal(HIGHEST)
    expect(await feeOf(exactOut(true, rest * UNIT))).to.equal(LOWEST)
  })

  it('estimates volume by the price of the last closed period, whatever the block did to it', async () => {
    const scene = await loadFixture(deployProven)
    const { router, user, other, key } = scene
    // At half the price, currency 0 would seem to be half as much volume.
    const [pushed, bought] = await (async () => {
      const gasLimit = 1_000_000
      const sent: { hash: string }[] = []
      const keep = async (one: Promise<{ hash: string }>) => {
        sent.push(await one)
        return sent.at(-1)!
      }
      await inOneBlock([
        () => keep(router.connect(other).swap(key, swapTo(true, sqrtPriceX96(0.5)), '0x', { gasLimit })),
        () => keep(router.connect(user).swap(key, exactOut(false, 13_000n * UNIT), '0x', { gasLimit })),
      ])
      const [first] = await Promise.all(sent.map(({ hash }) => ethers.provider.getTransactionReceipt(hash)))
      const events = await scene.manager.queryFilter(scene.manager.filters.Swap(), first!.blockNumber)
      return events.map(({ args }) => args)
    })()
    expect([pushed!.fee, bought!.fee]).to.deep.equal([HIGHEST, HIGHEST])
    expect(-bought!.amount1).to.be.lessThan(12_000n * UNIT)
  })

  it('lets nobody earn volume against liquidity that it adds for the moment', async () => {
    const scene = await loadFixture(deploy)
    const { trader, user, key, reputation } = scene
    const none = { tickLower: 0, tickUpper: 0, liquidityDelta: 0n, salt: ethers.ZeroHash }
    const idle = exactIn(true, 1n)
    const liquidity = (liquidityDelta: bigint) => ({
      isSwap: false,
      swap: idle,
      liquidity: { ...none, ...FULL_RANGE, liquidityDelta },
      hookData: '0x',
    })
    const swap = { isSwap: true, swap: exactIn(false, 10_000n * UNIT), liquidity: none, hookData: '0x' }
    const movedBy = async (actions: object[]) => {
      const sent = await trader.connect(user).run(key, actions as never)
      const [event] = await reputation.queryFilter(reputation.filters.TradeReported(), sent.blockNumber!)
      return event!.args
    }
    const honest = await movedBy([swap])
    const times = 999n
    const before = await Promise.all(scene.tokens.map((token) => token.balanceOf(user)))
    const own = await movedBy([liquidity(times * LIQUIDITY), swap, liquidity(-times * LIQUIDITY)])
    expect([honest.volume, own.volume]).to.deep.equal([10_000n, 10_000n])
    expect([honest.moved, own.moved]).to.deep.equal([9_969n, 9n])
    // It traded with itself: all that it lost is the fee for the thousandth that others filled.
    const after = await Promise.all(scene.tokens.map((token) => token.balanceOf(user)))
    const lost = before.reduce((sum, amount) => sum + amount, 0n) - after.reduce((sum, amount) => sum + amount, 0n)
    expect(lost).to.be.lessThan(UNIT)
    expect(await reputation.tradedBy(trader)).to.equal(20_000)
  })

  it('serves one pool, so that trades in a pool of worthless tokens count for nothing', async () => {
    const { manager, hook, key, user, deployer } = await loadFixture(deploy)
    const mine = await createV4(deployer, [user])
    const wrong = { ...key, currency0: mine.currencies[0], currency1: mine.currencies[1] }
    const id = solidityPackedKeccak256(
      ['bytes'],
      [
        ethers.AbiCoder.defaultAbiCoder().encode(
          ['address', 'address', 'uint24', 'int24', 'address'],
          Object.values(wrong),
        ),
      ],
    )
    const call = manager.connect(user).initialize(wrong, SQRT_PRICE_ONE)
    await expectHookRefusal(call, hook, 'afterInitialize', 'UnknownPool', [id])
  })

  it('begins with no reputation that does not take its reports', async () => {
    const scene = await loadFixture(deploy)
    const { manager, make, hook } = scene
    // Deployed for the same reputation, which names the first hook.
    const second = FlowTierHook__factory.connect(await deployHook(scene, make(UNIT, LIQUIDITY + 1n)), scene.deployer)
    const address = await second.getAddress()
    const call = manager.initialize(await poolKeyOf(second), SQRT_PRICE_ONE)
    await expectHookRefusal(call, second, 'afterInitialize', 'NotAReporter', [address])
    expect(address).to.not.equal(await hook.getAddress())
  })

  it('charges everyone the highest fee once the verifier is stopped, and lets them trade', async () => {
    const scene = await loadFixture(deployProven)
    const { router, user, key, stop, guardian } = scene
    const small = exactIn(false, UNIT)
    expect((await swapOf(scene, await router.connect(user).swap(key, small, '0x'))).fee).to.equal(LOWEST)
    await stop.connect(guardian).stop()
    expect((await swapOf(scene, await router.connect(user).swap(key, small, '0x'))).fee).to.equal(HIGHEST)
  })

  it('lets swaps go on at the highest fee if the stop contract reverts, burns its gas or says nothing', async () => {
    const scene = await loadFixture(deployProven)
    const { router, user, key, stop } = scene
    const small = exactIn(false, UNIT)
    const good = await ethers.provider.getCode(stop)
    for (const [code, fee] of [
      ['0x5f5ffd', HIGHEST],
      ['0xfe', HIGHEST],
      ['0x00', HIGHEST],
      [good, LOWEST],
    ] as const) {
      await setCode(await stop.getAddress(), code)
      const sent = await router.connect(user).swap(key, small, '0x')
      expect((await swapOf(scene, sent)).fee, code.slice(0, 8)).to.equal(fee)
    }
  })

  it('is refused without a unit of volume, and costs traders little', async () => {
    const scene = await loadFixture(deployProven)
    const { make, hook, router, user, other, key } = scene
    await expect(deployHook(scene, make(0n, 1n))).to.be.revertedWithCustomError(hook, 'BadScale')
    await expect(deployHook(scene, make(1n, 0n))).to.be.revertedWithCustomError(hook, 'BadScale')
    const gas: bigint[] = []
    const swap = async (who: HardhatEthersSigner) => {
      const sent = await router.connect(who).swap(key, exactIn(false, UNIT), '0x')
      gas.push((await sent.wait())!.gasUsed)
    }
    await swap(other)
    await nextPeriod()
    await swap(other)
    await swap(other)
    await nextPeriod(2)
    await swap(other)
    await swap(user)
    await swap(user)
    if (!IS_COVERAGE) for (const used of gas) expect(used).to.be.at.most(270_000)
  })
})
