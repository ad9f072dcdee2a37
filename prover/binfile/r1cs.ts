// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { FIELD_BYTES, SCALAR_FIELD } from './field'

/**
 * One of the three matrices of a circuit, by rows: the terms of row i are at positions start[i] … start[i+1] − 1 of
 * `wire` and `coefficient`; the latter holds indices into {@link R1cs.coefficients}.
 */
export type SparseRows = {
  /** nConstraints + 1 positions, ascending from 0. */
  readonly start: Uint32Array
  readonly wire: Uint32Array
  readonly coefficient: Uint32Array
}

/**
 * A rank-1 constraint system ⟨a,w⟩·⟨b,w⟩ = ⟨c,w⟩ over the BN254 scalar field. Wire 0 is the constant one; then come
 * public outputs, public inputs, private inputs, and the rest.
 */
export type R1cs = {
  readonly nWires: number
  readonly nPubOut: number
  readonly nPubIn: number
  readonly nPrvIn: number
  readonly nLabels: number
  readonly nConstraints: number
  readonly a: SparseRows
  readonly b: SparseRows
  readonly c: SparseRows
  /** The distinct coefficients, each in [0, r). */
  readonly coefficients: readonly bigint[]
  /** The symbol number of each wire, as circom's `.sym` file counts them. */
  readonly wireToLabel: Uint32Array
}

/** A circuit given to the writer contradicts itself: a defect of whoever built it. */
export class R1csInvalidError extends ZkmlError {
  readonly code = 'R1CS_INVALID'

  constructor(problem: string) {
    super(`the constraint system cannot be written: ${problem}`)
  }
}

/** Bytes of one term in the file: wire and coefficient. */
export const TERM_BYTES = 4 + FIELD_BYTES

/** Public signals, outputs first; wire 0 is not counted. */
export function publicCount(r1cs: Pick<R1cs, 'nPubOut' | 'nPubIn'>): number {
  return r1cs.nPubOut + r1cs.nPubIn
}

/** Fails unless counts, positions, wires and coefficients are consistent and in range. */
export function checkR1cs(r1cs: R1cs): void {
  const { nWires, nLabels, nConstraints, coefficients, wireToLabel } = r1cs
  const fixed = 1 + publicCount(r1cs) + r1cs.nPrvIn
  if (fixed > nWires) throw new R1csInvalidError(`it has ${nWires} wires, but ${fixed} are constant, public or inputs`)
  if (wireToLabel.length !== nWires) {
    throw new R1csInvalidError(`${wireToLabel.length} wires have labels, but there are ${nWires}`)
  }
  for (const label of wireToLabel) {
    if (label >= nLabels) throw new R1csInvalidError(`label ${label} is not below ${nLabels}`)
  }
  for (const [index, value] of coefficients.entries()) {
    if (value < 0n || value >= SCALAR_FIELD) throw new R1csInvalidError(`coefficient ${index} is not in [0, r)`)
  }
  checkRows('A', r1cs.a, nWires, nConstraints, coefficients.length)
  checkRows('B', r1cs.b, nWires, nConstraints, coefficients.length)
  checkRows('C', r1cs.c, nWires, nConstraints, coefficients.length)
}

function checkRows(name: string, rows: SparseRows, nWires: number, nRows: number, nCoefficients: number): void {
  const { start, wire, coefficient } = rows
  if (start.length !== nRows + 1) throw new R1csInvalidError(`${name} has ${start.length - 1} rows instead of ${nRows}`)
  if (start[0] !== 0) throw new R1csInvalidError(`the first row of ${name} does not start at term 0`)
  for (let i = 0; i < nRows; i++) {
    if (start[i]! > start[i + 1]!) throw new R1csInvalidError(`row ${i} of ${name} ends before it starts`)
  }
  const terms = start[nRows]!
  if (wire.length !== terms || coefficient.length !== terms) {
    throw new R1csInvalidError(
      `${name} has ${wire.length} wires and ${coefficient.length} coefficients for ${terms} terms`,
    )
  }
  for (let i = 0; i < terms; i++) {
    if (wire[i]! >= nWires) throw new R1csInvalidError(`a term of ${name} uses wire ${wire[i]} of ${nWires}`)
    if (coefficient[i]! >= nCoefficients) {
      throw new R1csInvalidError(`a term of ${name} uses coefficient ${coefficient[i]} of ${nCoefficients}`)
    }
  }
}
