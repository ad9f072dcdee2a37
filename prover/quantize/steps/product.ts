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
    const lo = new Array<bigint>(step.indexA.length)
    const hi = new Array<bigint>(step.indexA.length)
    step.indexA.forEach((i, at) => {
      const j = step.indexB[at]!
      const [al, ah, bl, bh] = [a.ranges.lo[i]!, a.ranges.hi[i]!, b.ranges.lo[j]!, b.ranges.hi[j]!]
      const ends = [al * bl, al * bh, ah * bl, ah * bh]
      // A square is never negative, and 0 where its root may be.
      const isSquare = step.a === step.b && i === j
      lo[at] = isSquare ? (al <= 0n && ah >= 0n ? 0n : smaller(al * al, ah * ah)) : ends.reduce(smaller)
      hi[at] = isSquare ? larger(al * al, ah * ah) : ends.reduce(larger)
    })
    define(step.output, a.exponent + b.exponent, makeRanges(lo, hi, where))
    return step
  },
  evaluate(step, { values, isExact, store, storeDoubles }) {
    const [x, y] = [values[step.a]!, values[step.b]!]
    if (isExact(step.output) && x instanceof Float64Array && y instanceof Float64Array) {
      // Adding 0 turns −0 into 0.
      const products = new Float64Array(step.indexA.length)
      for (let at = 0; at < products.length; at++) products[at] = x[step.indexA[at]!]! * y[step.indexB[at]!]! + 0
      return storeDoubles(step.output, products)
    }
    const [a, b] = [toBigInts(x), toBigInts(y)]
    store(
      step.output,
      Array.from(step.indexA, (i, at) => a[i]! * b[step.indexB[at]!]!),
    )
  },
}
