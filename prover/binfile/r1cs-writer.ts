// SPDX-License-Identifier: GPL-3.0-or-later
import { type WrittenFile, writeFileAtomic } from './atomic'
import { concatBytes, containerChunks, HeaderWriter, sectionOf } from './container-writer'
import { SCALAR_FIELD, tableToBytes, wordsOf } from './field'
import { checkR1cs, type R1cs, type SparseRows, TERM_BYTES } from './r1cs'

/** Words of one output chunk; a row larger than that gets a chunk of its own. */
const CHUNK_WORDS = 1 << 20
const TERM_WORDS = TERM_BYTES / 4

/**
 * Writes an iden3 `.r1cs` file: streamed to a temporary name, then renamed. The same circuit gives the same bytes on
 * every machine.
 *
 * @returns Size and SHA-256 of the file.
 * @throws R1csInvalidError when the circuit contradicts itself; FileWriteError when the disk refuses.
 */
export async function writeR1cs(path: string, r1cs: R1cs): Promise<WrittenFile> {
  return writeFileAtomic(path, r1csChunks(r1cs))
}

/** The bytes of the `.r1cs` file, at once. */
export function encodeR1cs(r1cs: R1cs): Uint8Array {
  return concatBytes(r1csChunks(r1cs))
}

/** The bytes of the `.r1cs` file, chunk by chunk; the circuit is checked before the first. */
export function r1csChunks(r1cs: R1cs): Iterable<Uint8Array> {
  checkR1cs(r1cs)
  const header = new HeaderWriter()
    .prime(SCALAR_FIELD)
    .u32(r1cs.nWires)
    .u32(r1cs.nPubOut)
    .u32(r1cs.nPubIn)
    .u32(r1cs.nPrvIn)
    .u64(r1cs.nLabels)
    .u32(r1cs.nConstraints)
    .bytes()
  const terms = r1cs.a.wire.length + r1cs.b.wire.length + r1cs.c.wire.length
  return containerChunks('r1cs', 1, [
    sectionOf(1, header),
    { id: 2, length: r1cs.nConstraints * 12 + terms * TERM_BYTES, chunks: constraintChunks(r1cs) },
    sectionOf(3, labelBytes(r1cs.wireToLabel)),
  ])
}

function* constraintChunks(r1cs: R1cs): Generator<Uint8Array> {
  const table = wordsOf(tableToBytes(r1cs.coefficients))
  const matrices = [r1cs.a, r1cs.b, r1cs.c]
  for (let row = 0; row < r1cs.nConstraints;) {
    let last = row
    let size = 0
    do {
      size += rowWords(matrices, last++)
    } while (last < r1cs.nConstraints && size + rowWords(matrices, last) <= CHUNK_WORDS)
    const words = new Uint32Array(size)
    let at = 0
    for (; row < last; row++) for (const matrix of matrices) at = putRow(words, at, matrix, row, table)
    yield new Uint8Array(words.buffer)
  }
}

function rowWords(matrices: readonly SparseRows[], row: number): number {
  let terms = 0
  for (const { start } of matrices) terms += start[row + 1]! - start[row]!
  return matrices.length + terms * TERM_WORDS
}

function putRow(words: Uint32Array, position: number, rows: SparseRows, row: number, table: Uint32Array): number {
  const { start, wire, coefficient } = rows
  const end = start[row + 1]!
  let at = position
  words[at++] = end - start[row]!
  for (let term = start[row]!; term < end; term++) {
    words[at++] = wire[term]!
    const value = coefficient[term]! * 8
    for (let i = 0; i < 8; i++) words[at++] = table[value + i]!
  }
  return at
}

function labelBytes(labels: Uint32Array): Uint8Array {
  const words = new Uint32Array(labels.length * 2)
  for (let wire = 0; wire < labels.length; wire++) words[wire * 2] = labels[wire]!
  return new Uint8Array(words.buffer)
}
