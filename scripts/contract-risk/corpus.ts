// SPDX-License-Identifier: GPL-3.0-or-later

import { MUTATIONS } from './mutations'
import { MONEY } from './templates/money'
import { choices, partsOf, type Parts } from './templates/parts'
import { POWER } from './templates/power'

/** A source of the corpus: sound, or made unsound by one mutation. */
export type Source = {
  /** Variants of one family are never on two sides of a split. */
  readonly family: string
  readonly origin: string
  /** The sound contract that it is, or was made of, within its family. */
  readonly base: number
  /** The mutation, or `sound`. */
  readonly kind: string
  readonly text: string
  /** How it is compiled, an index into `SETTINGS`: all variants of a contract alike. */
  readonly setting: number
}

/** Families written for this corpus. */
export const TEMPLATES: Readonly<Record<string, (p: Parts) => string>> = { ...MONEY, ...POWER }

/** Written contracts of a family, before mutation. */
const BASES = 27
const SEED = 1

/** Families of which a part goes through the newer code generator of solc, which takes five times as long. */
const BY_BOTH = new Set(['vault', 'escrow', 'auction', 'crowdfund'])

/**
 * Contracts of one family, written from its template with choices drawn from a fixed seed: each sound, and then with one
 * mutation that applies, or for every second contract two, drawn too.
 */
export function written(family: string): Source[] {
  const sources: Source[] = []
  for (let i = 0; i < BASES; i++) {
    const r = choices(SEED * 100_003 + hash(family) + i * 7919)
    const setting = i % 4 === 3 ? 2 : i % 4 === 1 && BY_BOTH.has(family) ? 1 : 0
    const text = TEMPLATES[family]!(partsOf(r))
    sources.push({ family, origin: 'written', base: i, kind: 'sound', text, setting })
    const kinds = Object.keys(MUTATIONS)
    for (let drawn = 0; drawn < 1 + (i % 2) && kinds.length !== 0;) {
      const kind = kinds.splice(r.below(kinds.length), 1)[0]!
      const mutated = MUTATIONS[kind]!(text, r)
      if (mutated === null) continue
      sources.push({ family, origin: 'written', base: i, kind, text: mutated, setting })
      drawn++
    }
  }
  return sources
}

function hash(text: string): number {
  let h = 0
  for (const c of text) h = (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0
  return h % 1_000_003
}
