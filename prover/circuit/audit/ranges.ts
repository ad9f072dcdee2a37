// SPDX-License-Identifier: GPL-3.0-or-later

import { SCALAR_FIELD } from '../../binfile'
import type { Booleans } from './booleans'
import { combine, type System, type Terms } from './system'

/** Bounds 0 ≤ lo ≤ value ≤ hi < r of the representative of a field element in [0, r). */
export type Bounds = { readonly lo: bigint; readonly hi: bigint }

/** The part of a row that says E = 0, or E ∈ {0, 1}, of one sum E of wires. */
export type SumRow = { readonly terms: Terms; readonly max: 0n | 1n }

/** Reads a row as a statement about a sum; nothing when it is a product of two. */
export function sumRow(system: System, booleans: Booleans, row: number): SumRow | undefined {
  const expression = booleans.expressions.get(row)
  if (expression) return { terms: expression, max: 1n }
  const [a, b] = [system.a(row), system.b(row)]
  if (a.size > 0 && b.size > 0) return undefined
  return { terms: system.c(row), max: 0n }
}

/**
 * Bounds of Σ cᵢ·wᵢ for boolean wires, the constant 1 among them: an integer between the sums of the negative and of
 * the positive coefficients. Nothing when another wire occurs, or when those sums are not within [0, r).
 */
export function digitBounds(booleans: Booleans, terms: Terms): Bounds | undefined {
  let [lo, hi] = [0n, 0n]
  for (const [wire, coefficient] of terms) {
    if (booleans.wire[wire] !== 1) return undefined
    if (coefficient > 0n) hi += coefficient
    else lo += coefficient
    if (wire === 0 && coefficient > 0n) lo += coefficient
    if (wire === 0 && coefficient < 0n) hi += coefficient
  }
  return lo >= 0n && hi < SCALAR_FIELD ? { lo, hi } : undefined
}

/**
 * Bounds of a wire: boolean, or equal to bounded digits by a row. A row of the wire w reads E = ±w + rest, E ∈ {0} or
 * {0, 1}, up to a factor when E = 0; then ±w = E − rest.
 */
export function wireBounds(system: System, booleans: Booleans, wire: number): Bounds | undefined {
  if (booleans.wire[wire] === 1) return { lo: 0n, hi: 1n }
  for (const row of system.rowsOf(wire)) {
    const found = sumRow(system, booleans, row)
    const coefficient = found?.terms.get(wire)
    if (!found || (coefficient !== 1n && coefficient !== -1n)) continue
    // w = ±(E − rest); −E = (1 − E) − 1 keeps the sum one of booleans.
    const rest = combine([[found.terms, -coefficient]])
    rest.delete(wire)
    const bounds = digitBounds(booleans, coefficient === 1n || found.max === 0n ? rest : shifted(rest, -1n))
    if (bounds && bounds.hi + found.max < SCALAR_FIELD) return { lo: bounds.lo, hi: bounds.hi + found.max }
  }
  return undefined
}

/**
 * The upper bound of S when a row shows that S = E + digits ≥ 0, E as above: the row's sum is S − digits, up to a
 * factor when it is 0. S must hold the wire `probe`; the row must not be `except`.
 */
export function provenNonNegative(
  { system, booleans }: { readonly system: System; readonly booleans: Booleans },
  sum: Terms,
  probe: number,
  except: number,
): bigint | undefined {
  for (const row of system.rowsOf(probe)) {
    const found = row === except ? undefined : sumRow(system, booleans, row)
    const own = found?.terms.get(probe)
    if (!found || own === undefined) continue
    const sign = own === sum.get(probe) ? 1n : -1n
    if (own !== sign * sum.get(probe)!) continue
    // The row reads E = ±(S − digits); with the minus sign S = digits − E, which is (1 − E) + digits − 1.
    const digits = combine([
      [sum, 1n],
      [found.terms, -sign],
    ])
    const bounds = digitBounds(booleans, sign === 1n || found.max === 0n ? digits : shifted(digits, -1n))
    if (bounds && bounds.hi + found.max < SCALAR_FIELD) return bounds.hi + found.max
  }
  return undefined
}

function shifted(terms: Terms, by: bigint): Map<number, bigint> {
  return combine([
    [terms, 1n],
    [new Map([[0, by]]), 1n],
  ])
}
