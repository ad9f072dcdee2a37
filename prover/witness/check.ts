// SPDX-License-Identifier: GPL-3.0-or-later

import { FIELD_BYTES, fromFieldBytes, SCALAR_FIELD, type R1cs, type SparseRows } from '../binfile'

/** The first row a witness breaks, or nothing when it satisfies them all. */
export function firstUnsatisfiedRow(r1cs: R1cs, values: Uint8Array): number | undefined {
  const wires = Array.from({ length: r1cs.nWires }, (_, wire) => fromFieldBytes(values, wire * FIELD_BYTES))
  const sum = (rows: SparseRows, row: number): bigint => {
    let total = 0n
    for (let i = rows.start[row]!; i < rows.start[row + 1]!; i++) {
      const value = wires[rows.wire[i]!]!
      if (value !== 0n) total += value * r1cs.coefficients[rows.coefficient[i]!]!
    }
    return total % SCALAR_FIELD
  }
  for (let row = 0; row < r1cs.nConstraints; row++) {
    if ((sum(r1cs.a, row) * sum(r1cs.b, row) - sum(r1cs.c, row)) % SCALAR_FIELD !== 0n) return row
  }
  return undefined
}
