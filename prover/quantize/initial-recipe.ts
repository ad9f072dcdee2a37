// SPDX-License-Identifier: GPL-3.0-or-later

import type { Sample } from './accuracy'
import { evaluateFloat } from './evaluate'
import type { Program } from './program'
import type { InputRecipe, OutputRecipe, Recipe, StepRecipe } from './recipe'
import { kindOf } from './steps'

/** Smallest and largest value of a tensor over the samples. */
export type SeenRange = { readonly lo: number; readonly hi: number }

/** A recipe that is finer than most models need: where the search starts. */
export function initialRecipe(
  program: Program,
  inputs: readonly InputRecipe[],
  outputs: readonly OutputRecipe[],
  tools: Recipe['tools'],
  samples: readonly Sample[],
): Recipe {
  const seen = seenRanges(program, samples)
  const exponents = new Map<number, number>()
  program.inputs.forEach((tensor, i) => exponents.set(tensor, inputs[i]!.exponent))
  const steps: Record<string, StepRecipe> = {}
  const context = {
    exponentOf: (tensor: number) => exponents.get(tensor)!,
    setExponent: (tensor: number, exponent: number) => exponents.set(tensor, exponent),
    recipeOf: (name: string) => steps[name],
    seen: (tensor: number) => seen[tensor]!,
  }
  for (const step of program.steps) {
    const recipe = kindOf(step).initial(step, context)
    if (Object.keys(recipe).length > 0) steps[step.name] = recipe
  }
  return { format: 'zkml-recipe/1', rounding: 'half-up', tools, inputs, outputs, steps }
}

/** The range of each tensor's values over the samples; [0, 0] without samples. */
export function seenRanges(program: Program, samples: readonly Sample[]): SeenRange[] {
  const lo = new Array<number>(program.tensors.length).fill(Infinity)
  const hi = new Array<number>(program.tensors.length).fill(-Infinity)
  for (const sample of samples) {
    evaluateFloat(program, sample).forEach((values, tensor) => {
      for (const value of values) {
        if (value < lo[tensor]!) lo[tensor] = value
        if (value > hi[tensor]!) hi[tensor] = value
      }
    })
  }
  return lo.map((low, i) => (low <= hi[i]! ? { lo: low, hi: hi[i]! } : { lo: 0, hi: 0 }))
}
