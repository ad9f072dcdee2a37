// SPDX-License-Identifier: GPL-3.0-or-later

import { makeRanges } from '../ranges'
import { ofTensor, toWholeNumbers, type StepBase, type StepKind } from './step'

/** y = [x ≥ 0] for `nonNegative`, y = [x = 0] for `zero`: 1 or 0, of the integers exactly. */
export type CompareStep = StepBase & {
  readonly kind: 'compare'
  readonly relation: 'nonNegative' | 'zero'
  readonly source: number
}

export const compare: StepKind<CompareStep, CompareStep> = {
  ...ofTensor,
  ...toWholeNumbers,
  evaluateFloat({ relation, source, output }, values) {
    values[output] = values[source]!.map((x) => Number(relation === 'zero' ? x === 0 : x >= 0))
  },
  quantize(step, { where, tensor, define }) {
    const { lo, hi } = tensor(step.source).ranges
    const certain = (i: number): boolean | undefined => decided(step.relation, lo[i]!, hi[i]!)
    define(
      step.output,
      0,
      makeRanges(
        lo.map((_, i) => (certain(i) === true ? 1n : 0n)),
        lo.map((_, i) => (certain(i) === false ? 0n : 1n)),
        where,
      ),
    )
    return step
  },
  evaluate({ relation, source, output }, { values, storeDoubles }) {
    const x = values[source]!
    storeDoubles(
      output,
      Float64Array.from({ length: x.length }, (_, i) => {
        // Doubles and bigints compare alike with whole numbers.
        const value = x[i]!
        return Number(relation === 'zero' ? value == 0 : value >= 0)
      }),
    )
  },
}

/** The answer, if the interval alone gives it. */
export function decided(relation: CompareStep['relation'], lo: bigint, hi: bigint): boolean | undefined {
  if (relation === 'nonNegative') return lo >= 0n ? true : hi < 0n ? false : undefined
  return lo > 0n || hi < 0n ? false : lo === 0n && hi === 0n ? true : undefined
}
