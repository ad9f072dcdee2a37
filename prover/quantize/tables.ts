// SPDX-License-Identifier: GPL-3.0-or-later

import { exactFunction, PRECISION, type FunctionSpec } from '../functions'

/** A function over consecutive fixed-point arguments, and the unit of its values. */
type TabulatedFunction = {
  readonly fn: FunctionSpec
  /** Arguments are lo, lo+1, … in units of 2^-argumentExponent. */
  readonly lo: number
  readonly argumentExponent: number
  /** Values are rounded to multiples of 2^-exponent. */
  readonly exponent: number
}

/** Table of a smooth function over one fixed-point argument: one entry for each of 2^bits arguments. */
export type TableSpec = TabulatedFunction & { readonly bits: number }

/**
 * Exact integer table: round-to-nearest of the true function, computed in 256-bit fixed point and therefore the same
 * on every machine. `decay` entries are at least 1, so that a sum of them can divide.
 *
 * @throws FunctionDomainError where an argument is outside the function's domain.
 */
export function tableValues(spec: TableSpec): Float64Array {
  const at = valueAt(spec)
  const isDecay = spec.fn.name === 'decay'
  return Float64Array.from({ length: 2 ** spec.bits }, (_, i) => {
    const rounded = Number(roundedQuotient(at(i), 1n << PRECISION))
    return isDecay ? Math.max(rounded, 1) : rounded
  })
}

/** Piecewise-linear table: 2^segmentBits segments of 2^lowBits ≥ 2 arguments each. */
export type SegmentSpec = TabulatedFunction & { readonly segmentBits: number; readonly lowBits: number }

/**
 * Argument lo + high·2^lowBits + low has the value values[high] + slopes[high]·low, in units of 2^-exponent: slopes are
 * in units of the value for each unit of the argument.
 */
export type SegmentTable = {
  readonly values: Float64Array
  readonly slopes: Float64Array
  /** Largest distance to the true function, in units of 2^-exponent, as far as the sampled arguments tell. */
  readonly maxError: number
}

/** Arguments of a segment at which its error is looked at, besides the first: all of them up to this many. */
const SAMPLES = 8

/**
 * Segments with the slope from their first to their last argument, moved so that the largest errors above and below the
 * function are equal, which halves that of the chord. Errors are exact where a segment has at most 8 arguments, else sampled at 9
 * arguments of each segment: fit to choose the number of segments by.
 *
 * @throws FunctionDomainError where an argument is outside the function's domain.
 */
export function segmentValues(spec: SegmentSpec): SegmentTable {
  const at = valueAt(spec)
  const count = 2 ** spec.segmentBits
  const last = 2 ** spec.lowBits - 1
  const samples = [...new Set(Array.from({ length: SAMPLES + 1 }, (_, i) => Math.floor((last * i) / SAMPLES)))]
  const values = new Float64Array(count)
  const slopes = new Float64Array(count)
  let maxError = 0n
  for (let high = 0; high < count; high++) {
    const exact = samples.map((low) => at(high * (last + 1) + low))
    const slope = roundedQuotient(exact.at(-1)! - exact[0]!, BigInt(last) << PRECISION)
    // What the first value would have to be for each sample to come out exact.
    const starts = samples.map((low, i) => exact[i]! - ((slope * BigInt(low)) << PRECISION))
    const lowest = starts.reduce((a, b) => (b < a ? b : a))
    const highest = starts.reduce((a, b) => (b > a ? b : a))
    const value = roundedQuotient(lowest + highest, 2n << PRECISION)
    for (const distance of [highest - (value << PRECISION), (value << PRECISION) - lowest])
      if (distance > maxError) maxError = distance
    values[high] = Number(value)
    slopes[high] = Number(slope)
  }
  return { values, slopes, maxError: Number(maxError) / 2 ** Number(PRECISION) }
}

/** f at the i-th argument, in units of 2^-(exponent + 256). */
function valueAt({ fn, lo, argumentExponent, exponent }: TabulatedFunction): (i: number) => bigint {
  const exact = exactFunction(fn)
  return (i) => exact(BigInt(lo + i) << (PRECISION - BigInt(argumentExponent))) << BigInt(exponent)
}

/** Nearest integer to a/b for b > 0; half way up. */
function roundedQuotient(a: bigint, b: bigint): bigint {
  const doubled = 2n * a + b
  const quotient = doubled / (2n * b)
  return doubled < 0n && quotient * 2n * b !== doubled ? quotient - 1n : quotient
}
