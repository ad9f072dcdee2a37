// SPDX-License-Identifier: GPL-3.0-or-later

import type { TableFunction } from './steps'

/** Fractional bits of the fixed-point arithmetic: far beyond any table's own precision. */
const PRECISION = 256n
const ONE = 1n << PRECISION

/** Table of a smooth function over one fixed-point argument. */
export type TableSpec = {
  readonly fn: TableFunction
  /** Entries are for arguments lo, lo+1, …, lo + 2^bits − 1 in units of 2^-argumentExponent. */
  readonly bits: number
  readonly lo: number
  readonly argumentExponent: number
  /** Values are rounded to multiples of 2^-exponent. */
  readonly exponent: number
}

/**
 * Exact integer table: round-to-nearest of the true function, computed in 256-bit fixed point and therefore the same
 * on every machine. `decay` entries are at least 1, so that a sum of them can divide.
 */
export function tableValues(spec: TableSpec): Float64Array {
  const scale = 1n << BigInt(spec.exponent)
  return Float64Array.from({ length: 2 ** spec.bits }, (_, i) => {
    const x = (BigInt(spec.lo + i) << PRECISION) >> BigInt(spec.argumentExponent)
    const rounded = Number((evaluate(spec.fn, x) * scale * 2n + ONE) >> (PRECISION + 1n))
    return spec.fn === 'decay' ? Math.max(rounded, 1) : rounded
  })
}

function evaluate(fn: TableFunction, x: bigint): bigint {
  switch (fn) {
    case 'decay':
      return reciprocal(exponential(x))
    case 'sigmoid':
      return sigmoid(x)
    case 'tanh':
      return 2n * sigmoid(2n * x) - ONE
  }
}

function sigmoid(x: bigint): bigint {
  if (x < 0n) return ONE - sigmoid(-x)
  return reciprocal(ONE + reciprocal(exponential(x)))
}

function reciprocal(x: bigint): bigint {
  return (ONE * ONE) / x
}

/** e^x for x ≥ 0: Taylor series at x/2^16, then sixteen squarings. */
function exponential(x: bigint): bigint {
  const reduced = x >> 16n
  let term = ONE
  let sum = ONE
  for (let i = 1n; term > 0n; i++) {
    term = (term * reduced) / ONE / i
    sum += term
  }
  for (let i = 0; i < 16; i++) sum = (sum * sum) / ONE
  return sum
}
