// SPDX-License-Identifier: GPL-3.0-or-later

import { SCALAR_FIELD } from '../../binfile'
import { fixesBooleans, type Booleans } from './booleans'
import { digitBounds, provenNonNegative, wireBounds } from './ranges'
import { centred, combine, inverse, openPart, ratio, type System, type Terms } from './system'

/** What the auditor knows while it works. */
export type Knowledge = {
  readonly system: System
  readonly booleans: Booleans
  readonly isKnown: (wire: number) => boolean
}

/**
 * Zero test of a known X: X·u = β + γ·v, X·v = 0, u·v = 0 with β, γ ≠ 0, in rows found through v.
 * X ≠ 0 gives v = 0, then u = β/X. X = 0 gives v = −β/γ ≠ 0, then u = 0. Returns u and v.
 */
export function zeroTest({ system, isKnown }: Knowledge, row: number): readonly number[] | undefined {
  for (const [known, open] of [
    [system.a(row), system.b(row)],
    [system.b(row), system.a(row)],
  ] as const) {
    const [u, ...otherU] = open.keys()
    if (u === undefined || otherU.length > 0 || isKnown(u) || !allKnown(known, isKnown)) continue
    const result = system.c(row)
    const unknown = [...result.keys()].filter((wire) => !isKnown(wire))
    const v = unknown[0]
    // The known part of C must be a constant other than 0: only then is v ≠ 0 when X = 0.
    if (unknown.length !== 1 || v === undefined || v === u || result.size !== 2 || !result.has(0)) continue
    const rows = [...system.rowsOf(v)].filter((other) => other !== row && system.c(other).size === 0)
    const kills = rows.some((other) => isProductOf(system, other, (t) => ratio(known, t) !== undefined, v))
    const pairs = rows.some((other) => isProductOf(system, other, (t) => t.size === 1 && t.has(u), v))
    if (kills && pairs) return [u, v]
  }
  return undefined
}

function isProductOf(system: System, row: number, first: (terms: Terms) => boolean, wire: number): boolean {
  const [a, b] = [system.a(row), system.b(row)]
  const isWire = (terms: Terms) => terms.size === 1 && terms.has(wire)
  return (first(a) && isWire(b)) || (first(b) && isWire(a))
}

/**
 * Division with remainder of known N by known D: D·Q = N − R, and R + S = D − 1 in a second row, with Q, R and S
 * non-negative sums of boolean wires. Then 0 ≤ R < D as integers, and as Q·D + R < r the quotient and remainder are
 * those of the integers; digits that are super-increasing are fixed by them. Returns all the digits.
 */
export function division(knowledge: Knowledge, row: number): readonly number[] | undefined {
  const { system, isKnown } = knowledge
  for (const [divisor, quotient] of [
    [system.a(row), system.b(row)],
    [system.b(row), system.a(row)],
  ] as const) {
    if (!allKnown(divisor, isKnown)) continue
    const q = digitSum(knowledge, quotient)
    const r = digitSum(knowledge, combine([[openPart(system.c(row), isKnown), -1n]]))
    const [anyRemainder] = r?.wires ?? []
    if (!q || !r || anyRemainder === undefined) continue
    for (const other of system.rowsOf(anyRemainder)) {
      const s = other === row ? undefined : slack(knowledge, other, divisor, r)
      if (!s) continue
      // D = R + S + 1 holds over the integers because R + S is below r.
      const divisorBound = r.max + s.max + 1n
      if (q.max * divisorBound + r.max < SCALAR_FIELD) return [...q.wires, ...r.wires, ...s.wires]
    }
  }
  return undefined
}

/**
 * Square root of a known N: y² = N − R and 2y − R ≥ 0 in a second row, where y is a bounded wire and R a sum of boolean
 * wires. With 0 ≤ y, 0 ≤ R ≤ 2y and y² + R < r over the integers, y² ≤ N ≤ y² + 2y < (y + 1)²: y is ⌊√N⌋. Returns y.
 */
export function squareRoot(knowledge: Knowledge, row: number): readonly number[] | undefined {
  const { system, booleans, isKnown } = knowledge
  const [a, b] = [system.a(row), system.b(row)]
  const [y, ...others] = [...a.keys()]
  if (y === undefined || others.length > 0 || isKnown(y) || b.size !== 1 || !b.has(y)) return undefined
  const remainder = combine([[openPart(system.c(row), isKnown), -inverse(centred(a.get(y)! * b.get(y)!))]])
  const [probe] = remainder.keys()
  const r = digitBounds(booleans, remainder)
  const root = wireBounds(system, booleans, y)
  if (probe === undefined || remainder.has(y) || !r || !root) return undefined
  const difference = combine([
    [new Map([[y, 2n]]), 1n],
    [remainder, -1n],
  ])
  const gap = provenNonNegative(knowledge, difference, probe, row)
  // 2y = R + (2y − R) holds over the integers because both sides are below r.
  if (gap === undefined || 2n * root.hi >= SCALAR_FIELD || r.hi + gap >= SCALAR_FIELD) return undefined
  return root.hi * root.hi + r.hi < SCALAR_FIELD ? [y] : undefined
}

type DigitSum = { readonly wires: readonly number[]; readonly max: bigint; readonly terms: Terms }

/** A sum of unknown boolean wires with positive, super-increasing coefficients and nothing else. */
function digitSum({ booleans, isKnown }: Knowledge, terms: Terms): DigitSum | undefined {
  if (terms.size === 0) return undefined
  let max = 0n
  for (const [wire, coefficient] of terms) {
    if (coefficient <= 0n || wire === 0 || isKnown(wire) || booleans.wire[wire] !== 1) return undefined
    max += coefficient
  }
  return fixesBooleans(terms, NO_GROUPS) && max < SCALAR_FIELD ? { wires: [...terms.keys()], max, terms } : undefined
}

const NO_GROUPS: ReadonlyMap<number, number> = new Map()

/** S, if the row is linear and reads R + S − D + 1 = 0 up to a factor. */
function slack(knowledge: Knowledge, row: number, divisor: Terms, r: DigitSum): DigitSum | undefined {
  const { system } = knowledge
  if (system.a(row).size > 0 && system.b(row).size > 0) return undefined
  const [probe, coefficient] = [...r.terms][0]!
  const scale = system.c(row).get(probe)
  if (scale === undefined || (scale !== coefficient && scale !== -coefficient)) return undefined
  const sum = combine([
    [system.c(row), scale === coefficient ? 1n : -1n],
    [r.terms, -1n],
    [divisor, 1n],
    [new Map([[0, 1n]]), -1n],
  ])
  return digitSum(knowledge, sum)
}

function allKnown(terms: Terms, isKnown: (wire: number) => boolean): boolean {
  for (const wire of terms.keys()) if (!isKnown(wire)) return false
  return true
}
