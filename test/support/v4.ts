// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { keccak_256 } from '@noble/hashes/sha3'
import { expect } from 'chai'
import { concat, ContractFactory, getBytes, getCreate2Address, keccak256, toBeHex, type BaseContract } from 'ethers'
import { readFileSync } from 'node:fs'
import {
  CustomRevert__factory,
  HookDeployer__factory,
  Hooks__factory,
  HostileToken__factory,
  IPoolManager__factory,
  PoolTrader__factory,
  type HookDeployer,
  type HostileToken,
  type IPoolManager,
  type PoolTrader,
  type SinglePoolHook,
} from '../../typechain-types'

/** Bits of a hook's address, each of which asks the manager for a call. */
export const HOOK_FLAGS = {
  beforeInitialize: 1n << 13n,
  afterInitialize: 1n << 12n,
  beforeAddLiquidity: 1n << 11n,
  afterAddLiquidity: 1n << 10n,
  beforeRemoveLiquidity: 1n << 9n,
  afterRemoveLiquidity: 1n << 8n,
  beforeSwap: 1n << 7n,
  afterSwap: 1n << 6n,
  beforeDonate: 1n << 5n,
  afterDonate: 1n << 4n,
} as const

/** What a hook gets that sets the fee of one pool: `SinglePoolHook.permissions`. */
export const SINGLE_POOL_FLAGS = HOOK_FLAGS.afterInitialize | HOOK_FLAGS.beforeSwap | HOOK_FLAGS.afterSwap
const ALL_FLAGS = (1n << 14n) - 1n

/** A fee of this value in a pool's key: the hook decides. */
export const DYNAMIC_FEE = 0x800000n
export const MIN_SQRT_PRICE = 4295128739n
export const MAX_SQRT_PRICE = 1461446703485210103287273052203988822378723970342n
/** A price of 1. */
export const SQRT_PRICE_ONE = 1n << 96n
export const TICK_SPACING = 60n
/** The whole range, in multiples of the spacing. */
export const FULL_RANGE = { tickLower: -887_220n, tickUpper: 887_220n } as const

/** A pool manager of Uniswap v4, two tokens in its order, and who trades them. */
export type V4 = {
  readonly manager: IPoolManager
  readonly trader: PoolTrader
  readonly hookDeployer: HookDeployer
  readonly tokens: readonly [HostileToken, HostileToken]
  readonly currencies: [string, string]
}

type Artifact = { readonly abi: readonly object[]; readonly bytecode: { readonly object: string } }

/** The pool manager as its publisher compiled it: the npm package of v4-core has its bytecode. */
export async function deployPoolManager(deployer: HardhatEthersSigner): Promise<IPoolManager> {
  const path = require.resolve('@uniswap/v4-core/out/PoolManager.sol/PoolManager.json')
  const { abi, bytecode } = JSON.parse(readFileSync(path, 'utf8')) as Artifact
  const contract = await new ContractFactory(abi, bytecode.object, deployer).deploy(deployer.address)
  return IPoolManager__factory.connect(await contract.getAddress(), deployer)
}

/** Deploys a manager, tokens and their trader; the accounts have tokens and have approved the trader. */
export async function createV4(deployer: HardhatEthersSigner, accounts: readonly HardhatEthersSigner[]): Promise<V4> {
  const manager = await deployPoolManager(deployer)
  const trader = await new PoolTrader__factory(deployer).deploy(manager)
  const hookDeployer = await new HookDeployer__factory(deployer).deploy()
  const first = await new HostileToken__factory(deployer).deploy()
  const second = await new HostileToken__factory(deployer).deploy()
  const ordered = BigInt(await first.getAddress()) < BigInt(await second.getAddress())
  const tokens = ordered ? ([first, second] as const) : ([second, first] as const)
  for (const token of tokens) {
    for (const account of accounts) {
      await token.mint(account, 10n ** 36n)
      await token.connect(account).approve(trader, 2n ** 256n - 1n)
    }
  }
  const currencies: [string, string] = [await tokens[0].getAddress(), await tokens[1].getAddress()]
  return { manager, trader, hookDeployer, tokens, currencies }
}

/** A salt that gives a CREATE2 address exactly these lowest bits. */
export function mineSalt(deployer: string, initCode: string, flags: bigint): string {
  const input = getBytes(concat(['0xff', deployer, toBeHex(0, 32), keccak256(initCode)]))
  const salt = new DataView(input.buffer, input.byteOffset + 21, 32)
  for (let tried = 0; ; tried++) {
    salt.setUint32(28, tried)
    const hash = keccak_256(input)
    if (((hash[30]! << 8) | hash[31]!) % Number(ALL_FLAGS + 1n) === Number(flags)) return toBeHex(tried, 32)
  }
}

/** Deploys a hook at an address with the flags, and gives the address. */
export async function deployHook(
  { hookDeployer }: Pick<V4, 'hookDeployer'>,
  creation: Promise<{ readonly data: string }> | { readonly data: string },
  flags: bigint = SINGLE_POOL_FLAGS,
): Promise<string> {
  const { data } = await creation
  const deployer = await hookDeployer.getAddress()
  const salt = mineSalt(deployer, data, flags)
  await hookDeployer.deploy(salt, data)
  return getCreate2Address(deployer, salt, keccak256(data))
}

/** The root of a price, as the manager takes it. */
export function sqrtPriceX96(price: number): bigint {
  return BigInt(Math.round(Math.sqrt(price) * 2 ** 48)) << 48n
}

/** A swap of an exact amount in. */
export function exactIn(zeroForOne: boolean, amountIn: bigint) {
  const sqrtPriceLimitX96 = zeroForOne ? MIN_SQRT_PRICE + 1n : MAX_SQRT_PRICE - 1n
  return { zeroForOne, amountSpecified: -amountIn, sqrtPriceLimitX96 }
}

/** A swap of an exact amount out. */
export function exactOut(zeroForOne: boolean, amountOut: bigint) {
  return { ...exactIn(zeroForOne, 0n), amountSpecified: amountOut }
}

/** A swap, however large, that ends at a price. */
export function swapTo(zeroForOne: boolean, sqrtPriceLimitX96: bigint) {
  return { zeroForOne, amountSpecified: -(1n << 120n), sqrtPriceLimitX96 }
}

/** The key of a hook's pool. */
export async function poolKeyOf(hook: Pick<SinglePoolHook, 'poolKey'>) {
  const { currency0, currency1, fee, tickSpacing, hooks } = await hook.poolKey()
  return { currency0, currency1, fee, tickSpacing, hooks }
}

/** Expects that a call of the manager fails because its call of the hook did, with this error. */
export async function expectHookRefusal(
  call: Promise<unknown>,
  hook: BaseContract,
  method: string,
  error: string,
  args: readonly unknown[] = [],
): Promise<void> {
  const selector = hook.interface.getFunction(method)!.selector
  const reason = hook.interface.encodeErrorResult(error, args)
  const failed = Hooks__factory.createInterface().getError('HookCallFailed')!.selector
  await expect(call)
    .to.be.revertedWithCustomError({ interface: CustomRevert__factory.createInterface() }, 'WrappedError')
    .withArgs(await hook.getAddress(), selector, reason, failed)
}
