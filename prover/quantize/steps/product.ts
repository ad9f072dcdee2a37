// SPDX-License-Identifier: GPL-3.0-or-later

import { makeRanges } from '../ranges'
import { ofPairs, toBigInts, type PairStep, type StepKind } from './step'
import { larger, smaller } from './support'

/** y_i = a[indexA_i] · b[indexB_i]. */
export type ProductStep = PairStep & { readonly kind: 'product' }

export const product: StepKind<ProductStep, ProductStep> = {
  ...ofPairs,
  evaluateFloat({ a, b, indexA, indexB, output }, values) {
    const [left, right] = [values[a]!, values[b]!]
    values[output] = Float64Array.from(indexA, (i, at) => left[i]! * right[indexB[at]!]!)
  },
  initial({ a, b, output }, { exponentOf, setExponent }) {
    setExponent(output, exponentOf(a) + exponentOf(b))
    return {}
  },
  quantize(step, { where, tensor, define }) {
    const [a, b] = [tensor(step.a), tensor(step.b)]
    const corners = Array.from(step.indexA, (i, at) => {
      const j = step.indexB[at]!
      const [al, ah, bl, bh] = [a.ranges.lo[i]!, a.ranges.hi[i]!, b.ranges.lo[j]!, b.ranges.hi[j]!]
      const ends = [al * bl, al * bh, ah * bl, ah * bh]
      if (step.a !== step.b || i !== j) return ends
      // A square is never negative, and 0 where its root may be.
      return [al <= 0n && ah >= 0n ? 0n : smaller(al * al, ah * ah), larger(al * al, ah * ah)]
    })
    const lo = corners.map((values) => values.reduce(smaller))
    const hi = corners.map((values) => values.reduce(larger))
    define(step.output, a.exponent + b.exponent, makeRanges(lo, hi, where))
    return step
  },
  evaluate(step, { values, store }) {
    const [a, b] = [toBigInts(values[step.a]!), toBigInts(values[step.b]!)]
    store(
      step.output,
      Array.from(step.indexA, (i, at) => a[i]! * b[step.indexB[at]!]!),
    )
  },
}
