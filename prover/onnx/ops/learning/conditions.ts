// SPDX-License-Identifier: GPL-3.0-or-later
import type { Algebra } from '../../algebra'
import type { Operand } from '../../tensor'
import type { Branch } from './forest'
import { SampleSums, type Terms } from './sample-sums'

/** The comparisons of a forest as bits, and for each branch where its bit is and which child a 1 leads to. */
export type Conditions = {
  /** [samples, bits] */
  readonly bits: Operand
  readonly of: readonly { readonly bit: number; readonly one: number; readonly zero: number }[]
}

/** No value of a tensor is beyond; infinite and absurd thresholds are taken to be here. */
const FAR = 2 ** 512

/** x ≥ value, or x > value where strict. */
type Cut = { readonly feature: number; readonly value: number; readonly strict: boolean }

/**
 * All comparisons of a forest in one operation, each different one once: that costs a row for each, and a few for each
 * feature. x ≤ t is not x > t; x = t is x ≥ t and not x > t; a set is the sum of its members, which exclude each other.
 *
 * @param x [samples, features]
 */
export function conditionsOf(algebra: Algebra, x: Operand, branches: readonly Branch[]): Conditions {
  const [samples, features] = [x.shape[0]!, x.shape[1]!]
  const cuts = new Numbered<Cut>(({ feature, value, strict }) => `${feature}:${value}:${strict}`)
  const sums = new Numbered<Terms>((terms) => terms.map(([at, weight]) => `${at}*${weight}`).join())
  const of = branches.map((branch) => {
    const terms = termsOf(branch, cuts)
    const isNegative = branch.mode === 'LEQ' || branch.mode === 'LT' || branch.mode === 'NEQ'
    const [one, zero] = isNegative ? [branch.no, branch.yes] : [branch.yes, branch.no]
    return { bit: sums.indexOf(terms), one, zero }
  })
  const count = cuts.list.length
  const spread = <T>(value: (cut: Cut, sample: number) => T): T[] =>
    Array.from({ length: samples }, (_, sample) => cuts.list.map((cut) => value(cut, sample))).flat()
  const compared = algebra.thresholds(
    x,
    {
      element: Int32Array.from(spread(({ feature }, sample) => sample * features + feature)),
      threshold: Float64Array.from(spread(({ value }) => value)),
      strict: Uint8Array.from(spread(({ strict }) => Number(strict))),
    },
    [samples, count],
  )
  const isPlain = sums.list.every((terms, at) => terms.length === 1 && terms[0]![0] === at && terms[0]![1] === 1)
  if (isPlain) return { bits: compared, of }
  return { bits: new SampleSums(algebra, [compared]).combine(sums.list.map((terms) => ({ terms, bias: 0 }))), of }
}

function termsOf({ mode, feature, values }: Branch, cuts: Numbered<Cut>): Terms {
  const cut = (value: number, strict: boolean) => {
    // Adding 0 turns -0 into 0, which is the same threshold.
    return cuts.indexOf({ feature, value: Math.min(Math.max(value, -FAR), FAR) + 0, strict })
  }
  if (mode === 'EQ' || mode === 'NEQ' || mode === 'MEMBER') {
    return [...new Set(values)].flatMap((value) => [[cut(value, false), 1] as const, [cut(value, true), -1] as const])
  }
  return [[cut(values[0]!, mode === 'LEQ' || mode === 'GT'), 1]]
}

/** Different things in the order they came, each with a number. */
class Numbered<T> {
  readonly list: T[] = []
  private readonly numbers = new Map<string, number>()

  constructor(private readonly key: (item: T) => string) {}

  indexOf(item: T): number {
    const key = this.key(item)
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    this.numbers.set(key, this.list.length)
    return this.list.push(item) - 1
  }
}
