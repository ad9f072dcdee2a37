// SPDX-License-Identifier: GPL-3.0-or-later

/** Fractional bits of the arguments and results of `evaluateExact`. */
export const PRECISION = 256n
/** Fractional bits inside: the guard bits absorb the errors, so that a result with 256 bits or fewer comes out exact. */
export const WORKING = 384n
export const GUARD = WORKING - PRECISION
/** 1 with WORKING fractional bits, as every number in this folder has that is not said to be otherwise. */
export const ONE = 1n << WORKING

export function multiply(a: bigint, b: bigint): bigint {
  return (a * b) >> WORKING
}

export function divide(a: bigint, b: bigint): bigint {
  return (a << WORKING) / b
}

/** √x of a fixed-point x ≥ 0, rounded down. */
export function squareRoot(x: bigint): bigint {
  return integerSquareRoot(x << WORKING)
}

/** Below this the correctly rounded root of a double cannot reach the next integer. */
const EXACT_ROOT = 1n << 52n

/** ⌊√n⌋ of an integer n ≥ 0 by Newton's iteration, which falls monotonically from a start above the root. */
export function integerSquareRoot(n: bigint): bigint {
  if (n < EXACT_ROOT) return BigInt(Math.floor(Math.sqrt(Number(n))))
  let root = 1n << BigInt((bitLength(n) + 1) >> 1)
  for (;;) {
    const next = (root + n / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** Digits of n > 0 in base 2. */
export function bitLength(n: bigint): number {
  const hex = n.toString(16)
  return 4 * (hex.length - 1) + (32 - Math.clz32(parseInt(hex[0]!, 16)))
}

export function absolute(x: bigint): bigint {
  return x < 0n ? -x : x
}

/** A finite double as a fixed-point number with `fraction` bits: exact, or rounded down where it has more. */
export function fromDouble(value: number, fraction: bigint = WORKING): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const biased = (bits >> 52n) & 0x7ffn
  const mantissa = (bits & ((1n << 52n) - 1n)) | (biased === 0n ? 0n : 1n << 52n)
  const exponent = (biased === 0n ? 1n : biased) - 1075n
  return (value < 0 ? -mantissa : mantissa) << (exponent + fraction)
}

/** The double nearest to a fixed-point number with `fraction` bits. */
export function toDouble(x: bigint, fraction: bigint = WORKING): number {
  return Number(x) / 2 ** Number(fraction)
}
