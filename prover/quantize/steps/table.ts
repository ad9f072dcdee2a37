// SPDX-License-Identifier: GPL-3.0-or-later

import { doubleFunction, type FunctionSpec } from '../../functions'
import { makeRanges } from '../ranges'
import { RecipeError } from '../recipe'
import { ceilLog2, START_EXPONENT } from '../start'
import { ofTensor, toBigInts, type StepBase, type StepKind } from './step'
import { larger, required, smaller } from './support'
import { lowBits } from './table-argument'
import { tableEntries, type TableEntries } from './table-entries'
import { segmentBitsFor, SEGMENT_BITS } from './table-segments'

/** y = f(x) by a table over the clamped argument that the step `<name>/argument` made. */
export type TableStep = StepBase & {
  readonly kind: 'table'
  readonly fn: FunctionSpec
  readonly source: number
  /** The rescaling that made the source. */
  readonly argument: string
}

/**
 * y = values[h] + slopes[h]·l where x − lo = h·2^lowBits + l; without slopes lowBits is 0. The argument's proven interval
 * lies in [lo, lo + 2^bits − 1].
 */
export type QuantizedTable = TableStep &
  TableEntries & { readonly bits: number; readonly lowBits: number; readonly lo: number }

/** Table values stay whole numbers that doubles hold exactly, with room for the sums of the next step. */
const MAX_TABLE_EXPONENT = 50

export const table: StepKind<TableStep, QuantizedTable> = {
  ...ofTensor,
  evaluateFloat({ fn, source, output }, values) {
    values[output] = values[source]!.map(doubleFunction(fn))
  },
  initial({ fn, source, output, argument }, { setExponent, recipeOf, seen }) {
    const { clampBits: bits, clampLo, exponent: argumentExponent } = recipeOf(argument)!
    const spec = { fn, lo: clampLo ?? -(2 ** (bits! - 1)), bits: bits!, argumentExponent: argumentExponent! }
    const isSegmented = bits! > SEGMENT_BITS + 1
    const segmentBits = fn.name === 'decay' || !isSegmented ? SEGMENT_BITS : segmentBitsFor(spec, seen(source))
    // Values all far below 1 take more digits after the point, and so do slopes, which are whole, along wide segments.
    const small = Math.max(0, -ceilLog2(magnitudeOf(seen(output))))
    const steep = isSegmented && fn.name !== 'decay' ? Math.max(0, bits! - segmentBits - SLOPE_BITS) : 0
    const exponent = START_EXPONENT + small + steep
    setExponent(output, exponent)
    return { exponent, ...(isSegmented && { segmentBits }) }
  },
  quantize(step, { recipe, recipeOf, where, tensor, define }) {
    const source = tensor(step.source)
    const { clampBits: bits, clampLo } = recipeOf(step.argument) ?? {}
    if (bits === undefined)
      throw new RecipeError(`recipe.steps["${step.argument}"].clampBits is missing; a table needs a bounded argument`)
    const lo = clampLo ?? (step.fn.name === 'decay' ? 0 : -(2 ** (bits - 1)))
    const exponent = required(recipe.exponent, step.name, 'exponent')
    if (exponent < 0 || exponent > MAX_TABLE_EXPONENT)
      throw new RecipeError(
        `recipe.steps["${step.name}"].exponent is ${exponent}; a table's is from 0 to ${MAX_TABLE_EXPONENT}`,
      )
    const low = lowBits(step.name, bits, recipe)
    const spec = { fn: step.fn, lo, argumentExponent: source.exponent, exponent }
    const entries = tableEntries({ ...spec, segmentBits: bits - low, lowBits: low })
    const quantized = { ...step, bits, lowBits: low, lo, ...entries }
    const range = rangeFinder(quantized)
    const bounds = source.ranges.lo.map((from, i) => range(Number(from) - lo, Number(source.ranges.hi[i]!) - lo))
    define(
      step.output,
      exponent,
      makeRanges(
        bounds.map(([least]) => least),
        bounds.map(([, largest]) => largest),
        where,
      ),
    )
    return quantized
  },
  evaluate(step, { values, store, storeDoubles }) {
    const source = values[step.source] as Float64Array
    if (step.exactEntries)
      storeDoubles(
        step.output,
        source.map((q) => entry(step, q - step.lo)),
      )
    else
      store(
        step.output,
        toBigInts(source).map((q) => exactEntry(step, Number(q) - step.lo)),
      )
  },
}

/** Bits of a segment's arguments over which the rounding of its slope does not matter. */
const SLOPE_BITS = 3

function magnitudeOf({ lo, hi }: { readonly lo: number; readonly hi: number }): number {
  return Math.max(-lo, hi, 2 ** -START_EXPONENT)
}

/** The value at the index-th argument. */
function entry({ values, slopes, lowBits: low }: QuantizedTable, index: number): number {
  if (!slopes) return values[index]!
  const high = Math.floor(index / 2 ** low)
  return values[high]! + slopes[high]! * (index - high * 2 ** low)
}

/** The same over the integers, which is what the circuit computes: doubles drop digits of large ones. */
function exactEntry({ values, slopes, lowBits: low }: QuantizedTable, index: number): bigint {
  const high = Math.floor(index / 2 ** low)
  return BigInt(values[high]!) + BigInt(slopes?.[high] ?? 0) * BigInt(index - high * 2 ** low)
}

/** Smallest and largest value over the arguments from..to: segments are monotone, so their ends decide. */
function rangeFinder(step: QuantizedTable): (from: number, to: number) => readonly [bigint, bigint] {
  const known = new Map<string, readonly [bigint, bigint]>()
  const width = 2 ** step.lowBits
  return (from, to) => {
    const key = `${from},${to}`
    let range = known.get(key)
    if (!range) {
      let [least, largest] = [exactEntry(step, from), exactEntry(step, from)]
      for (let at = from; at <= to; at = Math.floor(at / width + 1) * width) {
        const end = Math.min(Math.floor(at / width + 1) * width - 1, to)
        for (const value of [exactEntry(step, at), exactEntry(step, end)]) {
          least = smaller(least, value)
          largest = larger(largest, value)
        }
      }
      known.set(key, (range = [least, largest]))
    }
    return range
  }
}
