// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { modulo } from '../binfile/field'
import { publicCount, type R1cs, type SparseRows } from '../binfile/r1cs'
import type { UniversalSystem } from './system'

/** What a circuit becomes in a universal system; the first five numbers stand in the header of its key. */
export type GateCount = {
  /** Rows of the gate table; snarkjs calls them constraints. */
  readonly gates: number
  /** Gates that add two terms of a long combination: the price of affine maps. Each makes one wire more. */
  readonly additions: number
  /** Wires of the circuit and of the additions. */
  readonly wires: number
  readonly nPublic: number
  /** 2^power, the rows of the table with their padding. */
  readonly domainSize: number
  readonly power: number
  /** The least power of a powers-of-tau file that serves. */
  readonly ptauPower: number
}

/** A combination names a wire twice. */
export class RepeatedWireError extends ZkmlError {
  readonly code = 'UNIVERSAL_REPEATED_WIRE'

  constructor(row: number, matrix: string, wire: number) {
    super(
      `row ${row} of the circuit names wire ${wire} twice in ${matrix}: snarkjs keeps the last coefficient only and ` +
        'would set up another circuit; add the coefficients, or use groth16',
    )
  }
}

/** snarkjs' least domain: its quotient is a little longer than the table. */
const MIN_POWER = 3
/** Rows that the blinding of FFLONK takes. */
const FFLONK_BLINDING = 2
/** FFLONK commits to polynomials of 9 · 2^power + 18 coefficients, and a file of power p has 2^(p+1) − 1 of them. */
const FFLONK_PTAU_EXTRA = 3
/** Terms that a gate without a product holds, and each side of one with a product. */
const SUM_TERMS = 3

/**
 * Counts the gates that snarkjs will make of a circuit, exactly, in one pass over its terms: a row is one gate, and
 * each term beyond the three wires of a gate is another.
 *
 * @throws RepeatedWireError
 * @example
 * ```ts
 * const { gates, ptauPower } = countGates(readR1cs('circuit.r1cs'), 'plonk')
 * ```
 */
export function countGates(r1cs: R1cs, system: UniversalSystem): GateCount {
  checkDistinctWires(r1cs)
  const nPublic = publicCount(r1cs)
  const sum = new SumCounter(r1cs, system)
  const [a, b, c] = [r1cs.a, r1cs.b, r1cs.c].map((rows) => termCounter(r1cs, rows, system)) as [
    TermCounter,
    TermCounter,
    TermCounter,
  ]
  let additions = 0
  for (let row = 0; row < r1cs.nConstraints; row++) {
    const [left, right] = [a(row), b(row)]
    if (left.variables > 0 && right.variables > 0) {
      additions += left.variables - 1 + (right.variables - 1) + Math.max(0, c(row).variables - 1)
      continue
    }
    const terms =
      isZero(left) || isZero(right)
        ? c(row).variables
        : left.variables === 0
          ? sum.terms(row, r1cs.a, r1cs.b)
          : sum.terms(row, r1cs.b, r1cs.a)
    additions += Math.max(0, terms - SUM_TERMS)
  }
  const gates = nPublic + r1cs.nConstraints + additions
  const power = domainPower(system === 'plonk' ? gates : gates + FFLONK_BLINDING)
  return {
    gates,
    additions,
    wires: r1cs.nWires + additions,
    nPublic,
    domainSize: 2 ** power,
    power,
    ptauPower: system === 'plonk' ? power : power + FFLONK_PTAU_EXTRA,
  }
}

function domainPower(rows: number): number {
  let power = MIN_POWER
  while (2 ** power < rows) power++
  return power
}

type Terms = { readonly variables: number; readonly hasConstant: boolean }
type TermCounter = (row: number) => Terms

const isZero = ({ variables, hasConstant }: Terms): boolean => variables === 0 && !hasConstant

/** snarkjs' PLONK keeps terms whose coefficient is 0, and its FFLONK drops them. */
function keepsZeros(system: UniversalSystem): boolean {
  return system === 'plonk'
}

function termCounter(r1cs: R1cs, { start, wire, coefficient }: SparseRows, system: UniversalSystem): TermCounter {
  const zero = keepsZeros(system) ? -1 : r1cs.coefficients.indexOf(0n)
  return (row) => {
    let variables = 0
    let hasConstant = false
    for (let term = start[row]!; term < start[row + 1]!; term++) {
      if (coefficient[term] === zero) continue
      if (wire[term] === 0) hasConstant = true
      else variables++
    }
    return { variables, hasConstant }
  }
}

/** Counts the terms of k·X − C in rows where one of A and B is the constant k and the other is X. */
class SumCounter {
  /** Position + 1 of the term of X at a wire, valid where `rowOf` is the row. */
  private readonly position: Uint32Array
  private readonly rowOf: Int32Array

  constructor(
    private readonly r1cs: R1cs,
    private readonly system: UniversalSystem,
  ) {
    this.position = new Uint32Array(r1cs.nWires)
    this.rowOf = new Int32Array(r1cs.nWires).fill(-1)
  }

  terms(row: number, constant: SparseRows, other: SparseRows): number {
    const { coefficients, c } = this.r1cs
    const zero = keepsZeros(this.system) ? -1 : coefficients.indexOf(0n)
    const k = this.constantOf(row, constant)
    let count = 0
    for (let term = other.start[row]!; term < other.start[row + 1]!; term++) {
      const wire = other.wire[term]!
      if (wire === 0 || other.coefficient[term] === zero) continue
      this.rowOf[wire] = row
      this.position[wire] = term
      count++
    }
    for (let term = c.start[row]!; term < c.start[row + 1]!; term++) {
      const wire = c.wire[term]!
      if (wire === 0 || c.coefficient[term] === zero) continue
      if (this.rowOf[wire] !== row) count++
      else if (!keepsZeros(this.system)) {
        const factor = coefficients[other.coefficient[this.position[wire]!]!]!
        if (modulo(k * factor) === coefficients[c.coefficient[term]!]) count--
      }
    }
    return count
  }

  private constantOf(row: number, { start, wire, coefficient }: SparseRows): bigint {
    for (let term = start[row]!; term < start[row + 1]!; term++)
      if (wire[term] === 0) return this.r1cs.coefficients[coefficient[term]!]!
    return 0n
  }
}

/** snarkjs reads a combination into a map by wire. */
function checkDistinctWires(r1cs: R1cs): void {
  const seen = new Int32Array(r1cs.nWires)
  for (const [name, { start, wire }] of [
    ['A', r1cs.a],
    ['B', r1cs.b],
    ['C', r1cs.c],
  ] as const) {
    seen.fill(-1)
    for (let row = 0; row < r1cs.nConstraints; row++) {
      for (let term = start[row]!; term < start[row + 1]!; term++) {
        const at = wire[term]!
        if (seen[at] === row) throw new RepeatedWireError(row, name, at)
        seen[at] = row
      }
    }
  }
}
