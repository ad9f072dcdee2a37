// SPDX-License-Identifier: GPL-3.0-or-later

import { hull, makeRanges } from '../ranges'
import { RecipeError } from '../recipe'
import { ofTensor, toWholeNumbers, type StepBase, type StepKind } from './step'

/** y[i, k] = [x_i = k] for k from 0 to depth − 1: all 0 for any other x. */
export type OneHotStep = StepBase & { readonly kind: 'onehot'; readonly source: number; readonly depth: number }

/** Selectors a gadget has at most: one for every value that the index may have. */
const MAX_SPAN = 2 ** 16

export const onehot: StepKind<OneHotStep, OneHotStep> = {
  ...ofTensor,
  ...toWholeNumbers,
  evaluateFloat({ source, depth, output }, values) {
    values[output] = selectors(values[source]!, depth)
  },
  quantize(step, { where, tensor, define }) {
    const { ranges, exponent } = tensor(step.source)
    if (exponent !== 0) throw new RecipeError(`${where}: an index must be whole, but is in units of 2^-${exponent}`)
    const { lo, hi } = hull(ranges)
    if (hi - lo >= BigInt(MAX_SPAN))
      throw new RecipeError(`${where}: an index may have ${hi - lo + 1n} values; at most ${MAX_SPAN} can be told apart`)
    const can = ranges.lo.flatMap((from, i) =>
      Array.from({ length: step.depth }, (_, k) => BigInt(k) >= from && BigInt(k) <= ranges.hi[i]!),
    )
    const must = ranges.lo.flatMap((from, i) =>
      Array.from({ length: step.depth }, (_, k) => BigInt(k) === from && from === ranges.hi[i]!),
    )
    const bounds = (flags: readonly boolean[]) => flags.map((flag) => (flag ? 1n : 0n))
    define(step.output, 0, makeRanges(bounds(must), bounds(can), where))
    return step
  },
  evaluate({ source, depth, output }, { values, storeDoubles }) {
    storeDoubles(output, selectors(values[source] as Float64Array, depth))
  },
}

function selectors(index: Float64Array, depth: number): Float64Array {
  const result = new Float64Array(index.length * depth)
  index.forEach((value, i) => {
    if (Number.isInteger(value) && value >= 0 && value < depth) result[i * depth + value] = 1
  })
  return result
}
