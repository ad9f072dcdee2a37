// SPDX-License-Identifier: GPL-3.0-or-later

import { modulo, SCALAR_FIELD } from '../../binfile'
import type { Knowledge } from './patterns'
import { digitBounds, sumRow } from './ranges'
import { combine, type Terms } from './system'

/**
 * A known X that lies in one of several bins: ±X = Σ cⱼ·aⱼ + D, where a is a chain (see `booleans.ts`) and D a sum of
 * boolean wires, 0 ≤ D. The m + 1 states of the chain give L₀, …, Lₘ = Σ cⱼ·aⱼ, and a second row may bound D by Vₖ in
 * state k. Where the sets {Lₖ, …, Lₖ + Vₖ} are disjoint modulo r, X lies in one at most: it tells the state. Returns
 * the chain's wires; the digits of D follow from the row.
 */
export function bins(knowledge: Knowledge, row: number, equation: Terms): readonly number[] | undefined {
  const { booleans, isKnown } = knowledge
  const chain = [...equation.keys()].map((wire) => booleans.chainOf.get(wire)).find((found) => found !== undefined)
  if (!chain || chain.some((wire) => !equation.has(wire) || isKnown(wire))) return undefined
  const rest = without(equation, chain)
  const [probe] = rest.keys()
  const sign = probe !== undefined && rest.get(probe)! < 0n ? -1n : 1n
  const offset = combine([[rest, sign]])
  const all = digitBounds(booleans, offset)
  if (!all) return undefined
  const starts = states(chain, combine([[equation, sign]]))
  const bounds = probe === undefined ? undefined : offsetBounds(knowledge, row, chain, offset, probe)
  const sets = starts.map((start, state) => {
    const bound = bounds?.[state]
    return { start, last: start + (bound !== undefined && bound < all.hi ? bound : all.hi) }
  })
  return areDisjoint(sets) ? chain : undefined
}

/**
 * Bounds Vₖ of D by a row that reads E = ±(W − D − digits): D + digits ± E = W has both sides below r, W ≥ 0 being
 * the state's value of a sum over the chain.
 */
function offsetBounds(
  { system, booleans }: Knowledge,
  except: number,
  chain: readonly number[],
  offset: Terms,
  probe: number,
): readonly bigint[] | undefined {
  for (const row of system.rowsOf(probe)) {
    const found = row === except ? undefined : sumRow(system, booleans, row)
    const own = found?.terms.get(probe)
    if (!found || own === undefined) continue
    const sign = own === -offset.get(probe)! ? 1n : -1n
    if (own !== -sign * offset.get(probe)!) continue
    const sum = combine([
      [found.terms, sign],
      [offset, 1n],
    ])
    const digits = digitBounds(booleans, combine([[without(sum, [...chain, 0]), -1n]]))
    const total = digitBounds(booleans, offset)
    if (!digits || !total || total.hi + digits.hi + found.max >= SCALAR_FIELD) continue
    // With the minus sign, D + digits − E = W, which is D + digits + (1 − E) = W + 1.
    const constant = (sum.get(0) ?? 0n) + (sign === 1n ? 0n : found.max)
    return states(chain, sum).map((value) => modulo(value + constant))
  }
  return undefined
}

/** Σ cⱼ·aⱼ over the chain in each of its states: none of its wires set, the first, the first two, … */
function states(chain: readonly number[], terms: Terms): bigint[] {
  const values = [0n]
  for (const wire of chain) values.push(values.at(-1)! + (terms.get(wire) ?? 0n))
  return values
}

/** Whether sets {start, …, last} of integers have no element in common modulo r. */
function areDisjoint(sets: readonly { readonly start: bigint; readonly last: bigint }[]): boolean {
  const ranked = [...sets].sort((x, y) => (x.start < y.start ? -1 : x.start > y.start ? 1 : 0))
  if (ranked.some(({ start }, i) => i > 0 && ranked[i - 1]!.last >= start)) return false
  return ranked.at(-1)!.last < ranked[0]!.start + SCALAR_FIELD
}

function without(terms: Terms, wires: readonly number[]): Map<number, bigint> {
  const rest = new Map(terms)
  for (const wire of wires) rest.delete(wire)
  return rest
}
