// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { AbiCoder, getCreate2Address, keccak256, ZeroAddress, type FunctionFragment } from 'ethers'
import { ethers } from 'hardhat'
import {
  Hooks__factory,
  IHooks__factory,
  IPoolManager__factory,
  SettableFeeHook__factory,
} from '../../../typechain-types'
import { freshSigners } from '../../support/consumers'
import {
  createV4,
  deployHook,
  DYNAMIC_FEE,
  exactIn,
  exactOut,
  expectHookRefusal,
  FULL_RANGE,
  HOOK_FLAGS,
  mineSalt,
  poolKeyOf,
  SINGLE_POOL_FLAGS,
  SQRT_PRICE_ONE,
  sqrtPriceX96,
  swapTo,
  TICK_SPACING,
} from '../../support/v4'

const LIQUIDITY = 10n ** 24n
const KEY_TYPES = ['address', 'address', 'uint24', 'int24', 'address']

async function deploy() {
  const [deployer, lp, user] = (await freshSigners(3)) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const v4 = await createV4(deployer, [lp, user])
  const factory = new SettableFeeHook__factory(deployer)
  const creation = await factory.getDeployTransaction(v4.manager, v4.currencies, TICK_SPACING)
  const hook = SettableFeeHook__factory.connect(await deployHook(v4, creation), deployer)
  const key = await poolKeyOf(hook)
  return { ...v4, deployer, lp, user, factory, creation, hook, key }
}

async function deployOpen() {
  const scene = await deploy()
  const { manager, trader, lp, key } = scene
  await manager.initialize(key, SQRT_PRICE_ONE)
  await trader.connect(lp).modifyLiquidity(key, FULL_RANGE.tickLower, FULL_RANGE.tickUpper, LIQUIDITY)
  return scene
}

describe('SinglePoolHook on the pool manager of Uniswap v4', () => {
  it('names the fee of every swap, exact in and exact out, and sees price and amounts', async () => {
    const { manager, trader, user, hook, key } = await loadFixture(deployOpen)
    const address = await trader.getAddress()
    for (const fee of [0n, 1n, 3_000n, 100_000n]) {
      await hook.setFee(fee)
      const before = await stateOf(hook)
      const swapped = await trader.connect(user).swap(key, exactIn(true, 10n ** 21n), '0xabcd')
      const after = await stateOf(hook)
      const [event] = await manager.queryFilter(manager.filters.Swap(), swapped.blockNumber!)
      expect(event!.args.fee).to.equal(fee)
      expect(event!.args.amount0).to.equal(-(10n ** 21n))
      await expect(swapped)
        .to.emit(hook, 'FeeAsked')
        .withArgs(address, -(10n ** 21n), before.tick, '0xabcd')
      await expect(swapped)
        .to.emit(hook, 'Swapped')
        .withArgs(address, event!.args.amount0, event!.args.amount1, after.tick)
      expect(after.tick).to.equal(event!.args.tick)
      // What comes out is what a constant product gives for what is left after the fee.
      const worth = (10n ** 21n * (1_000_000n - fee)) / 1_000_000n
      const reserve0 = (LIQUIDITY << 96n) / before.sqrtPrice
      const reserve1 = (LIQUIDITY * before.sqrtPrice) >> 96n
      expect(event!.args.amount1).to.be.closeTo((worth * reserve1) / (reserve0 + worth), 10n)
    }
    await hook.setFee(100_000n)
    const backwards = await trader.connect(user).swap(key, exactOut(false, 10n ** 18n), '0x')
    const [event] = await manager.queryFilter(manager.filters.Swap(), backwards.blockNumber!)
    expect([event!.args.fee, event!.args.amount0]).to.deep.equal([100_000n, 10n ** 18n])
    const target = sqrtPriceX96(1.1)
    await trader.connect(user).swap(key, swapTo(false, target), '0x')
    expect((await stateOf(hook)).sqrtPrice).to.equal(target)
  })

  it('begins with its own pool and no other, whoever initialises', async () => {
    const { manager, hook, key, user, currencies } = await loadFixture(deploy)
    const beyond = ethers.getAddress(ethers.toBeHex(BigInt(currencies[1]) + 1n, 20))
    for (const other of [{ fee: 3_000n }, { tickSpacing: 10n }, { currency0: ZeroAddress }, { currency1: beyond }]) {
      const wrong = { ...key, ...other }
      const id = keccak256(AbiCoder.defaultAbiCoder().encode(KEY_TYPES, Object.values(wrong)))
      const call = manager.connect(user).initialize(wrong, SQRT_PRICE_ONE)
      await expectHookRefusal(call, hook, 'afterInitialize', 'UnknownPool', [id])
    }
    expect(key.fee).to.equal(DYNAMIC_FEE)
    await expect(manager.connect(user).initialize(key, SQRT_PRICE_ONE)).to.emit(hook, 'Opened').withArgs(0)
    await expect(manager.initialize(key, SQRT_PRICE_ONE)).to.be.reverted
  })

  it('listens to nobody but the manager, and has no other call', async () => {
    const { hook, key, user } = await loadFixture(deployOpen)
    const swap = exactIn(true, 1n)
    const as = hook.connect(user)
    for (const call of [
      () => as.afterInitialize(user, key, SQRT_PRICE_ONE, 0),
      () => as.beforeSwap(user, key, swap, '0x'),
      () => as.afterSwap(user, key, swap, 0, '0x'),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(hook, 'NotThePoolManager').withArgs(user.address)
    }
    const callbacks = IHooks__factory.createInterface().fragments.filter((fragment) => fragment.type === 'function')
    const answered = callbacks.filter((fragment) => hook.interface.hasFunction(fragment.format('sighash')))
    expect(answered.map((fragment) => (fragment as FunctionFragment).name)).to.have.members([
      'afterInitialize',
      'beforeSwap',
      'afterSwap',
    ])
  })

  it('is not created at an address that asks for other calls', async () => {
    const { hookDeployer, creation } = await loadFixture(deploy)
    const deployer = await hookDeployer.getAddress()
    for (const flags of [
      0n,
      SINGLE_POOL_FLAGS | HOOK_FLAGS.beforeAddLiquidity,
      SINGLE_POOL_FLAGS ^ HOOK_FLAGS.afterSwap,
      SINGLE_POOL_FLAGS | 1n,
    ]) {
      const salt = mineSalt(deployer, creation.data, flags)
      const address = getCreate2Address(deployer, salt, keccak256(creation.data))
      await expect(hookDeployer.deploy(salt, creation.data))
        .to.be.revertedWithCustomError({ interface: Hooks__factory.createInterface() }, 'HookAddressNotValid')
        .withArgs(address)
    }
  })
})

async function stateOf(hook: Awaited<ReturnType<typeof deploy>>['hook']) {
  const manager = IPoolManager__factory.connect(await hook.poolManager(), hook.runner)
  const slot = ethers.solidityPackedKeccak256(['bytes32', 'uint256'], [await hook.poolId(), 6])
  const word = BigInt(await manager['extsload(bytes32)'](slot))
  return { sqrtPrice: word & ((1n << 160n) - 1n), tick: BigInt.asIntN(24, word >> 160n) }
}
