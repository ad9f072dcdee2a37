// SPDX-License-Identifier: GPL-3.0-or-later

import { absolute, divide, multiply, ONE, WORKING } from './fixed-point'
import { LN2 } from './logarithm'

/** The Taylor series runs at the argument over 2^8, undone by eight squarings. */
const HALVINGS = 8n

/** e^x = 2^k·e^r with 0 ≤ r < ln 2 (DLMF 4.2.19 for e^r); relative error below 2^-360. */
export function exponential(x: bigint): bigint {
  const k = x < 0n ? -((-x + LN2 - 1n) / LN2) : x / LN2
  // Nothing is left of it, and no time is lost on a huge shift.
  if (k < -WORKING) return 0n
  const reduced = (x - k * LN2) >> HALVINGS
  let term = ONE
  let sum = ONE
  for (let n = 1n; term > 0n; n++) {
    term = multiply(term, reduced) / n
    sum += term
  }
  for (let i = 0n; i < HALVINGS; i++) sum = multiply(sum, sum)
  return sum << k
}

/** 1/(1 + e^-x). */
export function sigmoid(x: bigint): bigint {
  const right = divide(ONE, ONE + exponential(-absolute(x)))
  return x < 0n ? ONE - right : right
}

/** DLMF 4.28.1, 4.28.4: tanh x = 2·sigmoid(2x) − 1. */
export function hyperbolicTangent(x: bigint): bigint {
  return 2n * sigmoid(2n * x) - ONE
}

/** DLMF 4.28.1. */
export function hyperbolicSine(x: bigint): bigint {
  return (exponential(x) - exponential(-x)) >> 1n
}

/** DLMF 4.28.2. */
export function hyperbolicCosine(x: bigint): bigint {
  return (exponential(x) + exponential(-x)) >> 1n
}
