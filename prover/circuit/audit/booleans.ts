// SPDX-License-Identifier: GPL-3.0-or-later

import { SCALAR_FIELD } from '../../binfile'
import { centred, inverse, type System, type Terms } from './system'

/** An expression that a row forces to be 0 or 1. */
export type BooleanExpression = Terms

/** Which wires and sums of wires the rows force to be 0 or 1. */
export type Booleans = {
  /** 1 for a boolean wire. */
  readonly wire: Uint8Array
  /** Boolean expressions of several wires, by row. */
  readonly expressions: ReadonlyMap<number, BooleanExpression>
  /** Group of wires of which at most one is 1, by wire. */
  readonly groupOf: ReadonlyMap<number, number>
}

/** Finds every row E·(E − 1) = 0, up to factors. */
export function findBooleans(system: System): Booleans {
  const wire = new Uint8Array(system.r1cs.nWires)
  wire[0] = 1
  const expressions = new Map<number, BooleanExpression>()
  const { a, b, c } = system.r1cs
  for (let row = 0; row < system.rowCount; row++) {
    if (c.start[row] !== c.start[row + 1]) continue
    if (a.start[row] === a.start[row + 1] || b.start[row] === b.start[row + 1]) continue
    const expression = booleanExpression(system.a(row), system.b(row))
    if (!expression) continue
    const wires = [...expression.keys()].filter((candidate) => candidate !== 0)
    if (wires.length === 1 && isUnit(expression, wires[0]!)) wire[wires[0]!] = 1
    else expressions.set(row, expression)
  }
  return { wire, expressions, groupOf: findGroups(wire, expressions) }
}

/** E/v when A·B = 0 means E = A ∈ {0, v}, v ≠ 0: B = λA + μ with λ, μ ≠ 0, so v = −μ/λ. */
function booleanExpression(a: Terms, b: Terms): BooleanExpression | undefined {
  const lead = [...a.keys()].find((wire) => wire !== 0)
  if (lead === undefined || !b.has(lead)) return undefined
  const lambda = centred(b.get(lead)! * inverse(a.get(lead)!))
  const wires = new Set([...a.keys(), ...b.keys()])
  for (const wire of wires) {
    if (wire !== 0 && centred((b.get(wire) ?? 0n) - lambda * (a.get(wire) ?? 0n)) !== 0n) return undefined
  }
  const mu = centred((b.get(0) ?? 0n) - lambda * (a.get(0) ?? 0n))
  if (mu === 0n) return undefined
  const scale = inverse(-mu * inverse(lambda))
  return new Map([...a].map(([wire, coefficient]) => [wire, centred(coefficient * scale)]))
}

/** Whether expression ∈ {0, 1} says the same of the wire: it is w or 1 − w. */
function isUnit(expression: BooleanExpression, wire: number): boolean {
  const [coefficient, constant] = [expression.get(wire)!, expression.get(0) ?? 0n]
  return (coefficient === 1n && constant === 0n) || (coefficient === -1n && constant === 1n)
}

/** A boolean Σ wᵢ, or 1 − Σ wᵢ, of boolean wires: at most one of them is 1. */
function findGroups(wire: Uint8Array, expressions: ReadonlyMap<number, BooleanExpression>): Map<number, number> {
  const groupOf = new Map<number, number>()
  for (const [row, expression] of expressions) {
    const constant = expression.get(0) ?? 0n
    const members = [...expression].filter(([member]) => member !== 0)
    const sign = constant === 0n ? 1n : constant === 1n ? -1n : 0n
    if (!members.every(([member, coefficient]) => coefficient === sign && wire[member] === 1)) continue
    if (BigInt(members.length) >= SCALAR_FIELD || members.some(([member]) => groupOf.has(member))) continue
    for (const [member] of members) groupOf.set(member, row)
  }
  return groupOf
}

/**
 * Whether Σ coefficientᵢ·wᵢ = known has at most one solution in boolean wires: seen as digits (a group of wires of
 * which at most one is set is one digit), each digit's smallest gap exceeds what all smaller ones can add up to, and
 * the whole spread is below r.
 */
export function fixesBooleans(
  terms: Iterable<readonly [wire: number, coefficient: bigint]>,
  groupOf: ReadonlyMap<number, number>,
): boolean {
  const digits = new Map<string, bigint[]>()
  for (const [wire, coefficient] of terms) {
    const group = groupOf.get(wire)
    const key = group === undefined ? `w${wire}` : `g${group}`
    const values = digits.get(key)
    if (values) values.push(coefficient)
    else digits.set(key, [0n, coefficient])
  }
  const ranked = [...digits.values()].map((values) => {
    values.sort((x, y) => (x < y ? -1 : x > y ? 1 : 0))
    let gap = values[1]! - values[0]!
    for (let i = 2; i < values.length; i++) {
      const next = values[i]! - values[i - 1]!
      if (next < gap) gap = next
    }
    return { gap, spread: values[values.length - 1]! - values[0]! }
  })
  ranked.sort((x, y) => (x.gap < y.gap ? -1 : x.gap > y.gap ? 1 : 0))
  let below = 0n
  for (const { gap, spread } of ranked) {
    if (gap <= below) return false
    below += spread
  }
  return below < SCALAR_FIELD
}
