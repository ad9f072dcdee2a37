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
  /** meanAbsError over the spread of the float outputs. */
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
  let [flips, total, size, largest, count] = [0, 0, 0, 0, 0]
  let [lowest, highest] = [Infinity, -Infinity]
  outputs.forEach((sample, s) => {
    let flipped = false
    sample.forEach((output, i) => {
      const expected = reference[s]![i]!
      for (let k = 0; k < output.length; k++) {
        const error = Math.abs(output[k]! - expected[k]!)
        total += error
        size += Math.abs(expected[k]!)
        largest = Math.max(largest, error)
        lowest = Math.min(lowest, expected[k]!)
        highest = Math.max(highest, expected[k]!)
      }
      count += output.length
      flipped ||= (output.length === 1 || !shapes || hasClasses(shapes[i]!)) && disagrees(output, expected)
    })
    if (flipped) flips++
  })
  const samples = outputs.length
  const meanAbsError = count === 0 ? 0 : total / count
  return {
    samples,
    flips,
    argmaxAgreement: samples === 0 ? 1 : 1 - flips / samples,
    meanAbsError,
    maxAbsError: largest,
    meanErrorOfRange: highest > lowest ? meanAbsError / (highest - lowest) : meanAbsError,
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
