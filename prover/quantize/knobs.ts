// SPDX-License-Identifier: GPL-3.0-or-later

import type { Sample } from './accuracy'
import { digitsFor, isExactInput, MAX_INPUT_BITS, realRange } from './input-range'
import type { Program } from './program'
import { withStep, type InputRecipe, type Recipe, type StepRecipe } from './recipe'

/** A number of the recipe that can be made one bit coarser or finer. */
export type Knob = { readonly name: string; readonly turn: (recipe: Recipe, by: -1 | 1) => Recipe | undefined }

/** The bits of each input; those whose samples are represented exactly keep their digits. */
export function inputKnobs(inputs: readonly InputRecipe[], samples: readonly Sample[]): Knob[] {
  return inputs.flatMap((input, i) => {
    if (
      isExactInput(
        input,
        samples.map((sample) => sample[i]!),
      )
    )
      return []
    const turn = (recipe: Recipe, by: -1 | 1): Recipe | undefined => {
      const current = recipe.inputs[i]!
      if (current.bits + by < 2 || current.bits + by > MAX_INPUT_BITS) return undefined
      const [lo, hi] = realRange(current)
      const next = digitsFor(current.name, current.visibility, lo, hi, current.bits + by)
      return { ...recipe, inputs: recipe.inputs.map((other, k) => (k === i ? next : other)) }
    }
    return [{ name: input.name, turn }]
  })
}

/** The precision of each step; `isPossible` tells whether the program can be quantised by a recipe. */
export function stepKnobs({ steps }: Program, isPossible: (recipe: Recipe) => boolean): Knob[] {
  return steps.map((step) => ({
    name: step.name,
    turn: (recipe, by) => {
      const current = recipe.steps[step.name]
      const next = current && turnStep(current, by, step.kind === 'rescale' && step.tableFor !== undefined)
      if (!next) return undefined
      const turned = withStep(recipe, step.name, next)
      return isPossible(turned) ? turned : undefined
    },
  }))
}

/** All knobs turned that can be. */
export function turnEvery(knobs: readonly Knob[], recipe: Recipe, by: -1 | 1): Recipe | undefined {
  const turned = knobs.reduce((current, knob) => knob.turn(current, by) ?? current, recipe)
  return turned === recipe ? undefined : turned
}

/** Beyond this no table is closer to its function. */
const MAX_ARGUMENT_BITS = 30

/** The most that a recipe may say. */
const MAX_CLAMP_BITS = 64

/** What is clamped keeps its reach: fewer bits and a coarser step go together. */
function turnStep(step: StepRecipe, by: -1 | 1, argument: boolean): StepRecipe | undefined {
  if (step.weightExponent !== undefined) return { ...step, weightExponent: step.weightExponent + by }
  if (step.exponent === undefined) return undefined
  if (!argument && step.clampBits === undefined) return { ...step, exponent: step.exponent + by }
  const bits = step.clampBits! + by
  const [least, most] = argument ? [4, MAX_ARGUMENT_BITS] : [1, MAX_CLAMP_BITS]
  if (bits < least || bits > most) return undefined
  const clampLo = step.clampLo === undefined ? {} : { clampLo: Math.ceil(step.clampLo * 2 ** by) }
  return { ...step, exponent: step.exponent + by, clampBits: bits, ...clampLo }
}
