// SPDX-License-Identifier: GPL-3.0-or-later

import { absolute, divide, multiply, ONE, squareRoot } from './fixed-point'
import { exponential } from './exponential'
import { PI } from './trigonometric'

/** From here on erfc x < 2^-286: less than the results resolve. */
const FLAT = 14n * ONE
const TWO_OVER_ROOT_PI = divide(2n * ONE, squareRoot(PI))

/** erf x = 2/√π · e^(−x²) · Σ 2^n·x^(2n+1)/(1·3···(2n+1)) (DLMF 7.6.2): positive terms only, so nothing cancels. */
export function errorFunction(x: bigint): bigint {
  const size = absolute(x)
  const value = size >= FLAT ? ONE : fromSeries(size)
  return x < 0n ? -value : value
}

function fromSeries(x: bigint): bigint {
  const square = multiply(x, x)
  let term = x
  let sum = x
  for (let n = 3n; term > 0n; n += 2n) {
    term = multiply(term, 2n * square) / n
    sum += term
  }
  return multiply(TWO_OVER_ROOT_PI, divide(sum, exponential(square)))
}

/** The same in doubles, for calibration. */
export function errorFunctionDouble(x: number): number {
  const size = Math.abs(x)
  if (size >= 6) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 3; Math.abs(term) > Math.abs(sum) * 2 ** -54; n += 2) {
    term *= (2 * x * x) / n
    sum += term
  }
  return ((2 / Math.sqrt(Math.PI)) * sum) / Math.exp(x * x)
}
