// SPDX-License-Identifier: GPL-3.0-or-later

/** Order r of the BN254 groups: the field of wires, coefficients and public signals. */
export const SCALAR_FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** Characteristic q of the BN254 base field: the field of point coordinates. */
export const BASE_FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583n

/** Bytes of one element of either field in iden3 files. */
export const FIELD_BYTES = 32

const LIMB_MASK = (1n << 64n) - 1n
const MAX_VALUE = (1n << 256n) - 1n

/** The least non-negative residue of `value` modulo `prime`. */
export function modulo(value: bigint, prime: bigint = SCALAR_FIELD): bigint {
  const rest = value % prime
  return rest < 0n ? rest + prime : rest
}

/**
 * Writes a non-negative integer below 2^256 as 32 little-endian bytes, the form of every iden3 file.
 *
 * @param out Where to write; a new array when absent.
 * @param offset First byte to write.
 * @example
 * ```ts
 * toFieldBytes(modulo(-1n)) // the bytes of r − 1
 * ```
 */
export function toFieldBytes(value: bigint, out: Uint8Array = new Uint8Array(FIELD_BYTES), offset = 0): Uint8Array {
  if (value < 0n || value > MAX_VALUE) throw new RangeError(`${value} is not an unsigned 256-bit integer`)
  const view = new DataView(out.buffer, out.byteOffset + offset, FIELD_BYTES)
  let rest = value
  for (let i = 0; i < FIELD_BYTES; i += 8) {
    view.setBigUint64(i, rest & LIMB_MASK, true)
    rest >>= 64n
  }
  return out
}

/** Reads 32 little-endian bytes as an integer; see {@link toFieldBytes}. It may be as large as 2^256 − 1. */
export function fromFieldBytes(bytes: Uint8Array, offset = 0): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FIELD_BYTES)
  let value = 0n
  for (let i = FIELD_BYTES - 8; i >= 0; i -= 8) value = (value << 64n) | view.getBigUint64(i, true)
  return value
}

/** Converts a table of field elements to 32-byte little-endian elements, one after another. */
export function tableToBytes(values: readonly bigint[]): Uint8Array {
  const out = new Uint8Array(values.length * FIELD_BYTES)
  for (let i = 0; i < values.length; i++) toFieldBytes(values[i]!, out, i * FIELD_BYTES)
  return out
}

/**
 * A 32-bit word view of little-endian elements. Copies only when `bytes` does not start on a word boundary.
 * Like the WASM this package drives, it relies on a little-endian host, which Node's supported platforms are.
 */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >>> 2)
}

const primeWords = (prime: bigint): Uint32Array => wordsOf(toFieldBytes(prime))
const SCALAR_WORDS = primeWords(SCALAR_FIELD)
const BASE_WORDS = primeWords(BASE_FIELD)

/** Whether the eight words at `position` are an integer below r; no BigInt is made. */
export function isScalar(words: Uint32Array, position: number): boolean {
  return isBelow(words, position, SCALAR_WORDS)
}

/** Whether the eight words at `position` are an integer below q; no BigInt is made. */
export function isBaseElement(words: Uint32Array, position: number): boolean {
  return isBelow(words, position, BASE_WORDS)
}

function isBelow(words: Uint32Array, position: number, bound: Uint32Array): boolean {
  for (let i = 7; i >= 0; i--) {
    const word = words[position + i]!
    const limit = bound[i]!
    if (word !== limit) return word < limit
  }
  return false
}
