// SPDX-License-Identifier: GPL-3.0-or-later

import { PackingError } from './errors'

/** Bits of a field element that packing uses; 2^252 < r, so every word has one preimage. */
export const WORD_BITS = 252

/** What packing needs to know of a tensor: digits are q − lo, below 2^bits. */
export type DigitFormat = { readonly lo: bigint; readonly bits: number }

/** How many digits of `bits` bits share a word. */
export function digitsPerWord(bits: number): number {
  if (!Number.isInteger(bits) || bits < 1 || bits > WORD_BITS) {
    throw new PackingError(`A tensor has ${bits} bits; between 1 and ${WORD_BITS} are possible.`)
  }
  return Math.floor(WORD_BITS / bits)
}

/** How many words `count` elements of `bits` bits take. */
export function wordCount(count: number, bits: number): number {
  return Math.ceil(count / digitsPerWord(bits))
}

/**
 * Packs the elements of one tensor, row-major, into words: little-endian digits q − lo in base 2^bits.
 *
 * @example
 * ```ts
 * pack([-1n, 0n, 2n], { lo: -4n, bits: 3 }) // [0b110_100_011n]
 * ```
 */
export function pack(values: readonly bigint[], format: DigitFormat): bigint[] {
  const perWord = digitsPerWord(format.bits)
  const limit = 1n << BigInt(format.bits)
  const words: bigint[] = new Array<bigint>(wordCount(values.length, format.bits)).fill(0n)
  values.forEach((value, index) => {
    const digit = value - format.lo
    if (digit < 0n || digit >= limit) {
      throw new PackingError(
        `Element ${index} is ${value}, outside [${format.lo}, ${format.lo + limit - 1n}]; clamp it or widen the range.`,
      )
    }
    const word = Math.floor(index / perWord)
    words[word] = (words[word] ?? 0n) | (digit << BigInt(format.bits * (index % perWord)))
  })
  return words
}

/**
 * The inverse of {@link pack}. Rejects any word that is not the packing of exactly `count` elements: unused digits, and
 * bits at or above bits·perWord, must be 0.
 */
export function unpack(words: readonly bigint[], format: DigitFormat, count: number): bigint[] {
  const perWord = digitsPerWord(format.bits)
  if (words.length !== wordCount(count, format.bits)) {
    throw new PackingError(
      `${count} elements of ${format.bits} bits take ${wordCount(count, format.bits)} words, not ${words.length}.`,
    )
  }
  const mask = (1n << BigInt(format.bits)) - 1n
  const values: bigint[] = []
  words.forEach((word, index) => {
    const digits = Math.min(perWord, count - index * perWord)
    if (word < 0n || word >> BigInt(digits * format.bits) !== 0n) {
      throw new PackingError(
        `Word ${index} has bits set above its ${digits} digits; it encodes no tensor of this schema.`,
      )
    }
    for (let i = 0; i < digits; i++) values.push(((word >> BigInt(i * format.bits)) & mask) + format.lo)
  })
  return values
}
