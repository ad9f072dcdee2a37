// SPDX-License-Identifier: GPL-3.0-or-later

import type { InputRecipe, OutputRecipe } from './recipe'
import type { ProgramTensor, QuantizedStep, QuantizedTensor, Step } from './steps'

/** A model as affine maps between non-linear steps, before any number is rounded. Steps are in execution order. */
export type Program = {
  readonly tensors: readonly ProgramTensor[]
  /** Inputs of the model, then tensors of private weights. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly steps: readonly Step[]
}

/** A program over the integers: what the circuit proves, element by element. */
export type QuantizedProgram = {
  readonly tensors: readonly QuantizedTensor[]
  /** Inputs of the model, then tensors of private weights. */
  readonly inputs: readonly { readonly tensor: number; readonly recipe: InputRecipe }[]
  readonly outputs: readonly { readonly tensor: number; readonly recipe: OutputRecipe }[]
  readonly steps: readonly QuantizedStep[]
}

/** Multiplications of one run of the integer model. */
export function multiplications({ steps }: Program): number {
  return steps.reduce(
    (sum, step) =>
      sum + (step.kind === 'linear' ? step.map.column.length : step.kind === 'product' ? step.indexA.length : 0),
    1,
  )
}

/** The shape of each output. */
export function outputShapes({ tensors, outputs }: Program | QuantizedProgram): (readonly number[])[] {
  return outputs.map((output) => tensors[typeof output === 'number' ? output : output.tensor]!.shape)
}
