// SPDX-License-Identifier: GPL-3.0-or-later

import type { Program, QuantizedProgram } from './program'
import { uniformRanges } from './ranges'
import { RecipeError, type Recipe, type StepRecipe } from './recipe'
import { kindOf, type QuantizedTensor } from './steps'

/**
 * Rounds a program to integers as the recipe says and proves an interval for every element of every tensor.
 * Deterministic: the same program and recipe give the same integers on any machine.
 *
 * @throws RecipeError when the recipe lacks a step or asks for what a step cannot do.
 * @throws MagnitudeError when an interval is not below 2^251.
 */
export function quantizeProgram(program: Program, recipe: Recipe): QuantizedProgram {
  const tensors: QuantizedTensor[] = []
  const define = (id: number, exponent: number, ranges: QuantizedTensor['ranges']) => {
    tensors[id] = { ...program.tensors[id]!, exponent, ranges }
  }
  const inputs = program.inputs.map((tensor) => {
    const { name, size } = program.tensors[tensor]!
    const own = recipe.inputs.find((input) => input.name === name)
    if (!own) throw new RecipeError(`recipe has no input "${name}"; it was made for another model`)
    const lo = BigInt(own.lo)
    define(tensor, own.exponent, uniformRanges(size, lo, lo + (1n << BigInt(own.bits)) - 1n, name))
    return { tensor, recipe: own }
  })
  const recipeOf = (name: string): StepRecipe | undefined =>
    Object.hasOwn(recipe.steps, name) ? recipe.steps[name] : undefined
  const steps = program.steps.map((step) =>
    kindOf(step).quantize(step, {
      where: `node "${step.origin.node}" (${step.origin.op})`,
      recipe: recipeOf(step.name) ?? {},
      recipeOf,
      tensor: (id) => tensors[id]!,
      sizeOf: (id) => program.tensors[id]!.size,
      define,
    }),
  )
  const outputs = program.outputs.map((tensor) => {
    const { name } = program.tensors[tensor]!
    const own = recipe.outputs.find((output) => output.name === name)
    if (!own) throw new RecipeError(`recipe has no output "${name}"; it was made for another model`)
    return { tensor, recipe: own }
  })
  return { tensors, inputs, outputs, steps }
}
