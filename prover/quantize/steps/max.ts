// SPDX-License-Identifier: GPL-3.0-or-later

import { makeRanges } from '../ranges'
import { groupRows, toWholeNumbers, type Groups, type IntegerValues, type StepBase, type StepKind } from './step'
import { larger } from './support'

/** Maximum over each group of elements. */
export type MaxStep = StepBase & { readonly kind: 'max'; readonly source: number; readonly groups: Groups }

/** Position, within its group, of the largest element; the lowest on ties. */
export type ArgMaxStep = StepBase & { readonly kind: 'argmax'; readonly source: number; readonly groups: Groups }

const ofGroups: Pick<StepKind<MaxStep | ArgMaxStep, unknown>, 'sources' | 'outputs'> &
  Pick<StepKind<unknown, MaxStep | ArgMaxStep>, 'reads'> = {
  sources: ({ source }) => [source],
  outputs: ({ output }) => [output],
  reads: ({ source, groups }, _, read) => groups.column.forEach((i) => read(source, i)),
}

export const max: StepKind<MaxStep, MaxStep> = {
  ...ofGroups,
  evaluateFloat({ source, groups, output }, values) {
    const x = values[source]!
    values[output] = Float64Array.from(groupRows(groups), (row) => x[row[firstLargest(x, row)]!]!)
  },
  initial({ source, output }, { exponentOf, setExponent }) {
    setExponent(output, exponentOf(source))
    return {}
  },
  quantize(step, { where, tensor, define }) {
    const { ranges, exponent } = tensor(step.source)
    const rows = groupRows(step.groups)
    const largest = (bounds: readonly bigint[]) =>
      rows.map((row) => row.reduce((most, i) => larger(most, bounds[i]!), bounds[row[0]!]!))
    define(step.output, exponent, makeRanges(largest(ranges.lo), largest(ranges.hi), where))
    return step
  },
  evaluate(step, { values, store, storeDoubles }) {
    const source = values[step.source]!
    const best = groupRows(step.groups).map((row) => row[firstLargest(source, row)]!)
    if (source instanceof Float64Array)
      storeDoubles(
        step.output,
        Float64Array.from(best, (i) => source[i]!),
      )
    else
      store(
        step.output,
        best.map((i) => source[i]!),
      )
  },
}

export const argmax: StepKind<ArgMaxStep, ArgMaxStep> = {
  ...ofGroups,
  ...toWholeNumbers,
  evaluateFloat({ source, groups, output }, values) {
    const x = values[source]!
    values[output] = Float64Array.from(groupRows(groups), (row) => firstLargest(x, row))
  },
  quantize(step, { where, define }) {
    const hi = groupRows(step.groups).map((row) => BigInt(row.length - 1))
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
  evaluate(step, { values, storeDoubles }) {
    const source = values[step.source]!
    storeDoubles(
      step.output,
      Float64Array.from(groupRows(step.groups), (row) => firstLargest(source, row)),
    )
  },
}

/** Position within the row of its largest element, the first one on ties. */
function firstLargest(values: IntegerValues, row: readonly number[]): number {
  let best = 0
  for (let i = 1; i < row.length; i++) if (values[row[i]!]! > values[row[best]!]!) best = i
  return best
}
