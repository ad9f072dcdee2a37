// SPDX-License-Identifier: GPL-3.0-or-later

import { modulo, SCALAR_FIELD, type R1cs, type SparseRows } from '../../binfile'

/** A linear combination with signed coefficients in (−r/2, r/2], by wire; wire 0 is the constant. */
export type Terms = ReadonlyMap<number, bigint>

const HALF = SCALAR_FIELD / 2n

/** The representative of a field element in (−r/2, r/2]. */
export function centred(value: bigint): bigint {
  const rest = modulo(value)
  return rest > HALF ? rest - SCALAR_FIELD : rest
}

/** Rows of a circuit and, for every wire, the rows it occurs in. */
export class System {
  private readonly coefficients: readonly bigint[]
  /** Rows of wire w: occurrence[occurrenceStart[w] … occurrenceStart[w+1] − 1], ascending, each once. */
  private readonly occurrenceStart: Uint32Array
  private readonly occurrence: Uint32Array

  constructor(readonly r1cs: R1cs) {
    this.coefficients = r1cs.coefficients.map(centred)
    const counts = new Uint32Array(r1cs.nWires + 1)
    this.forEachOccurrence((wire) => counts[wire + 1]!++)
    for (let wire = 0; wire < r1cs.nWires; wire++) counts[wire + 1]! += counts[wire]!
    this.occurrenceStart = counts
    this.occurrence = new Uint32Array(counts[r1cs.nWires]!)
    const next = counts.slice()
    this.forEachOccurrence((wire, row) => (this.occurrence[next[wire]!++] = row))
  }

  get rowCount(): number {
    return this.r1cs.nConstraints
  }

  a(row: number): Terms {
    return this.terms(this.r1cs.a, row)
  }

  b(row: number): Terms {
    return this.terms(this.r1cs.b, row)
  }

  c(row: number): Terms {
    return this.terms(this.r1cs.c, row)
  }

  rowsOf(wire: number): Uint32Array {
    return this.occurrence.subarray(this.occurrenceStart[wire]!, this.occurrenceStart[wire + 1]!)
  }

  private terms(rows: SparseRows, row: number): Terms {
    const terms = new Map<number, bigint>()
    for (let i = rows.start[row]!; i < rows.start[row + 1]!; i++) {
      const wire = rows.wire[i]!
      const sum = centred((terms.get(wire) ?? 0n) + this.coefficients[rows.coefficient[i]!]!)
      // A file may name a wire twice, or with factor 0: what counts is the sum.
      if (sum === 0n) terms.delete(wire)
      else terms.set(wire, sum)
    }
    return terms
  }

  private forEachOccurrence(visit: (wire: number, row: number) => void): void {
    const last = new Int32Array(this.r1cs.nWires).fill(-1)
    for (let row = 0; row < this.rowCount; row++) {
      for (const rows of [this.r1cs.a, this.r1cs.b, this.r1cs.c]) {
        for (let i = rows.start[row]!; i < rows.start[row + 1]!; i++) {
          const wire = rows.wire[i]!
          if (last[wire] === row) continue
          last[wire] = row
          visit(wire, row)
        }
      }
    }
  }
}

/** Σ factor·terms. */
export function combine(parts: readonly (readonly [terms: Terms, factor: bigint])[]): Map<number, bigint> {
  const sum = new Map<number, bigint>()
  for (const [terms, factor] of parts) {
    for (const [wire, coefficient] of terms) {
      const total = centred((sum.get(wire) ?? 0n) + factor * coefficient)
      if (total === 0n) sum.delete(wire)
      else sum.set(wire, total)
    }
  }
  return sum
}

/** The terms of wires that are not known. */
export function openPart(terms: Terms, isKnown: (wire: number) => boolean): Terms {
  return new Map([...terms].filter(([wire]) => !isKnown(wire)))
}

/** λ with other = λ·terms, if the two are proportional. */
export function ratio(terms: Terms, other: Terms): bigint | undefined {
  if (terms.size !== other.size || terms.size === 0) return undefined
  let [first, second]: [bigint, bigint] = [0n, 0n]
  for (const [wire, coefficient] of terms) {
    const matching = other.get(wire)
    if (matching === undefined) return undefined
    if (first === 0n) [first, second] = [coefficient, matching]
    else if (centred(coefficient * second - matching * first) !== 0n) return undefined
  }
  return centred(second * inverse(first))
}

/** The multiplicative inverse modulo r, by Fermat. */
export function inverse(value: bigint): bigint {
  if (value === 1n || value === -1n) return value
  let [result, base, exponent] = [1n, modulo(value), SCALAR_FIELD - 2n]
  while (exponent > 0n) {
    if (exponent & 1n) result = (result * base) % SCALAR_FIELD
    base = (base * base) % SCALAR_FIELD
    exponent >>= 1n
  }
  return result
}
