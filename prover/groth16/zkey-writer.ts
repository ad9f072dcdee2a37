// SPDX-License-Identifier: GPL-3.0-or-later
import { containerChunks, HeaderWriter, sectionOf, type SectionSource } from '../binfile/container-writer'
import { BASE_FIELD, FIELD_BYTES, SCALAR_FIELD, tableToBytes, toFieldBytes, wordsOf } from '../binfile/field'
import { publicCount, type R1cs, type SparseRows } from '../binfile/r1cs'
import { COEFFICIENT_BYTES, GROTH16, ZKEY, type ZkeyHeader } from './zkey'

/** The points of a key, section by section, in the form of the file. */
export type ZkeyPoints = {
  readonly ic: Uint8Array
  readonly a: Uint8Array
  readonly b1: Uint8Array
  readonly b2: Uint8Array
  readonly c: Uint8Array
  readonly h: Uint8Array
}

/** All of a key. */
export type KeyParts = {
  readonly header: ZkeyHeader
  readonly coefficients: SectionSource
  readonly points: ZkeyPoints
  /** The contributions section; {@link NO_CONTRIBUTIONS} for a key that was computed. */
  readonly contributions: Uint8Array
}

const CIRCUIT_HASH_BYTES = 64
const CHUNK_ENTRIES = 1 << 16
const ENTRY_WORDS = COEFFICIENT_BYTES / 4

/**
 * A circuit hash of zeros and no contribution: such a key was computed, not contributed to, so `snarkjs zkey verify` has
 * nothing to check it against and refuses it, as it should.
 */
export const NO_CONTRIBUTIONS: Uint8Array = new Uint8Array(CIRCUIT_HASH_BYTES + 4)

/** The bytes of a `.zkey`, chunk by chunk. */
export function zkeyChunks({ header, coefficients, points, contributions }: KeyParts): Iterable<Uint8Array> {
  return containerChunks('zkey', 1, [
    sectionOf(ZKEY.protocol, new HeaderWriter().u32(GROTH16).bytes()),
    sectionOf(ZKEY.header, headerBytes(header)),
    sectionOf(ZKEY.ic, points.ic),
    coefficients,
    sectionOf(ZKEY.a, points.a),
    sectionOf(ZKEY.b1, points.b1),
    sectionOf(ZKEY.b2, points.b2),
    sectionOf(ZKEY.c, points.c),
    sectionOf(ZKEY.h, points.h),
    sectionOf(ZKEY.contributions, contributions),
  ])
}

function headerBytes(header: ZkeyHeader): Uint8Array {
  return new HeaderWriter()
    .prime(BASE_FIELD)
    .prime(SCALAR_FIELD)
    .u32(header.nWires)
    .u32(header.nPublic)
    .u32(header.domainSize)
    .append(header.alpha1)
    .append(header.beta1)
    .append(header.beta2)
    .append(header.gamma2)
    .append(header.delta1)
    .append(header.delta2)
    .bytes()
}

/**
 * The A and B rows that the prover needs: by row, A before B, then the public rows of A. The values are in doubled
 * Montgomery form, x·2^512 mod r, so that one Montgomery product with a plain witness value gives a Montgomery result.
 */
export function coefficientSection(r1cs: R1cs): SectionSource {
  const count = r1cs.a.wire.length + r1cs.b.wire.length + publicCount(r1cs) + 1
  return { id: ZKEY.coefficients, length: 4 + count * COEFFICIENT_BYTES, chunks: coefficientChunks(r1cs, count) }
}

function* coefficientChunks(r1cs: R1cs, count: number): Generator<Uint8Array> {
  yield new HeaderWriter().u32(count).bytes()
  const table = wordsOf(tableToBytes(r1cs.coefficients.map(doubleMontgomery)))
  const one = wordsOf(toFieldBytes(doubleMontgomery(1n)))
  let words = new Uint32Array(CHUNK_ENTRIES * ENTRY_WORDS)
  let at = 0
  const put = (matrix: number, row: number, wire: number, values: Uint32Array, value: number): void => {
    if (at + ENTRY_WORDS > words.length) words = doubled(words)
    words[at++] = matrix
    words[at++] = row
    words[at++] = wire
    for (let i = 0; i < FIELD_BYTES / 4; i++) words[at++] = values[value + i]!
  }
  const putRow = (matrix: number, rows: SparseRows, row: number): void => {
    const end = rows.start[row + 1]!
    for (let term = rows.start[row]!; term < end; term++) {
      put(matrix, row, rows.wire[term]!, table, rows.coefficient[term]! * 8)
    }
  }
  for (let row = 0; row < r1cs.nConstraints; row++) {
    putRow(0, r1cs.a, row)
    putRow(1, r1cs.b, row)
    if (at >= (CHUNK_ENTRIES - 1024) * ENTRY_WORDS) {
      yield new Uint8Array(words.buffer.slice(0, at * 4))
      at = 0
    }
  }
  for (let wire = 0; wire <= publicCount(r1cs); wire++) put(0, r1cs.nConstraints + wire, wire, one, 0)
  yield new Uint8Array(words.buffer.slice(0, at * 4))
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2)
  larger.set(words)
  return larger
}

const MONTGOMERY_SQUARED = (1n << 512n) % SCALAR_FIELD

function doubleMontgomery(value: bigint): bigint {
  return (value * MONTGOMERY_SQUARED) % SCALAR_FIELD
}
