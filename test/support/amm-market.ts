// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { network } from 'hardhat'
import type { IPoolManager } from '../../typechain-types'
import { exactIn, SQRT_PRICE_ONE, swapTo, type poolKeyOf, type V4 } from './v4'

/** The world of `models/amm-spread/train.py`: an arbitrageur every minute, and at most one noise trader. */
export const MINUTES = 60
const PATIENCE = 0.002
const NOISE_RATE = 0.35
const NOISE_SIZE = 0.0008

export type Noise = {
  readonly forward: boolean
  /** Part of the reserve that comes in. */
  readonly share: number
  /** Highest fee that this trader puts up with, as a fraction. */
  readonly patience: number
}

/** Logarithm of the market's price in a minute, and who comes. */
export type Minute = { readonly market: number; readonly noise: Noise | null }

/** An hour of the market; `sigma` is the standard deviation of its move. */
export type Hour = { readonly sigma: number; readonly minutes: readonly Minute[] }

/** A market whose volatility is given hour by hour; the same one for the same seed. */
export function simulateMarket(seed: number, sigmas: readonly number[]): Hour[] {
  const random = uniform(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  let market = 0
  return sigmas.map((sigma) => ({
    sigma,
    minutes: Array.from({ length: MINUTES }, () => {
      market += (sigma / Math.sqrt(MINUTES)) * normal()
      const forward = random() < 0.5
      const share = NOISE_SIZE * Math.exp(0.8 * normal() - 0.32)
      const patience = -PATIENCE * Math.log(1 - random())
      return { market, noise: random() < NOISE_RATE ? { forward, share, patience } : null }
    }),
  }))
}

/** mulberry32: from 0 to 1. */
function uniform(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A pool of full-range liquidity that begins at a price of 1, and what its providers got and lost in it. */
export type Venue = {
  readonly key: Awaited<ReturnType<typeof poolKeyOf>>
  readonly liquidity: bigint
  sqrtPrice: bigint
  /** What arbitrageurs took beyond their fees, and what noise traders left, as parts of the pool at the market's price. */
  informed: number
  noise: number
  swaps: number
}

export const openVenue = (key: Venue['key'], liquidity: bigint): Venue => ({
  key,
  liquidity,
  sqrtPrice: SQRT_PRICE_ONE,
  informed: 0,
  noise: 0,
  swaps: 0,
})

type Order = { readonly venue: Venue; readonly isNoise: boolean; readonly params: ReturnType<typeof exactIn> }

/**
 * Trades an hour in both pools, a block a minute: the arbitrageur takes each pool to within its fee of the market, then the
 * noise trader comes, who has the same wish in each and may find the fee too high.
 *
 * @param fees fee of each venue in this hour, in millionths
 * @param from first second of the hour
 */
export async function tradeHour(
  { manager, trader }: V4,
  account: HardhatEthersSigner,
  venues: readonly Venue[],
  fees: readonly bigint[],
  { minutes }: Hour,
  from: number,
): Promise<void> {
  await network.provider.send('evm_setAutomine', [false])
  try {
    for (const [index, minute] of minutes.entries()) {
      const orders = venues.flatMap((venue, i) => ordersOf(venue, Number(fees[i]) / 1e6, minute))
      if (orders.length === 0) continue
      for (const { venue, params } of orders) {
        await trader.connect(account).swap(venue.key, params, '0x', { gasLimit: 600_000 })
      }
      await network.provider.send('evm_setNextBlockTimestamp', [from + 60 * index + 30])
      await network.provider.send('evm_mine')
      await settle(manager, orders, minute.market)
    }
  } finally {
    await network.provider.send('evm_setAutomine', [true])
  }
}

/** What informed and noise traders do in a pool in a minute. */
function ordersOf(venue: Venue, fee: number, { market, noise }: Minute): Order[] {
  const orders: Order[] = []
  const price = 2 * Math.log(Number(venue.sqrtPrice) / 2 ** 96)
  const target = Math.min(Math.max(price, market - fee), market + fee)
  let root = venue.sqrtPrice
  if (target !== price) {
    root = BigInt(Math.round(Math.exp(target / 2) * 2 ** 48)) << 48n
    orders.push({ venue, isNoise: false, params: swapTo(target < price, root) })
  }
  if (noise !== null && noise.patience >= fee) {
    const reserve = noise.forward ? (venue.liquidity << 96n) / root : (venue.liquidity * root) >> 96n
    const amountIn = (reserve * BigInt(Math.round(noise.share * 1e12))) / 10n ** 12n
    orders.push({ venue, isNoise: true, params: exactIn(noise.forward, amountIn) })
  }
  return orders
}

/** Values what happened at the market's price. */
async function settle(manager: IPoolManager, orders: readonly Order[], market: number): Promise<void> {
  const events = await manager.queryFilter(manager.filters.Swap(), 'latest')
  if (events.length !== orders.length) throw new Error(`${orders.length - events.length} swaps of a block failed`)
  for (const [index, { venue, isNoise }] of orders.entries()) {
    const { amount0, amount1, sqrtPriceX96 } = events[index]!.args
    const value = 2 * Number(venue.liquidity) * Math.exp(market / 2)
    const gain = -(Number(amount0) * Math.exp(market) + Number(amount1)) / value
    if (isNoise) venue.noise += gain
    else venue.informed -= gain
    venue.sqrtPrice = sqrtPriceX96
    venue.swaps++
  }
}
