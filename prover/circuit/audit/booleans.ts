// SPDX-License-Identifier: GPL-3.0-or-later

import { SCALAR_FIELD, type R1cs } from '../../binfile'
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
  /** Wires that are 1 up to some place of the chain and 0 after it, by wire; the chain is shared by its wires. */
  readonly chainOf: ReadonlyMap<number, readonly number[]>
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
  const chainOf = findChains(wire, expressions)
  return { wire, expressions, groupOf: findGroups(system, wire, expressions), chainOf }
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

/**
 * Chains w₁, …, wₘ in which w₁, wₘ and every wᵢ − wᵢ₊₁ are boolean. The m + 1 booleans 1 − w₁, wᵢ − wᵢ₊₁ and wₘ add up to
 * 1, and m + 1 < r: one of them is 1. So all wires are boolean, and none is larger than the one before. Marks them so.
 */
function findChains(wire: Uint8Array, expressions: ReadonlyMap<number, BooleanExpression>): Map<number, number[]> {
  const next = new Map<number, number>()
  for (const expression of expressions.values()) {
    if (expression.size !== 2 || expression.has(0)) continue
    const [[u, cu], [v, cv]] = [...expression] as [[number, bigint], [number, bigint]]
    if (cu === 1n && cv === -1n) next.set(u, v)
    else if (cu === -1n && cv === 1n) next.set(v, u)
  }
  const chainOf = new Map<number, number[]>()
  for (const first of [...next.keys()].filter((candidate) => wire[candidate] === 1)) {
    const chain = [first]
    const seen = new Set(chain)
    for (let at = next.get(first); at !== undefined && !seen.has(at) && !chainOf.has(at); at = next.get(at)) {
      chain.push(at)
      seen.add(at)
      if (wire[at] === 1) break
    }
    if (chain.length < 2 || chainOf.has(first) || wire[chain.at(-1)!] !== 1) continue
    for (const member of chain) {
      wire[member] = 1
      chainOf.set(member, chain)
    }
  }
  return chainOf
}

/**
 * Wires of which at most one is 1: those of a boolean Σ wᵢ, or 1 − Σ wᵢ, of boolean wires, and those of a row Σ wᵢ = 1.
 */
function findGroups(
  system: System,
  wire: Uint8Array,
  expressions: ReadonlyMap<number, BooleanExpression>,
): Map<number, number> {
  const groupOf = new Map<number, number>()
  for (let row = 0; row < system.rowCount; row++) {
    const members = selection(system, row, wire)
    if (!members || members.some((member) => groupOf.has(member))) continue
    for (const member of members) groupOf.set(member, row)
  }
  for (const [row, expression] of expressions) {
    const constant = expression.get(0) ?? 0n
    const members = [...expression].filter(([member]) => member !== 0)
    const sign = constant === 0n ? 1n : constant === 1n ? -1n : 0n
    if (!members.every(([member, coefficient]) => coefficient === sign && wire[member] === 1)) continue
    if (members.some(([member]) => groupOf.has(member))) continue
    for (const [member] of members) groupOf.set(member, row)
  }
  return groupOf
}

/** The boolean wires of a row λ·Σ wᵢ = λ with two wires or more; fewer than r, so that exactly one is 1. */
function selection(system: System, row: number, boolean: Uint8Array): readonly number[] | undefined {
  const isEmpty = ({ start }: R1cs['a']) => start[row] === start[row + 1]
  if (!isEmpty(system.r1cs.a) && !isEmpty(system.r1cs.b)) return undefined
  const members = new Map(system.c(row))
  const constant = members.get(0)
  members.delete(0)
  const [factor] = members.values()
  if (constant === undefined || members.size < 2 || factor !== centred(-constant)) return undefined
  for (const [wire, coefficient] of members) if (boolean[wire] !== 1 || coefficient !== factor) return undefined
  return [...members.keys()]
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
