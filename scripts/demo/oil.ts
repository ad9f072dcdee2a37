// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelFolder } from '../bundled'

/** Held-out closing prices of crude oil, which nothing of the model was fitted to. */
export type OilPrices = {
  /** Date of the first one, as an ISO string. */
  readonly first: string
  /** Calendar days since the first one. */
  readonly days: readonly number[]
  readonly cents: readonly number[]
}

/** Limits of a collateral, in basis points and seconds; see `RiskParameters.sol`. */
export type RiskLimits = {
  readonly minThreshold: number
  readonly maxThreshold: number
  readonly fallbackThreshold: number
  readonly buffer: number
  readonly reserve: number
  readonly maxRise: number
  readonly maxFall: number
  readonly fallPerDay: number
  readonly ttl: number
  readonly maxPriceAge: number
}

/** What came of a year of loans, in units of the price. */
export type LoanBook = {
  readonly lent: number
  readonly liquidated: number
  readonly badLoans: number
  readonly badDebt: number
}

/** Moves that the model sees. */
export const WINDOW = 64

/** Limits that demo and tests use for oil; what a liquidator gets is `reserve`. */
export const OIL_LIMITS: RiskLimits = {
  minThreshold: 4000,
  maxThreshold: 9000,
  fallbackThreshold: 7000,
  buffer: 300,
  reserve: 500,
  maxRise: 200,
  maxFall: 1000,
  fallPerDay: 100,
  ttl: 7 * 86_400,
  // Bridges a long weekend.
  maxPriceAge: 4 * 86_400,
}

/** Closing prices from 64 days before the first held-out one on. */
export function readOil(): OilPrices {
  return JSON.parse(readFileSync(join(modelFolder('risk-engine'), 'prices.json'), 'utf8')) as OilPrices
}

/** Moves of the logarithm, whole basis points, the oldest first. */
export function movesOf(prices: readonly number[]): number[] {
  const moves = prices.slice(1).map((price, i) => Math.floor(1e4 * Math.log(price / prices[i]!) + 0.5))
  return moves.map((move) => Math.max(-8191, Math.min(8191, move)))
}

/** The model's input from the last 64 moves, the newest first: what `PriceHistory.features` computes. */
export function riskFeatures(newestFirst: readonly number[]): number[] {
  const root = (value: number): number => Math.floor(Math.sqrt(value))
  const variance = newestFirst.reduceRight((old, move) => Math.floor((94 * old + 6 * move * move * 16_384) / 100), 0)
  const sigma = Math.max(40, Math.min(4095, root(variance / 1024)))
  const ratio = (value: number): number => Math.max(-4096, Math.min(4095, Math.trunc((512 * value) / sigma)))
  const over = (days: number): number[] => newestFirst.slice(0, days)
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
  const size = (days: number): number => ratio(root((4096 * sum(over(days).map((move) => move * move))) / days) / 64)
  const worst = (days: number): number => ratio(Math.max(0, ...over(days).map((move) => -move)))
  const fall = (days: number): number => ratio(Math.max(0, ...over(days).map((_, i) => -sum(over(i + 1)))))
  const [last] = newestFirst
  const sizes = [5, 10, 21, WINDOW].map(size)
  return [
    sigma,
    ratio(last!),
    ...sizes,
    worst(5),
    worst(21),
    fall(21),
    fall(WINDOW),
    ratio(sum(over(5))),
    ratio(sum(over(21))),
  ]
}

/** Targets and thresholds after each day, when the model's number is handed in at once; see `RiskParameters.sol`. */
export function thresholdPath(
  proposed: readonly number[],
  days: readonly number[],
  limits: RiskLimits,
): { readonly targets: number[]; readonly thresholds: number[] } {
  const within = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value))
  const targets: number[] = []
  const thresholds: number[] = []
  proposed.forEach((number, i) => {
    const old = targets[i - 1] ?? limits.fallbackThreshold
    const allowed = within(number - limits.reserve, limits.minThreshold, limits.maxThreshold)
    const target = within(allowed, old - limits.maxFall, old + limits.maxRise)
    const fallen =
      i === 0
        ? limits.fallbackThreshold
        : Math.max(old, thresholds[i - 1]! - limits.fallPerDay * (days[i]! - days[i - 1]!))
    targets.push(target)
    thresholds.push(Math.max(target, fallen))
  })
  return { targets, thresholds }
}

/** RiskMetrics' rule with the multiple that fits the training rows best: the proportion to a volatility in quarters of a basis point. */
export function riskMetrics(sigma: number): number {
  return Math.max(0, Math.round(10_000 - (5.98 * sigma) / 4))
}

/** How the loans of a comparison go. */
export const LOANS = { term: 20, visitEvery: 5, bonus: 500 } as const

/**
 * A loan a day of as much as is allowed on one unit of collateral, for 20 days. Liquidators come every fifth day only. Without interest.
 * `ltv` and `thresholds` are in basis points, by day.
 */
export function lendDaily(prices: readonly number[], ltv: readonly number[], thresholds: readonly number[]): LoanBook {
  let loans: { readonly since: number; readonly debt: number }[] = []
  let [lent, liquidated, badLoans, badDebt] = [0, 0, 0, 0]
  prices.forEach((price, day) => {
    const isUnsound = ({ debt }: { debt: number }): boolean => debt > (price * thresholds[day]!) / 10_000
    if (day % LOANS.visitEvery === 0) {
      for (const { debt } of loans.filter(isUnsound)) {
        const lost = Math.max(0, debt - (price * 10_000) / (10_000 + LOANS.bonus))
        liquidated++
        badDebt += lost
        if (lost > 0) badLoans++
      }
      loans = loans.filter((loan) => !isUnsound(loan))
    }
    loans = loans.filter(({ since }) => day - since < LOANS.term)
    const debt = (price * ltv[day]!) / 10_000
    loans.push({ since: day, debt })
    lent += debt
  })
  return { lent, liquidated, badLoans, badDebt }
}
