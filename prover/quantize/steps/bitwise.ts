// SPDX-License-Identifier: GPL-3.0-or-later

import { bitLength, makeRanges } from '../ranges'
import { RecipeError } from '../recipe'
import { ofPairs, toBigInts, toWholeNumbers, type PairStep, type StepKind } from './step'

/** y_i = a[indexA_i] & b[indexB_i] of whole numbers that are not negative. */
export type BitwiseStep = PairStep & { readonly kind: 'bitwise' }

export const bitwise: StepKind<BitwiseStep, BitwiseStep> = {
  ...ofPairs,
  ...toWholeNumbers,
  evaluateFloat({ a, b, indexA, indexB, output }, values) {
    values[output] = Float64Array.from(indexA, (i, at) =>
      Number(BigInt(values[a]![i]!) & BigInt(values[b]![indexB[at]!]!)),
    )
  },
  quantize(step, { where, tensor, define }) {
    const [a, b] = [tensor(step.a), tensor(step.b)]
    if (a.exponent !== 0 || b.exponent !== 0) throw new RecipeError(`${where}: only whole numbers have bits`)
    if ([...a.ranges.lo, ...b.ranges.lo].some((bound) => bound < 0n))
      throw new RecipeError(`${where}: a number may be negative; only numbers from 0 on have bits here`)
    const hi = Array.from(step.indexA, (i, at) => {
      const [x, y] = [a.ranges.hi[i]!, b.ranges.hi[step.indexB[at]!]!]
      const least = x < y ? x : y
      return least === 0n ? 0n : (1n << BigInt(bitLength(least))) - 1n
    })
    define(
      step.output,
      0,
      makeRanges(
        hi.map(() => 0n),
        hi,
        where,
      ),
    )
    return step
  },
  evaluate(step, { values, store }) {
    const [a, b] = [toBigInts(values[step.a]!), toBigInts(values[step.b]!)]
    store(
      step.output,
      Array.from(step.indexA, (i, at) => a[i]! & b[step.indexB[at]!]!),
    )
  },
}
