// SPDX-License-Identifier: GPL-3.0-or-later
import { SCALAR_FIELD, toFieldBytes } from '../../prover/binfile/field'
import type { R1cs, SparseRows } from '../../prover/binfile/r1cs'

/** A circuit made in code, with a witness that satisfies it. */
export type SyntheticCircuit = { readonly r1cs: R1cs; readonly values: Uint8Array }

type Row = readonly (readonly [wire: number, coefficient: number])[]

/**
 * `nConstraints` rows over `nPublic` public signals: mostly bits, as in a quantised network, with a product after
 * every 23 of them.
 */
export function syntheticCircuit(nConstraints: number, nPublic: number): SyntheticCircuit {
  const nWires = 1 + nPublic + nConstraints
  const values: bigint[] = [1n]
  for (let wire = 1; wire <= nPublic; wire++) values.push(BigInt(wire))
  const rows: [Row, Row, Row][] = []
  for (let wire = nPublic + 1; wire < nWires; wire++) {
    const bit = [wire, 0] as const
    if (wire % 24 === 0) {
      const factor = 1 + (wire % nPublic)
      values.push((values[factor]! * values[wire - 1]!) % SCALAR_FIELD)
      rows.push([[[factor, 0]], [[wire - 1, 0]], [bit]])
    } else {
      values.push(BigInt(wire % 2))
      rows.push([[bit], [bit, [0, 1]], []])
    }
  }
  const bytes = new Uint8Array(nWires * 32)
  values.forEach((value, wire) => toFieldBytes(value, bytes, wire * 32))
  const r1cs: R1cs = {
    nWires,
    nPubOut: 0,
    nPubIn: nPublic,
    nPrvIn: 0,
    nLabels: nWires,
    nConstraints,
    a: sparse(rows.map(([a]) => a)),
    b: sparse(rows.map(([, b]) => b)),
    c: sparse(rows.map(([, , c]) => c)),
    coefficients: [1n, SCALAR_FIELD - 1n],
    wireToLabel: Uint32Array.from({ length: nWires }, (_, wire) => wire),
  }
  return { r1cs, values: bytes }
}

/** Rows of (wire, coefficient index) pairs as typed arrays. */
export function sparse(rows: readonly Row[]): SparseRows {
  const terms = rows.flat()
  const start = new Uint32Array(rows.length + 1)
  rows.forEach((row, i) => (start[i + 1] = start[i]! + row.length))
  return {
    start,
    wire: Uint32Array.from(terms, ([wire]) => wire),
    coefficient: Uint32Array.from(terms, ([, coefficient]) => coefficient),
  }
}
