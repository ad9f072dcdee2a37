// SPDX-License-Identifier: GPL-3.0-or-later

import { evaluateProgram } from './evaluate'
import { quantizeInput } from './input-range'
import type { QuantizedProgram } from './program'
import { toBigInts } from './steps'

/** A sample: values of each input tensor. */
export type Sample = readonly Float64Array[]

/** How far a quantised model is from the float one, over a set of samples. */
export type Accuracy = {
  readonly samples: number
  /** Share of samples whose largest output is at the same place; for integer outputs, whose outputs are equal. */
  readonly argmaxAgreement: number
  readonly flips: number
  readonly meanAbsError: number
  readonly maxAbsError: number
  /** The mean error of an output over the spread of its float values; of several outputs that of the worst. */
  readonly meanErrorOfRange: number
  /** Σ|error| / Σ|float output|; 0 where all float outputs are 0. */
  readonly relativeError: number
}

/** Real values of the outputs for one sample. */
export function quantizedOutputs(program: QuantizedProgram, sample: Sample): Float64Array[] {
  const values = evaluateProgram(
    program,
    program.inputs.map(({ recipe }, i) => quantizeInput(recipe, sample[i]!)),
  )
  return program.outputs.map(({ tensor }) => {
    const unit = 2 ** -program.tensors[tensor]!.exponent
    const raw = values[tensor]!
    return raw instanceof Float64Array
      ? raw.map((q) => q * unit)
      : Float64Array.from(toBigInts(raw), (q) => Number(q) * unit)
  })
}

/** Whether an output is a vector with a score for each class; a largest element of a matrix means nothing. */
export function hasClasses(shape: readonly number[]): boolean {
  return shape.filter((size) => size > 1).length === 1
}

/**
 * Compares outputs with the float reference, sample by sample.
 *
 * @param shapes of the outputs; those without classes count no flips. By default all have them.
 */
export function compareOutputs(
  outputs: readonly Sample[],
  reference: readonly Sample[],
  shapes?: readonly (readonly number[])[],
): Accuracy {
  const errors = (outputs[0] ?? []).map(() => ({ total: 0, count: 0, lowest: Infinity, highest: -Infinity }))
  let [flips, size, largest] = [0, 0, 0]
  outputs.forEach((sample, s) => {
    let flipped = false
    sample.forEach((output, i) => {
      const expected = reference[s]![i]!
      const own = errors[i]!
      for (let k = 0; k < output.length; k++) {
        const error = Math.abs(output[k]! - expected[k]!)
        own.total += error
        size += Math.abs(expected[k]!)
        largest = Math.max(largest, error)
        own.lowest = Math.min(own.lowest, expected[k]!)
        own.highest = Math.max(own.highest, expected[k]!)
      }
      own.count += output.length
      flipped ||= (output.length === 1 || !shapes || hasClasses(shapes[i]!)) && disagrees(output, expected)
    })
    if (flipped) flips++
  })
  const samples = outputs.length
  const total = errors.reduce((sum, own) => sum + own.total, 0)
  const count = errors.reduce((sum, own) => sum + own.count, 0)
  const ofRange = errors.map(({ total: sum, count: among, lowest, highest }) =>
    among === 0 ? 0 : sum / among / (highest > lowest ? highest - lowest : 1),
  )
  return {
    samples,
    flips,
    argmaxAgreement: samples === 0 ? 1 : 1 - flips / samples,
    meanAbsError: count === 0 ? 0 : total / count,
    maxAbsError: largest,
    meanErrorOfRange: Math.max(0, ...ofRange),
    relativeError: size === 0 ? 0 : total / size,
  }
}

/** Another class for a vector of scores; another number for a single whole one. Other single numbers have no class. */
function disagrees(output: Float64Array, expected: Float64Array): boolean {
  if (output.length > 1) return argmax(output) !== argmax(expected)
  return Number.isInteger(expected[0]) && Math.round(output[0]!) !== expected[0]
}

/** Position of the largest value, the first on ties. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}
