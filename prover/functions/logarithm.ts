// SPDX-License-Identifier: GPL-3.0-or-later

import { absolute, bitLength, divide, integerSquareRoot, ONE, WORKING } from './fixed-point'
import { oddSeries } from './odd-series'

/** ln 2 = 2·artanh(1/3). */
export const LN2 = 2n * oddSeries(ONE / 3n, false)

/** log2 of the steps between 1 and 2 whose logarithms are kept. */
const STEP_BITS = 6n
const STEP = ONE >> STEP_BITS
/** ln(1 + i/64), each from the one before: ln(b/a) = 2·artanh((b − a)/(b + a)) (DLMF 4.6.4). */
const LOGARITHMS = [0n]
for (let i = 1n; i < 1n << STEP_BITS; i++)
  LOGARITHMS.push(LOGARITHMS.at(-1)! + 2n * oddSeries(divide(STEP, 2n * ONE + (2n * i - 1n) * STEP), false))

/** ln x for x > 0: x = 2^k·m with 1 ≤ m < 2, and ln m is that of the step below it plus a fast series (DLMF 4.6.4). */
export function logarithm(x: bigint): bigint {
  const k = BigInt(bitLength(x) - 1) - WORKING
  const m = x << -k
  const i = (m - ONE) / STEP
  const step = ONE + i * STEP
  return k * LN2 + LOGARITHMS[Number(i)]! + 2n * oddSeries(divide(m - step, m + step), false)
}

/** sign(x)·ln(|x| + √(x² + 1)) (DLMF 4.37.16). */
export function inverseHyperbolicSine(x: bigint): bigint {
  const size = absolute(x)
  const value = logarithm(size + integerSquareRoot(x * x + ONE * ONE))
  return x < 0n ? -value : value
}

/** ln(x + √(x² − 1)) for x ≥ 1 (DLMF 4.37.19). */
export function inverseHyperbolicCosine(x: bigint): bigint {
  return logarithm(x + integerSquareRoot(x * x - ONE * ONE))
}

/** ½·ln((1 + x)/(1 − x)) for |x| < 1 (DLMF 4.37.24). */
export function inverseHyperbolicTangent(x: bigint): bigint {
  return (logarithm(ONE + x) - logarithm(ONE - x)) >> 1n
}
