// SPDX-License-Identifier: GPL-3.0-or-later

// Activations f are tabulated as f(x) − max(x, 0), which dies out on both sides, so that a narrow table serves the
// whole line. Those of gelu, softplus and swish are even functions.

import { exponential, sigmoid } from './exponential'
import { errorFunction, errorFunctionDouble } from './error-function'
import { absolute, divide, multiply, ONE, squareRoot } from './fixed-point'
import { logarithm } from './logarithm'
import { PI } from './trigonometric'

const ROOT_HALF = squareRoot(ONE >> 1n)
const ROOT_8_OVER_PI = squareRoot(divide(8n * ONE, PI))
/** Coefficient of x³ in the tanh form of GELU, as ONNX defines it: 0.044715. */
const GELU_CUBIC = (44715n * ONE) / 1000000n

/** x·Φ(x) − max(x, 0) = −|x|/2 · (1 − erf(|x|/√2)). */
export function geluTail(x: bigint): bigint {
  const size = absolute(x)
  return -multiply(size, ONE - errorFunction(multiply(size, ROOT_HALF))) >> 1n
}

export function geluTailDouble(x: number): number {
  const size = Math.abs(x)
  return (-size / 2) * (1 - errorFunctionDouble(size / Math.SQRT2))
}

/** x/2·(1 + tanh(√(2/π)·(x + 0.044715x³))) − max(x, 0), where (1 + tanh t)/2 = sigmoid(2t). */
export function geluTanhTail(x: bigint): bigint {
  const size = absolute(x)
  const cubic = size + multiply(GELU_CUBIC, multiply(size, multiply(size, size)))
  return -multiply(size, sigmoid(-multiply(ROOT_8_OVER_PI, cubic)))
}

export function geluTanhTailDouble(x: number): number {
  const size = Math.abs(x)
  return -size / (1 + Math.exp(Math.sqrt(8 / Math.PI) * (size + 0.044715 * size ** 3)))
}

/** ln(1 + e^x) − max(x, 0) = ln(1 + e^−|x|). */
export function softplusTail(x: bigint): bigint {
  return logarithm(ONE + exponential(-absolute(x)))
}

export function softplusTailDouble(x: number): number {
  return Math.log1p(Math.exp(-Math.abs(x)))
}

/** x·tanh(ln(1 + e^x)) − max(x, 0), with tanh(ln y) = (y² − 1)/(y² + 1) written in u = e^−|x|. */
export function mishTail(x: bigint): bigint {
  const u = exponential(-absolute(x))
  const square = multiply(u, u)
  return x < 0n
    ? divide(multiply(x, square + 2n * u), square + 2n * u + 2n * ONE)
    : -divide(multiply(x, 2n * square), 2n * square + 2n * u + ONE)
}

export function mishTailDouble(x: number): number {
  const u = Math.exp(-Math.abs(x))
  return x < 0 ? (x * (u * u + 2 * u)) / (u * u + 2 * u + 2) : (-x * 2 * u * u) / (2 * u * u + 2 * u + 1)
}

/** x·sigmoid(αx) − max(x, 0) for α > 0. */
export function swishTail(x: bigint, alpha: bigint): bigint {
  const size = absolute(x)
  return -multiply(size, sigmoid(-multiply(alpha, size)))
}

export function swishTailDouble(x: number, alpha: number): number {
  const size = Math.abs(x)
  return -size / (1 + Math.exp(alpha * size))
}

/** α(e^x − 1) for x < 0, else 0. */
export function eluTail(x: bigint, alpha: bigint): bigint {
  return x < 0n ? multiply(alpha, exponential(x) - ONE) : 0n
}

export function eluTailDouble(x: number, alpha: number): number {
  return x < 0 ? alpha * Math.expm1(x) : 0
}

/** α(e^(x/α) − 1) for x < 0, else 0; α > 0. */
export function celuTail(x: bigint, alpha: bigint): bigint {
  return x < 0n ? multiply(alpha, exponential(divide(x, alpha)) - ONE) : 0n
}

export function celuTailDouble(x: number, alpha: number): number {
  return x < 0 ? alpha * Math.expm1(x / alpha) : 0
}

/** x·min(max(x/6 + 1/2, 0), 1) − max(x, 0) = |x|(|x| − 3)/6 for |x| < 3, else 0. */
export function hardSwishTail(x: bigint): bigint {
  const size = absolute(x)
  return size < 3n * ONE ? multiply(size, size - 3n * ONE) / 6n : 0n
}

export function hardSwishTailDouble(x: number): number {
  const size = Math.abs(x)
  return size < 3 ? (size * (size - 3)) / 6 : 0
}
