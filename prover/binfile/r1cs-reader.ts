// SPDX-License-Identifier: GPL-3.0-or-later
import { BinFileError, type Container, withContainer } from './container'
import { isScalar, SCALAR_FIELD, wordsOf } from './field'
import { FieldInterner } from './interner'
import { type R1cs, type SparseRows, TERM_BYTES } from './r1cs'

const HEADER = 1
const CONSTRAINTS = 2
const LABELS = 3
const CUSTOM_GATES = [4, 5]

const TERM_WORDS = TERM_BYTES / 4
const LABEL_LIMIT = 2 ** 32

/** The header of a circuit. */
export type R1csCounts = Pick<R1cs, 'nWires' | 'nPubOut' | 'nPubIn' | 'nPrvIn' | 'nLabels' | 'nConstraints'>
type MutableRows = { start: Uint32Array; wire: Uint32Array; coefficient: Uint32Array }

/**
 * Reads an iden3 `.r1cs` file, or its bytes.
 *
 * @throws BinFileError when it cannot be read, is truncated or contradicts itself, uses another field, has custom
 * gates, or 2^32 labels and more.
 * @example
 * ```ts
 * const { nConstraints, nWires } = readR1cs('model.r1cs')
 * ```
 */
export function readR1cs(input: string | Uint8Array): R1cs {
  return withContainer(input, 'r1cs', 1, (file) => {
    const counts = readCounts(file)
    const gates = CUSTOM_GATES.find((id) => file.has(id) && file.entry(id).length > 4)
    if (gates !== undefined) {
      const problem = 'the circuit has custom gates, which Groth16 cannot prove; compile it without them'
      throw new BinFileError('BINFILE_UNSUPPORTED', file.path, gates, problem)
    }
    return { ...counts, ...readConstraints(file, counts), wireToLabel: readLabels(file, counts) }
  })
}

/** Reads only the header of a `.r1cs` file; its constraints are neither read nor checked. */
export function readR1csCounts(input: string | Uint8Array): R1csCounts {
  return withContainer(input, 'r1cs', 1, readCounts)
}

function readCounts(file: Container): R1csCounts {
  const reader = file.reader(HEADER)
  reader.prime(SCALAR_FIELD)
  const [nWires, nPubOut, nPubIn, nPrvIn] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()]
  const nLabels = reader.u64()
  const nConstraints = reader.u32()
  reader.end()
  const fixed = 1 + nPubOut + nPubIn + nPrvIn
  if (fixed > nWires) {
    throw file.corrupt(HEADER, `it counts ${nWires} wires, but ${fixed} that are constant, public or inputs`)
  }
  if (nLabels > LABEL_LIMIT) {
    throw new BinFileError('BINFILE_UNSUPPORTED', file.path, HEADER, `it has ${nLabels} labels, more than 2^32`)
  }
  return { nWires, nPubOut, nPubIn, nPrvIn, nLabels, nConstraints }
}

function readConstraints(file: Container, counts: R1csCounts): Pick<R1cs, 'a' | 'b' | 'c' | 'coefficients'> {
  const words = sectionWords(file, CONSTRAINTS)
  const [a, b, c] = allocate(file, words, counts.nConstraints)
  const table = new FieldInterner()
  let at = 0
  for (let row = 0; row < counts.nConstraints; row++) {
    at = readRow(file, counts, words, at, row, a, table)
    at = readRow(file, counts, words, at, row, b, table)
    at = readRow(file, counts, words, at, row, c, table)
  }
  return { a, b, c, coefficients: table.table() }
}

/** First pass: walks the counts, checks that every row lies within the section, and makes arrays of the exact size. */
function allocate(file: Container, words: Uint32Array, nRows: number): [MutableRows, MutableRows, MutableRows] {
  if (nRows * 3 > words.length) throw truncated(file, `${nRows} constraints`)
  const terms = [0, 0, 0]
  let at = 0
  for (let row = 0; row < nRows; row++) {
    for (let matrix = 0; matrix < 3; matrix++) {
      if (at >= words.length) throw truncated(file, `constraint ${row}`)
      const count = words[at]!
      at += 1 + count * TERM_WORDS
      if (at > words.length) throw truncated(file, `the ${count} terms of constraint ${row}`)
      terms[matrix]! += count
    }
  }
  if (at !== words.length)
    throw file.corrupt(CONSTRAINTS, `${(words.length - at) * 4} bytes follow the last constraint`)
  const make = (count: number): MutableRows => ({
    start: new Uint32Array(nRows + 1),
    wire: new Uint32Array(count),
    coefficient: new Uint32Array(count),
  })
  return [make(terms[0]!), make(terms[1]!), make(terms[2]!)]
}

function readRow(
  file: Container,
  counts: R1csCounts,
  words: Uint32Array,
  position: number,
  row: number,
  rows: SparseRows,
  table: FieldInterner,
): number {
  let at = position + 1
  let term = rows.start[row]!
  for (let left = words[position]!; left > 0; left--) {
    const wire = words[at]!
    if (wire >= counts.nWires) {
      throw file.corrupt(CONSTRAINTS, `constraint ${row} uses wire ${wire}, but there are ${counts.nWires}`)
    }
    if (!isScalar(words, at + 1)) {
      throw file.corrupt(CONSTRAINTS, `constraint ${row} has a coefficient for wire ${wire} that is not below r`)
    }
    rows.wire[term] = wire
    rows.coefficient[term++] = table.intern(words, at + 1)
    at += TERM_WORDS
  }
  rows.start[row + 1] = term
  return at
}

function readLabels(file: Container, counts: R1csCounts): Uint32Array {
  const words = sectionWords(file, LABELS)
  if (words.length !== counts.nWires * 2) {
    throw file.corrupt(LABELS, `it should have ${counts.nWires * 8} bytes, but has ${words.length * 4}`)
  }
  const labels = new Uint32Array(counts.nWires)
  for (let wire = 0; wire < counts.nWires; wire++) {
    const label = words[wire * 2]!
    if (words[wire * 2 + 1] !== 0 || label >= counts.nLabels) {
      throw file.corrupt(LABELS, `wire ${wire} has a label that is not below ${counts.nLabels}`)
    }
    labels[wire] = label
  }
  return labels
}

function sectionWords(file: Container, id: number): Uint32Array {
  const bytes = file.section(id)
  if (bytes.byteLength % 4 !== 0) throw file.corrupt(id, `its ${bytes.byteLength} bytes are not a multiple of four`)
  return wordsOf(bytes)
}

function truncated(file: Container, what: string): BinFileError {
  return new BinFileError('BINFILE_TRUNCATED', file.path, CONSTRAINTS, `it ends before ${what}`)
}
