// SPDX-License-Identifier: GPL-3.0-or-later

import { absolute, divide, integerSquareRoot, multiply, ONE } from './fixed-point'
import { oddSeries } from './odd-series'

/** Machin's formula: π/4 = 4·arctan(1/5) − arctan(1/239). */
export const PI = 4n * (4n * oddSeries(ONE / 5n, true) - oddSeries(ONE / 239n, true))
const HALF_PI = PI >> 1n

/** sin x: the quadrant, then the Taylor series (DLMF 4.19.1) on [0, π/2]. The error grows with |x|·2^-384. */
export function sine(x: bigint): bigint {
  if (x < 0n) return -sine(-x)
  const quadrant = x / HALF_PI
  const rest = x - quadrant * HALF_PI
  const value = sineSeries(quadrant & 1n ? HALF_PI - rest : rest)
  return quadrant & 2n ? -value : value
}

export function cosine(x: bigint): bigint {
  return sine(absolute(x) + HALF_PI)
}

export function tangent(x: bigint): bigint {
  return divide(sine(x), cosine(x))
}

function sineSeries(x: bigint): bigint {
  const square = multiply(x, x)
  let term = x
  let sum = x
  for (let n = 2n; term > 0n; n += 2n) {
    term = multiply(term, square) / (n * (n + 1n))
    sum += n & 2n ? -term : term
  }
  return sum
}

/** log2 of the steps between 0 and 1 whose arctangents are kept. */
const STEP_BITS = 6n
const STEP = ONE >> STEP_BITS
/** arctan(i/64), each from the one before: arctan b − arctan a = arctan((b − a)/(1 + ab)) (DLMF 4.24.15). */
const ARCTANGENTS = [0n]
for (let i = 1n; i <= 1n << STEP_BITS; i++)
  ARCTANGENTS.push(ARCTANGENTS.at(-1)! + oddSeries(divide(STEP, ONE + multiply(i * STEP, (i - 1n) * STEP)), true))

/** arctan x: on [0, 1] that of the step below plus a fast series; π/2 − arctan(1/x) above. */
export function arctangent(x: bigint): bigint {
  if (x < 0n) return -arctangent(-x)
  if (x > ONE) return HALF_PI - arctangent(divide(ONE, x))
  const i = x / STEP
  const step = i * STEP
  return ARCTANGENTS[Number(i)]! + oddSeries(divide(x - step, ONE + multiply(x, step)), true)
}

/** arcsin x = 2·arctan(x/(1 + √(1 − x²))) for |x| ≤ 1: the half angle, without the loss of 1 − x near ±1. */
export function arcsine(x: bigint): bigint {
  return 2n * arctangent(divide(x, ONE + integerSquareRoot(ONE * ONE - x * x)))
}

/** π/2 − arcsin x for |x| ≤ 1. */
export function arccosine(x: bigint): bigint {
  return HALF_PI - arcsine(x)
}
