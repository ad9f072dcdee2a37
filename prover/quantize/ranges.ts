// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'
import type { LinearMap } from './linear-map'

/** Bound on any integer the circuit handles: far enough below r ≈ 2^253.6 that no sum or rounding offset can wrap. */
export const MAX_MAGNITUDE = 1n << 251n

/** Largest magnitude for which sums in doubles are taken to be exact; a factor of two below 2^53. */
export const EXACT_DOUBLE = 2 ** 52

/** Thrown when a value's proven interval does not stay below 2^251. */
export class MagnitudeError extends ZkmlError {
  readonly code = 'QUANTIZE_MAGNITUDE'
}

/** Proven interval [lo, hi] of every element of a tensor, over the integers. */
export type Ranges = {
  readonly lo: readonly bigint[]
  readonly hi: readonly bigint[]
  /** The same bounds as doubles when all of them are below 2^52 in magnitude. */
  readonly exact?: { readonly lo: Float64Array; readonly hi: Float64Array }
}

export function makeRanges(lo: readonly bigint[], hi: readonly bigint[], where: string): Ranges {
  const limit = BigInt(EXACT_DOUBLE)
  let exact = true
  for (let i = 0; i < lo.length; i++) {
    if (lo[i]! <= -MAX_MAGNITUDE || hi[i]! >= MAX_MAGNITUDE) {
      throw new MagnitudeError(
        `${where}: element ${i} may reach a magnitude of 2^251 or more; use smaller weight exponents, or put an activation between the affine layers`,
      )
    }
    if (lo[i]! < -limit || hi[i]! > limit) exact = false
  }
  return exact ? { lo, hi, exact: { lo: inDoubles(lo), hi: inDoubles(hi) } } : { lo, hi }
}

function inDoubles(bounds: readonly bigint[]): Float64Array {
  const doubles = new Float64Array(bounds.length)
  for (let i = 0; i < bounds.length; i++) doubles[i] = Number(bounds[i])
  return doubles
}

/** The same interval for every element. */
export function uniformRanges(size: number, lo: bigint, hi: bigint, where: string): Ranges {
  return makeRanges(new Array<bigint>(size).fill(lo), new Array<bigint>(size).fill(hi), where)
}

/** Smallest and largest bound over a tensor. */
export function hull(ranges: Ranges): { readonly lo: bigint; readonly hi: bigint } {
  let lo = ranges.lo[0] ?? 0n
  let hi = ranges.hi[0] ?? 0n
  for (const value of ranges.lo) if (value < lo) lo = value
  for (const value of ranges.hi) if (value > hi) hi = value
  return { lo, hi }
}

/** Number of bits of a non-negative integer; 0 has none. */
export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

/**
 * Intervals of an integer map's rows from those of its sources: Σ over the actual weights, not fan-in times the
 * largest. `exactSums` tells whether every partial sum of every row is exact in doubles.
 */
export function linearRanges(map: LinearMap, sources: readonly Ranges[], where: string) {
  const lo = new Array<bigint>(map.rows)
  const hi = new Array<bigint>(map.rows)
  const wideLo = sources.flatMap((source) => source.lo)
  const wideHi = sources.flatMap((source) => source.hi)
  const exact = sources.every((source) => source.exact)
  const doubleLo = exact ? inDoubles(wideLo) : undefined
  const doubleHi = exact ? inDoubles(wideHi) : undefined
  let exactSums = exact
  for (let row = 0; row < map.rows; row++) {
    const [from, to] = [map.start[row]!, map.start[row + 1]!]
    if (doubleLo && doubleHi) {
      let [low, high, magnitude] = [map.bias[row]!, map.bias[row]!, Math.abs(map.bias[row]!)]
      for (let i = from; i < to; i++) {
        const weight = map.weight[i]!
        const [a, b] = [weight * doubleLo[map.column[i]!]!, weight * doubleHi[map.column[i]!]!]
        low += Math.min(a, b)
        high += Math.max(a, b)
        magnitude += Math.max(Math.abs(a), Math.abs(b))
      }
      // Below 2^52 each of these sums was exact; above, rounding cannot have brought `magnitude` back under it.
      if (magnitude < EXACT_DOUBLE) {
        lo[row] = BigInt(low)
        hi[row] = BigInt(high)
        continue
      }
      exactSums = false
    }
    let low = BigInt(map.bias[row]!)
    let high = low
    for (let i = from; i < to; i++) {
      const weight = BigInt(map.weight[i]!)
      const a = weight * wideLo[map.column[i]!]!
      const b = weight * wideHi[map.column[i]!]!
      low += a < b ? a : b
      high += a < b ? b : a
    }
    lo[row] = low
    hi[row] = high
  }
  return { ranges: makeRanges(lo, hi, where), exactSums }
}
