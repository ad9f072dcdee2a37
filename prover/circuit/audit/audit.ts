// SPDX-License-Identifier: GPL-3.0-or-later

import type { R1cs } from '../../binfile'
import { findBooleans, fixesBooleans, type Booleans } from './booleans'
import { bins } from './bins'
import { division, squareRoot, zeroTest, type Knowledge } from './patterns'
import { combine, openPart, System, type Terms } from './system'

/** What an audit found. */
export type WireAudit = {
  /** True when every wire follows from the start wires, so that no two witnesses share their inputs, and none is idle. */
  readonly deterministic: boolean
  /** Wires no rule reaches, and public wires that no row reads, in ascending order. */
  readonly unreached: readonly number[]
}

/**
 * Proves that a circuit has at most one witness for each assignment of `start`, by propagating what is determined:
 *
 * - a row whose only unknown stands in a linear place with a constant factor fixes it;
 * - a linear row fixes boolean wires when their coefficients are super-increasing and add up to less than r;
 * - a boolean sum of wires counts as one more such digit;
 * - a zero test with a determined inverse, a ranged division and a ranged square root fix their wires (`patterns.ts`);
 * - disjoint bins of which one holds a known value are told apart by it (`bins.ts`).
 *
 * A public wire that no row reads says nothing: a proof would hold for any value of it, so it counts as unreached.
 *
 * It is sound, not complete: a wire it does not reach may still be determined, and is reported all the same.
 */
export function auditWires(r1cs: R1cs, start: Iterable<number>): WireAudit {
  return new Auditor(new System(r1cs)).run(start)
}

class Auditor implements Knowledge {
  readonly booleans: Booleans
  private readonly known: Uint8Array
  /** Unknown wires of each row: those not known to be boolean, and those that are. */
  private readonly openWires: Uint32Array
  private readonly openBooleans: Uint32Array
  private readonly queue: number[] = []
  private readonly queued: Uint8Array

  constructor(readonly system: System) {
    this.booleans = findBooleans(system)
    this.known = new Uint8Array(system.r1cs.nWires)
    this.openWires = new Uint32Array(system.rowCount)
    this.openBooleans = new Uint32Array(system.rowCount)
    this.queued = new Uint8Array(system.rowCount)
    for (let wire = 0; wire < system.r1cs.nWires; wire++) {
      const counts = this.booleans.wire[wire] === 1 ? this.openBooleans : this.openWires
      for (const row of system.rowsOf(wire)) counts[row]!++
    }
  }

  readonly isKnown = (wire: number): boolean => this.known[wire] === 1

  run(start: Iterable<number>): WireAudit {
    for (let row = 0; row < this.system.rowCount; row++) this.enqueue(row)
    this.learn(0)
    for (const wire of start) this.learn(wire)
    for (let at = 0; at < this.queue.length; at++) {
      const row = this.queue[at]!
      this.queued[row] = 0
      for (const wire of this.examine(row)) this.learn(wire)
    }
    const unreached: number[] = []
    this.known.forEach((known, wire) => {
      if (!known || this.isIdle(wire)) unreached.push(wire)
    })
    return { deterministic: unreached.length === 0, unreached }
  }

  /** Whether a public wire has no influence on any row. */
  private isIdle(wire: number): boolean {
    const { nPubOut, nPubIn } = this.system.r1cs
    if (wire === 0 || wire > nPubOut + nPubIn) return false
    return ![...this.system.rowsOf(wire)].some((row) => {
      const [a, b, c] = [this.system.a(row), this.system.b(row), this.system.c(row)]
      return c.has(wire) || (a.has(wire) && b.size > 0) || (b.has(wire) && a.size > 0)
    })
  }

  private learn(wire: number): void {
    if (this.known[wire]) return
    this.known[wire] = 1
    const counts = this.booleans.wire[wire] === 1 ? this.openBooleans : this.openWires
    for (const row of this.system.rowsOf(wire)) {
      counts[row]!--
      if (this.openWires[row]! <= 2) this.enqueue(row)
    }
  }

  private enqueue(row: number): void {
    if (this.queued[row]) return
    this.queued[row] = 1
    this.queue.push(row)
  }

  /** Wires that this row, as things stand, determines. */
  private examine(row: number): readonly number[] {
    const [wires, booleans] = [this.openWires[row]!, this.openBooleans[row]!]
    if (wires + booleans === 0 || wires > 2) return []
    const expression = this.booleans.expressions.get(row)
    if (expression) return this.fromBooleanSum(expression)
    const equation = this.linearEquation(row)
    if (equation) {
      const solved = this.solve(row, equation)
      // A division by a constant is a linear row.
      return solved.length > 0 || wires > 0 ? solved : (division(this, row) ?? [])
    }
    if (wires === 2) return zeroTest(this, row) ?? []
    return (wires === 0 ? division(this, row) : undefined) ?? squareRoot(this, row) ?? []
  }

  /** The row's unknown part with constant factors, if it has that form: Σ factor·unknown = something known. */
  private linearEquation(row: number): Terms | undefined {
    const [a, b] = [this.system.a(row), this.system.b(row)]
    const [openA, openB, openC] = [this.open(a), this.open(b), this.open(this.system.c(row))]
    if (a.size === 0 || b.size === 0 || (openA.size === 0 && openB.size === 0)) return openC
    if (!isConstant(a) && !isConstant(b)) return undefined
    const [factor, open] = isConstant(a) ? [a.get(0)!, openB] : [b.get(0)!, openA]
    return combine([
      [openC, 1n],
      [open, -factor],
    ])
  }

  private solve(row: number, equation: Terms): readonly number[] {
    if (equation.size === 1) return [...equation.keys()]
    for (const wire of equation.keys()) if (this.booleans.wire[wire] !== 1) return []
    if (fixesBooleans(equation, this.booleans.groupOf)) return [...equation.keys()]
    return bins(this, row, equation) ?? []
  }

  /** E = Σ cᵢ·wᵢ + known ∈ {0, 1}: E is one more boolean digit, with coefficient −1, on the other side. */
  private fromBooleanSum(expression: Terms): readonly number[] {
    const open = this.open(expression)
    if (open.size === 0) return []
    for (const wire of open.keys()) if (this.booleans.wire[wire] !== 1) return []
    const virtual = this.system.r1cs.nWires
    return fixesBooleans([...open, [virtual, -1n]], this.booleans.groupOf) ? [...open.keys()] : []
  }

  private open(terms: Terms): Terms {
    return openPart(terms, this.isKnown)
  }
}

function isConstant(terms: Terms): boolean {
  return terms.size === 1 && terms.has(0)
}
