// SPDX-License-Identifier: GPL-3.0-or-later
import { modulo } from '../../prover/binfile'
import { inverse } from '../../prover/circuit/audit/system'
import type { Row } from './gadget-lab'

/** Σ coefficient·wire + constant over the field; no coefficient is 0. */
type Affine = { readonly terms: ReadonlyMap<number, bigint>; readonly constant: bigint }

/** What an exhaustive search found. */
export type Solutions = {
  /** Values of the unknown wires, in the order given; each solution once. */
  readonly found: readonly (readonly bigint[])[]
  /** True when wires stay open: infinitely many solutions, or rows the search cannot decide. */
  readonly open: boolean
}

/**
 * Every assignment of the unknown wires that satisfies all rows, given the others. Complete: rows are solved as far as
 * they are linear, and each A·B = 0 is split into A = 0 and B = 0. Exponential in the number of such rows.
 */
export function allSolutions(
  rows: readonly Row[],
  known: ReadonlyMap<number, bigint>,
  unknown: readonly number[],
): Solutions {
  const found = new Map<string, readonly bigint[]>()
  let open = false
  const explore = (system: LinearSystem, pending: readonly Row[]): void => {
    const rest = system.absorb(pending)
    if (!rest) return
    const split = rest.find(({ c }) => isZero(system.reduce(c)))
    if (split) {
      const others = rest.filter((row) => row !== split)
      for (const side of [split.a, split.b]) {
        const branch = system.copy()
        if (branch.zero(branch.reduce(side))) explore(branch, others)
      }
      return
    }
    const values = unknown.map((wire) => system.reduce([[wire, 1n]]))
    if (rest.length > 0 || values.some(({ terms }) => terms.size > 0)) {
      open = true
      return
    }
    const solution = values.map(({ constant }) => constant)
    found.set(solution.join(), solution)
  }
  explore(new LinearSystem(known, new Map()), rows)
  return { found: [...found.values()], open }
}

class LinearSystem {
  constructor(
    private readonly known: ReadonlyMap<number, bigint>,
    /** Solved wires in terms of open ones. */
    private readonly solved: Map<number, Affine>,
  ) {}

  copy(): LinearSystem {
    return new LinearSystem(this.known, new Map(this.solved))
  }

  reduce(combination: Row['a']): Affine {
    const terms = new Map<number, bigint>()
    let constant = 0n
    for (const [wire, coefficient] of combination) {
      const value = this.known.get(wire)
      const solved = this.solved.get(wire)
      if (value !== undefined) constant += coefficient * value
      else if (!solved) addTerm(terms, wire, coefficient)
      else {
        constant += coefficient * solved.constant
        for (const [other, factor] of solved.terms) addTerm(terms, other, coefficient * factor)
      }
    }
    return { terms, constant: modulo(constant) }
  }

  /** Adds expression = 0; false when that contradicts what is known. */
  zero({ terms, constant }: Affine): boolean {
    const [pivot] = terms
    if (!pivot) return constant === 0n
    const [wire, coefficient] = pivot
    const scale = modulo(-inverse(coefficient))
    const value: Affine = {
      terms: new Map(
        [...terms].filter(([other]) => other !== wire).map(([other, factor]) => [other, modulo(factor * scale)]),
      ),
      constant: modulo(constant * scale),
    }
    this.solved.set(wire, value)
    for (const [other, affine] of this.solved) {
      const factor = affine.terms.get(wire)
      if (factor === undefined) continue
      const merged = new Map(affine.terms)
      merged.delete(wire)
      for (const [term, by] of value.terms) addTerm(merged, term, factor * by)
      this.solved.set(other, { terms: merged, constant: modulo(affine.constant + factor * value.constant) })
    }
    return true
  }

  /** Takes in every row that is linear by now; returns the others, or nothing on a contradiction. */
  absorb(rows: readonly Row[]): readonly Row[] | undefined {
    for (let pending = rows; ;) {
      const rest: Row[] = []
      for (const row of pending) {
        const [a, b] = [this.reduce(row.a), this.reduce(row.b)]
        if (a.terms.size > 0 && b.terms.size > 0) rest.push(row)
        else if (
          !this.zero(difference(a.terms.size === 0 ? scaled(b, a.constant) : scaled(a, b.constant), this.reduce(row.c)))
        )
          return undefined
      }
      if (rest.length === pending.length) return rest
      pending = rest
    }
  }
}

function addTerm(terms: Map<number, bigint>, wire: number, coefficient: bigint): void {
  const sum = modulo((terms.get(wire) ?? 0n) + coefficient)
  if (sum === 0n) terms.delete(wire)
  else terms.set(wire, sum)
}

function scaled({ terms, constant }: Affine, factor: bigint): Affine {
  const product = new Map<number, bigint>()
  for (const [wire, coefficient] of terms) addTerm(product, wire, coefficient * factor)
  return { terms: product, constant: modulo(constant * factor) }
}

function difference(x: Affine, y: Affine): Affine {
  const terms = new Map(x.terms)
  for (const [wire, coefficient] of y.terms) addTerm(terms, wire, -coefficient)
  return { terms, constant: modulo(x.constant - y.constant) }
}

function isZero({ terms, constant }: Affine): boolean {
  return terms.size === 0 && constant === 0n
}
