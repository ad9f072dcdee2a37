// SPDX-License-Identifier: GPL-3.0-or-later

import type { Program, QuantizedProgram } from './program'
import { uniformRanges, type Ranges } from './ranges'
import { RecipeError, type Recipe } from './recipe'
import { StepMemo } from './step-memo'
import { kindOf, outputsOf, type QuantizedTensor } from './steps'

/**
 * Rounds a program to integers as the recipe says and proves an interval for every element of every tensor.
 * Deterministic: the same program and recipe give the same integers on any machine.
 *
 * @param memo of earlier calls with this program, when several recipes are tried.
 * @throws RecipeError when the recipe lacks a step or asks for what a step cannot do.
 * @throws MagnitudeError when an interval is not below 2^251.
 */
export function quantizeProgram(program: Program, recipe: Recipe, memo = new StepMemo()): QuantizedProgram {
  const tensors: QuantizedTensor[] = []
  const describe = (id: number, exponent: number, ranges: Ranges) => ({ ...program.tensors[id]!, exponent, ranges })
  const inputs = program.inputs.map((tensor) => {
    const { name, size } = program.tensors[tensor]!
    const own = recipe.inputs.find((input) => input.name === name)
    if (!own) throw new RecipeError(`recipe has no input "${name}"; it was made for another model`)
    tensors[tensor] = memo.input(own, () => {
      const lo = BigInt(own.lo)
      return describe(tensor, own.exponent, uniformRanges(size, lo, lo + (1n << BigInt(own.bits)) - 1n, name))
    })
    return { tensor, recipe: own }
  })
  const given = {
    recipeOf: (name: string) => (Object.hasOwn(recipe.steps, name) ? recipe.steps[name] : undefined),
    tensor: (id: number) => tensors[id]!,
  }
  const steps = program.steps.map((step) => {
    const made = memo.step(step, given, (recipeOf) => {
      const outputs = new Map<number, QuantizedTensor>()
      const quantized = kindOf(step).quantize(step, {
        where: `node "${step.origin.node}" (${step.origin.op})`,
        recipe: recipeOf(step.name) ?? {},
        recipeOf,
        tensor: given.tensor,
        sizeOf: (id) => program.tensors[id]!.size,
        define: (id, exponent, ranges) => outputs.set(id, describe(id, exponent, ranges)),
      })
      return { step: quantized, outputs: outputsOf(step).map((id) => outputs.get(id)!) }
    })
    for (const output of made.outputs) tensors[output.id] = output
    return made.step
  })
  const outputs = program.outputs.map((tensor) => {
    const { name } = program.tensors[tensor]!
    const own = recipe.outputs.find((output) => output.name === name)
    if (!own) throw new RecipeError(`recipe has no output "${name}"; it was made for another model`)
    return { tensor, recipe: own }
  })
  return { tensors, inputs, outputs, steps }
}
