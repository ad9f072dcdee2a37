// SPDX-License-Identifier: GPL-3.0-or-later

import type { Sample } from './accuracy'
import { evaluateFloat } from './evaluate-float'
import type { Program, Step, TableFunction } from './program'
import { exactWeightExponent } from './quantize'
import type { InputRecipe, OutputRecipe, Recipe, StepRecipe } from './recipe'

/** Bits that the largest weight and the largest activation of a layer start calibration with. */
const START_BITS = 12
const TABLE_BITS = 10
const TABLE_EXPONENT = 12

/** log2 of where a table's argument ends: beyond it sigmoid, tanh and decay are flat to 2^-10 or better. */
const TABLE_REACH: Record<TableFunction, number> = { sigmoid: 3, tanh: 2, decay: 4 }

/** A recipe that is finer than most models need: where the search starts. */
export function initialRecipe(
  program: Program,
  inputs: readonly InputRecipe[],
  outputs: readonly OutputRecipe[],
  tools: Recipe['tools'],
  samples: readonly Sample[],
): Recipe {
  const largest = observedMagnitudes(program, samples)
  const exponentOf = new Map<number, number>()
  program.inputs.forEach((tensor, i) => exponentOf.set(tensor, inputs[i]!.exponent))
  const steps: Record<string, StepRecipe> = {}
  for (const step of program.steps) {
    const recipe = initialStep(step, largest, exponentOf)
    if (Object.keys(recipe).length > 0) steps[step.name] = recipe
  }
  return { format: 'zkml-recipe/1', rounding: 'half-up', tools, inputs, outputs, steps }
}

function initialStep(step: Step, largest: readonly number[], exponentOf: Map<number, number>): StepRecipe {
  const set = (exponent: number) => exponentOf.set(step.output, exponent)
  switch (step.kind) {
    case 'linear': {
      const exact = exactWeightExponent(step.map)
      const weightExponent = exact ?? Math.max(0, START_BITS - ceilLog2(maxMagnitude(step.map.weight)))
      const finest = step.map.sources.map(({ tensor }) => exponentOf.get(tensor)!)
      set(Math.max(0, ...finest) + weightExponent)
      return exact === undefined ? { weightExponent } : {}
    }
    case 'rescale': {
      const available = exponentOf.get(step.source)!
      const reach = step.tableFor ? TABLE_REACH[step.tableFor] : undefined
      const signed = step.mode === 'relu' ? 0 : 1
      const wanted = reach === undefined ? START_BITS - ceilLog2(largest[step.source]!) : TABLE_BITS - signed - reach
      const exponent = Math.min(available, wanted)
      set(exponent)
      if (step.positive !== undefined) exponentOf.set(step.positive, exponent)
      return { exponent, ...(reach !== undefined && { clampBits: exponent + reach + signed }) }
    }
    case 'table':
      set(TABLE_EXPONENT)
      return { exponent: TABLE_EXPONENT }
    case 'divide':
      set(TABLE_EXPONENT)
      return { exponent: TABLE_EXPONENT }
    case 'max':
      set(exponentOf.get(step.source)!)
      return {}
    case 'argmax':
      set(0)
      return {}
    case 'product':
      set(exponentOf.get(step.a)! + exponentOf.get(step.b)!)
      return {}
  }
}

/** Largest absolute value of each tensor over the samples. */
export function observedMagnitudes(program: Program, samples: readonly Sample[]): number[] {
  const largest = new Array<number>(program.tensors.length).fill(0)
  for (const sample of samples) {
    evaluateFloat(program, sample).forEach((values, tensor) => {
      largest[tensor] = Math.max(largest[tensor]!, maxMagnitude(values))
    })
  }
  return largest
}

function maxMagnitude(values: Float64Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
}

function ceilLog2(value: number): number {
  return value === 0 ? 0 : Math.ceil(Math.log2(value))
}
