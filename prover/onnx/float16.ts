// SPDX-License-Identifier: GPL-3.0-or-later

const scratch = new DataView(new ArrayBuffer(8))

/**
 * Value of an IEEE binary16 bit pattern.
 *
 * @example
 * ```ts
 * decodeFloat16(0x3c00) // 1
 * ```
 */
export function decodeFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** Value of a bfloat16 bit pattern: the upper half of a float32. */
export function decodeBfloat16(bits: number): number {
  scratch.setUint32(0, (bits << 16) >>> 0)
  return scratch.getFloat32(0)
}

/** Nearest binary16 value, ties to even; Infinity on overflow. */
export function roundFloat16(value: number): number {
  return roundBinary(value, 10, -14, 65504)
}

/** Nearest bfloat16 value, ties to even; Infinity on overflow. */
export function roundBfloat16(value: number): number {
  return roundBinary(value, 7, -126, (2 - 2 ** -7) * 2 ** 127)
}

function roundBinary(value: number, fractionBits: number, minExponent: number, largest: number): number {
  if (value === 0 || !Number.isFinite(value)) return value
  const unit = 2 ** (Math.max(exponentOf(value), minExponent) - fractionBits)
  const rounded = roundHalfToEven(value / unit) * unit
  return Math.abs(rounded) > largest ? Math.sign(value) * Infinity : rounded
}

/** Binary exponent from the bits, because Math.log2 is not exact on every machine. */
function exponentOf(value: number): number {
  scratch.setFloat64(0, value)
  return ((scratch.getUint16(0) >>> 4) & 0x7ff) - 1023
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest < 0.5 || (rest === 0.5 && floor % 2 === 0)) return floor
  return floor + 1
}
