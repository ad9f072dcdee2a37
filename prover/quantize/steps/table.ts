// SPDX-License-Identifier: GPL-3.0-or-later

import { bitLength, hull, makeRanges } from '../ranges'
import { RecipeError } from '../recipe'
import { START_EXPONENT } from '../start'
import { tableValues } from '../tables'
import { readAll, type StepBase, type StepKind } from './step'
import { argumentLo, type TableFunction } from './table-argument'
import { required } from './support'

/** y = f(x) by a table with one entry for each value of the clamped argument. */
export type TableStep = StepBase & { readonly kind: 'table'; readonly fn: TableFunction; readonly source: number }

/** y = values[x − lo]; the argument's proven interval lies in [lo, lo + 2^bits − 1]. */
export type QuantizedTable = TableStep & {
  readonly bits: number
  readonly lo: number
  readonly values: Float64Array
}

/** Table values stay whole numbers that doubles hold exactly, with room for the sums of the next step. */
const MAX_TABLE_EXPONENT = 50

export const table: StepKind<TableStep, QuantizedTable> = {
  sources: ({ source }) => [source],
  outputs: ({ output }) => [output],
  reads: ({ source }, sizeOf, read) => readAll(source, sizeOf(source), read),
  evaluateFloat({ fn, source, output }, values) {
    values[output] = values[source]!.map((x) => smooth(fn, x))
  },
  initial({ output }, { setExponent }) {
    setExponent(output, START_EXPONENT)
    return { exponent: START_EXPONENT }
  },
  quantize(step, { recipe, recipeOf, where, tensor, define }) {
    const source = tensor(step.source)
    const { lo, hi } = hull(source.ranges)
    const bits = recipeOf(`${step.name}/argument`)?.clampBits ?? bitLength(hi - lo)
    const spec = { fn: step.fn, bits, lo: argumentLo(step.fn, bits), argumentExponent: source.exponent }
    const exponent = required(recipe.exponent, step.name, 'exponent')
    if (exponent < 0 || exponent > MAX_TABLE_EXPONENT)
      throw new RecipeError(
        `recipe.steps["${step.name}"].exponent is ${exponent}; a table's is from 0 to ${MAX_TABLE_EXPONENT}`,
      )
    const values = tableValues({ ...spec, exponent })
    const at = (q: bigint) => BigInt(values[Number(q) - spec.lo]!)
    // All tables are monotone, `decay` falling and the others rising, so the ends of an interval map to its ends.
    const [first, last] =
      step.fn === 'decay' ? [source.ranges.hi, source.ranges.lo] : [source.ranges.lo, source.ranges.hi]
    define(step.output, exponent, makeRanges(first.map(at), last.map(at), where))
    return { ...step, bits, lo: spec.lo, values }
  },
  evaluate(step, { values, storeDoubles }) {
    const source = values[step.source] as Float64Array
    storeDoubles(
      step.output,
      source.map((q) => step.values[q - step.lo]!),
    )
  },
}

function smooth(fn: TableFunction, x: number): number {
  switch (fn) {
    case 'sigmoid':
      return 1 / (1 + Math.exp(-x))
    case 'tanh':
      return Math.tanh(x)
    case 'decay':
      return Math.exp(-x)
  }
}
