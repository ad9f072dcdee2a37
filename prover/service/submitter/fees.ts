// SPDX-License-Identifier: GPL-3.0-or-later

import type { SubmitPolicy } from './policy'

/** What a transaction bids for a unit of gas, in wei. On chains without a base fee both are the gas price. */
export type Fees = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }

/** What gas costs now, in wei. */
export type Market = {
  /** Base fee of the next block, or null on a chain that has none. */
  readonly baseFee: bigint | null
  /** A tip that recent blocks took; the gas price where there is no base fee. */
  readonly tip: bigint
}

type FeeLimits = Pick<SubmitPolicy, 'maxFeePerGas' | 'maxPriorityFeePerGas' | 'bumpPercent'>

/**
 * Fees of a first attempt: room for the base fee to double, within the policy.
 *
 * @returns undefined while the market is above what the policy bids.
 */
export function firstFees(market: Market, limits: FeeLimits): Fees | undefined {
  const cap = limits.maxFeePerGas
  if (market.baseFee === null) {
    if (market.tip > cap) return undefined
    return { maxFeePerGas: market.tip, maxPriorityFeePerGas: market.tip }
  }
  if (market.baseFee >= cap) return undefined
  const tip = smaller(market.tip, limits.maxPriorityFeePerGas ?? market.tip)
  const maxFeePerGas = smaller(cap, 2n * market.baseFee + tip)
  return { maxFeePerGas, maxPriorityFeePerGas: smaller(tip, maxFeePerGas) }
}

/**
 * Fees of a replacement: what nodes demand over the last attempt, or what the market asks, whichever is more.
 *
 * @returns undefined when the policy does not bid that much, or the market is above it.
 */
export function bumpedFees(last: Fees, market: Market, limits: FeeLimits): Fees | undefined {
  const first = firstFees(market, limits)
  const leastFee = raised(last.maxFeePerGas, limits.bumpPercent)
  if (first === undefined || leastFee > limits.maxFeePerGas) return undefined
  const maxFeePerGas = larger(leastFee, first.maxFeePerGas)
  if (market.baseFee === null) return { maxFeePerGas, maxPriorityFeePerGas: maxFeePerGas }
  const tip = larger(raised(last.maxPriorityFeePerGas, limits.bumpPercent), first.maxPriorityFeePerGas)
  return { maxFeePerGas, maxPriorityFeePerGas: smaller(tip, maxFeePerGas) }
}

/** Rounded up, and by 1 at least. */
function raised(value: bigint, percent: number): bigint {
  return larger(value + 1n, (value * BigInt(100 + percent) + 99n) / 100n)
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
