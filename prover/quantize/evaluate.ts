// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'
import type { Program, QuantizedProgram } from './program'
import { kindOf, type IntegerValues } from './steps'

/** Thrown when an input value lies outside the interval the circuit accepts. */
export class InputRangeError extends ZkmlError {
  readonly code = 'INPUT_RANGE'
}

/**
 * Runs a quantised program: the reference that the circuit equals bit for bit.
 *
 * @param inputs integers q per input tensor, in the order of `program.inputs`.
 * @returns the values of every tensor, by tensor id.
 * @throws InputRangeError when a value is not in [lo, lo + 2^bits − 1].
 */
export function evaluateProgram(program: QuantizedProgram, inputs: readonly Float64Array[]): IntegerValues[] {
  const values: IntegerValues[] = []
  program.inputs.forEach(({ tensor, recipe }, i) => {
    const given = inputs[i]
    const { size } = program.tensors[tensor]!
    if (given?.length !== size)
      throw new InputRangeError(`input "${recipe.name}" has ${given?.length ?? 0} values; the model takes ${size}`)
    const top = recipe.lo + 2 ** recipe.bits - 1
    for (let k = 0; k < size; k++) {
      const q = given[k]!
      if (!Number.isInteger(q) || q < recipe.lo || q > top)
        throw new InputRangeError(`input "${recipe.name}"[${k}] is not an integer in [${recipe.lo}, ${top}]`)
    }
    values[tensor] = given
  })
  const storeDoubles = (tensor: number, result: Float64Array) => {
    values[tensor] = result
  }
  const isExact = (tensor: number) => program.tensors[tensor]!.ranges.exact !== undefined
  const store = (tensor: number, result: readonly bigint[]) => {
    values[tensor] = isExact(tensor) ? Float64Array.from(result, Number) : result
  }
  for (const step of program.steps) kindOf(step).evaluate(step, { values, isExact, store, storeDoubles })
  return values
}

/**
 * Runs a program in doubles, to see how large its values get. Only calibration calls it: nothing that reaches a
 * circuit depends on it except through the recipe.
 *
 * @returns the values of every tensor, by tensor id.
 */
export function evaluateFloat(program: Program, inputs: readonly Float64Array[]): Float64Array[] {
  const values: Float64Array[] = []
  program.inputs.forEach((tensor, i) => (values[tensor] = inputs[i]!))
  for (const step of program.steps) kindOf(step).evaluateFloat(step, values)
  return values
}
