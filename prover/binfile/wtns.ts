// SPDX-License-Identifier: GPL-3.0-or-later
import { type WrittenFile, writeFileAtomic } from './atomic'
import { withContainer } from './container'
import { concatBytes, containerChunks, HeaderWriter, sectionOf } from './container-writer'
import { FIELD_BYTES, fromFieldBytes, isScalar, SCALAR_FIELD, wordsOf } from './field'

const HEADER = 1
const VALUES = 2

/** A witness: the value of every wire, wire 0 first. */
export type Witness = {
  readonly count: number
  /** `count` elements of 32 little-endian bytes. */
  readonly values: Uint8Array
}

/**
 * Reads a `.wtns` file, or its bytes. Every value is below r and wire 0 is 1, or it is an error.
 *
 * @throws BinFileError
 */
export function readWtns(input: string | Uint8Array): Witness {
  return withContainer(input, 'wtns', 2, (file) => {
    const header = file.reader(HEADER)
    header.prime(SCALAR_FIELD)
    const count = header.u32()
    header.end()
    const values = file.section(VALUES)
    if (values.byteLength !== count * FIELD_BYTES) {
      const problem = `it should have ${count * FIELD_BYTES} bytes for ${count} wires, but has ${values.byteLength}`
      throw file.corrupt(VALUES, problem)
    }
    const words = wordsOf(values)
    for (let wire = 0; wire < count; wire++) {
      if (!isScalar(words, wire * 8)) throw file.corrupt(VALUES, `the value of wire ${wire} is not below r`)
    }
    if (count === 0 || fromFieldBytes(values) !== 1n) throw file.corrupt(VALUES, 'wire 0, the constant one, is not 1')
    return { count, values }
  })
}

/** The value of one wire. */
export function witnessValue(witness: Witness, wire: number): bigint {
  if (wire < 0 || wire >= witness.count) throw new RangeError(`wire ${wire} of ${witness.count}`)
  return fromFieldBytes(witness.values, wire * FIELD_BYTES)
}

/**
 * The bytes of a `.wtns` file.
 *
 * @param values 32-byte little-endian elements below r, wire 0 (the value 1) first.
 */
export function encodeWtns(values: Uint8Array): Uint8Array {
  return concatBytes(wtnsChunks(values))
}

/** Writes a `.wtns` file to a temporary name, then renames it; see {@link encodeWtns} for `values`. */
export async function writeWtns(path: string, values: Uint8Array): Promise<WrittenFile> {
  return writeFileAtomic(path, wtnsChunks(values))
}

function wtnsChunks(values: Uint8Array): Iterable<Uint8Array> {
  if (values.byteLength % FIELD_BYTES !== 0) {
    throw new RangeError(`${values.byteLength} bytes are not a whole number of ${FIELD_BYTES}-byte elements`)
  }
  const header = new HeaderWriter()
    .prime(SCALAR_FIELD)
    .u32(values.byteLength / FIELD_BYTES)
    .bytes()
  return containerChunks('wtns', 2, [sectionOf(HEADER, header), sectionOf(VALUES, values)])
}
