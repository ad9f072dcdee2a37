// SPDX-License-Identifier: GPL-3.0-or-later

import type { Visibility } from '../encodings'
import { ZkmlError } from '../errors'

/** How one step is quantised. Which fields apply depends on the step's kind. */
export type StepRecipe = {
  /** linear: weights are rounded to multiples of 2^-weightExponent. */
  readonly weightExponent?: number
  /** rescale, table, divide, sqrt: results are multiples of 2^-exponent. */
  readonly exponent?: number
  /** rescale: results are clamped to this many bits. Always present before a table. */
  readonly clampBits?: number
  /** rescale: lower end of the clamp; by default 0 after a ReLU, 1 before a division, otherwise −2^(clampBits−1). */
  readonly clampLo?: number
  /** table: 2^segmentBits linear segments; without it the table has an entry for every argument. */
  readonly segmentBits?: number
}

/** An input tensor: digits lie in [lo, lo + 2^bits − 1], in units of 2^-exponent. */
export type InputRecipe = {
  readonly name: string
  /** `weights` for a tensor of private weights: committed to once for all proofs, and no input of the model. */
  readonly visibility: Visibility | 'weights'
  readonly bits: number
  readonly lo: number
  readonly exponent: number
}

export type OutputRecipe = { readonly name: string; readonly visibility: Exclude<Visibility, 'private'> }

/**
 * Every choice calibration made. Compilation is a deterministic function of the ONNX file and this object, which is
 * hashed as canonical JSON; every number in it is therefore an integer.
 */
export type Recipe = {
  readonly format: 'zkml-recipe/1'
  readonly rounding: 'half-up'
  /** Versions whose output is part of the circuit. */
  readonly tools: { readonly circom2: string; readonly circomlib: string }
  readonly inputs: readonly InputRecipe[]
  readonly outputs: readonly OutputRecipe[]
  readonly steps: Readonly<Record<string, StepRecipe>>
}

/** Thrown for a recipe that is malformed or does not belong to the model. */
export class RecipeError extends ZkmlError {
  readonly code = 'RECIPE_INVALID'
}

/** Reads a recipe from JSON text, checking every field. */
export function parseRecipe(text: string): Recipe {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new RecipeError('recipe is not valid JSON; recreate it with "zkml compile --samples"')
  }
  const recipe = record(value, 'recipe', ['format', 'rounding', 'tools', 'inputs', 'outputs', 'steps'])
  if (recipe.format !== 'zkml-recipe/1')
    throw new RecipeError(`recipe.format is ${JSON.stringify(recipe.format)}; this version reads "zkml-recipe/1"`)
  if (recipe.rounding !== 'half-up')
    throw new RecipeError(`recipe.rounding is ${JSON.stringify(recipe.rounding)}; only "half-up" exists`)
  const tools = record(recipe.tools, 'recipe.tools', ['circom2', 'circomlib'])
  // As entries, so that a step may have any name and all of them are hashed.
  const steps = Object.fromEntries(
    Object.entries(record(recipe.steps, 'recipe.steps')).map(([name, step]) => [name, parseStep(step, name)]),
  )
  return {
    format: 'zkml-recipe/1',
    rounding: 'half-up',
    tools: {
      circom2: text_(tools.circom2, 'recipe.tools.circom2'),
      circomlib: text_(tools.circomlib, 'recipe.tools.circomlib'),
    },
    inputs: list(recipe.inputs, 'recipe.inputs').map((input, i) => parseInput(input, `recipe.inputs[${i}]`)),
    outputs: list(recipe.outputs, 'recipe.outputs').map((output, i) => {
      const at = `recipe.outputs[${i}]`
      const fields = record(output, at, ['name', 'visibility'])
      const visibility = oneOf(fields.visibility, ['public', 'hashed'] as const, `${at}.visibility`)
      return { name: text_(fields.name, `${at}.name`), visibility }
    }),
    steps,
  }
}

function parseInput(value: unknown, at: string): InputRecipe {
  const fields = record(value, at, ['name', 'visibility', 'bits', 'lo', 'exponent'])
  return {
    name: text_(fields.name, `${at}.name`),
    visibility: oneOf(fields.visibility, ['public', 'hashed', 'private', 'weights'] as const, `${at}.visibility`),
    bits: integer(fields.bits, 1, 40, `${at}.bits`),
    lo: integer(fields.lo, -(2 ** 40), 2 ** 40, `${at}.lo`),
    exponent: integer(fields.exponent, -64, 64, `${at}.exponent`),
  }
}

function parseStep(value: unknown, name: string): StepRecipe {
  const at = `recipe.steps[${JSON.stringify(name)}]`
  const fields = record(value, at, ['weightExponent', 'exponent', 'clampBits', 'clampLo', 'segmentBits'])
  return {
    ...(fields.weightExponent !== undefined && {
      weightExponent: integer(fields.weightExponent, -64, 64, `${at}.weightExponent`),
    }),
    ...(fields.exponent !== undefined && { exponent: integer(fields.exponent, -128, 128, `${at}.exponent`) }),
    ...(fields.clampBits !== undefined && { clampBits: integer(fields.clampBits, 1, 64, `${at}.clampBits`) }),
    ...(fields.clampLo !== undefined && { clampLo: integer(fields.clampLo, -(2 ** 50), 2 ** 50, `${at}.clampLo`) }),
    ...(fields.segmentBits !== undefined && { segmentBits: integer(fields.segmentBits, 2, 12, `${at}.segmentBits`) }),
  }
}

/** An object; with `fields`, one that has no others: the recipe's hash must cover all that its file says. */
function record(value: unknown, at: string, fields?: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RecipeError(`${at} must be an object`)
  const unknown = fields && Object.keys(value).find((key) => !fields.includes(key))
  if (unknown !== undefined) throw new RecipeError(`${at}.${unknown} is not a known field`)
  return value as Readonly<Record<string, unknown>>
}

function list(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new RecipeError(`${at} must be a list`)
  return value
}

function text_(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new RecipeError(`${at} must be a string`)
  return value
}

function oneOf<T extends string>(value: unknown, choices: readonly T[], at: string): T {
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw new RecipeError(`${at} must be one of ${choices.join(', ')}`)
  return found
}

function integer(value: unknown, min: number, max: number, at: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new RecipeError(`${at} must be an integer from ${min} to ${max}`)
  return value
}

/** The recipe with another entry for a step. */
export function withStep(recipe: Recipe, name: string, step: StepRecipe): Recipe {
  return { ...recipe, steps: { ...recipe.steps, [name]: step } }
}
