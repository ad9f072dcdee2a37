// SPDX-License-Identifier: GPL-3.0-or-later
import { tableToBytes } from '../../binfile/field'
import type { R1cs, SparseRows } from '../../binfile/r1cs'
import type { SparseColumns } from '../point-engine'

/** Rows of a matrix, to be found `offset` rows further down. */
export type ColumnPart = { readonly rows: SparseRows; readonly offset: number }

/**
 * Matrices on top of one another, by columns: column s has the terms of wire s. Wire s < `ones` also has a coefficient of 1
 * in row `onesAt + s`, the rows that snarkjs adds for the public signals.
 */
export function columnsOf(
  r1cs: R1cs,
  parts: readonly ColumnPart[],
  added: { readonly ones: number; readonly onesAt: number } = { ones: 0, onesAt: 0 },
): SparseColumns {
  const { nWires, coefficients } = r1cs
  const start = new Uint32Array(nWires + 1)
  for (const { rows } of parts) for (const wire of rows.wire) start[wire + 1]!++
  for (let wire = 0; wire < added.ones; wire++) start[wire + 1]!++
  for (let wire = 0; wire < nWires; wire++) start[wire + 1]! += start[wire]!
  const next = start.slice()
  const row = new Uint32Array(start[nWires]!)
  const coefficient = new Uint32Array(start[nWires]!)
  const put = (wire: number, inRow: number, index: number): void => {
    const at = next[wire]!++
    row[at] = inRow
    coefficient[at] = index
  }
  for (const { rows, offset } of parts) {
    for (let inRow = 0; inRow < r1cs.nConstraints; inRow++) {
      const end = rows.start[inRow + 1]!
      for (let term = rows.start[inRow]!; term < end; term++)
        put(rows.wire[term]!, offset + inRow, rows.coefficient[term]!)
    }
  }
  for (let wire = 0; wire < added.ones; wire++) put(wire, added.onesAt + wire, coefficients.length)
  return { start, row, coefficient, table: tableToBytes([...coefficients, 1n]) }
}
