// SPDX-License-Identifier: GPL-3.0-or-later

import { EncodingValueError } from './errors'
import { digitsPerWord, type DigitFormat } from './packing'

/** The real number 1 with 18 decimals, as contracts hold real values. */
export const WAD = 10n ** 18n

const [MIN_EXPONENT, MAX_EXPONENT] = [-196, 255]
const INT_LIMIT = (1n << 255n) - 1n

/**
 * The integer of a real value with 18 decimals: ⌊value · 2^exponent + 1/2⌋, as `Tensors.quantize` computes it.
 *
 * @throws EncodingValueError for values outside [lo, lo + 2^bits] · 2^-exponent.
 * @example
 * ```ts
 * quantizeWad(2_500_000_000_000_000_000n, 3, { lo: 0n, bits: 8 }) // 20n
 * ```
 */
export function quantizeWad(value: bigint, exponent: number, format: DigitFormat): bigint {
  const { numerator, denominator } = toScale(value, exponent)
  const end = format.lo + digits(format)
  if (numerator < format.lo * denominator || numerator > end * denominator)
    throw new EncodingValueError(
      `The value ${value} · 10^-18 is outside [${format.lo}, ${end}] · 2^${-exponent}; clamp it or widen the range.`,
    )
  return bound(round(numerator, denominator), format)
}

/** Like {@link quantizeWad}, with the nearest integer of the format for a value outside of it. */
export function quantizeWadClamped(value: bigint, exponent: number, format: DigitFormat): bigint {
  const { numerator, denominator } = toScale(value, exponent)
  return bound(round(numerator, denominator), format)
}

/**
 * The real value of an integer with 18 decimals: ⌊q · 2^-exponent · 10^18 + 1/2⌋ of them.
 *
 * @throws EncodingValueError when it needs more than 255 bits and a sign.
 */
export function dequantizeWad(q: bigint, exponent: number): bigint {
  checkExponent(exponent)
  const numerator = q * WAD * (exponent < 0 ? 1n << BigInt(-exponent) : 1n)
  const denominator = exponent < 0 ? 1n : 1n << BigInt(exponent)
  const size = (numerator < 0n ? -numerator : numerator) / denominator
  if (size >= INT_LIMIT) throw new EncodingValueError(`The integer ${q} at 2^${-exponent} needs more than 256 bits.`)
  return round(numerator, denominator)
}

function toScale(value: bigint, exponent: number): { numerator: bigint; denominator: bigint } {
  checkExponent(exponent)
  return exponent < 0
    ? { numerator: value, denominator: WAD << BigInt(-exponent) }
    : { numerator: value << BigInt(exponent), denominator: WAD }
}

/** ⌊a / b + 1/2⌋ for b > 0. */
function round(a: bigint, b: bigint): bigint {
  const [above, below] = [2n * a + b, 2n * b]
  const quotient = above / below
  return above < 0n && above % below !== 0n ? quotient - 1n : quotient
}

function bound(q: bigint, format: DigitFormat): bigint {
  const last = format.lo + digits(format) - 1n
  return q < format.lo ? format.lo : q > last ? last : q
}

/** 2^bits, for a possible number of bits. */
function digits(format: DigitFormat): bigint {
  digitsPerWord(format.bits)
  return 1n << BigInt(format.bits)
}

function checkExponent(exponent: number): void {
  if (!Number.isInteger(exponent) || exponent < MIN_EXPONENT || exponent > MAX_EXPONENT)
    throw new EncodingValueError(`The exponent ${exponent} is outside [${MIN_EXPONENT}, ${MAX_EXPONENT}].`)
}
