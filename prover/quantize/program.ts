// SPDX-License-Identifier: GPL-3.0-or-later

import type { LinearMap } from './linear-map'
import type { Groups } from './linear-ops'

/** The ONNX node a step comes from, for reports and messages. */
export type Origin = { readonly node: string; readonly op: string }

/** A flat tensor of a program; `id` is its position in {@link Program.tensors}. */
export type ProgramTensor = {
  readonly id: number
  readonly name: string
  readonly shape: readonly number[]
  readonly size: number
}

/** Smooth functions that are evaluated by a table; `decay` is exp(−x) for x ≥ 0. All are monotone. */
export type TableFunction = 'sigmoid' | 'tanh' | 'decay'

type StepBase = {
  /** Unique; the node's name, with a suffix where a node takes several steps. Recipes refer to it. */
  readonly name: string
  readonly origin: Origin
  readonly output: number
}

/** y = W·x + bias over the reals. Costs nothing in R1CS. */
export type LinearStep = StepBase & { readonly kind: 'linear'; readonly map: LinearMap }

/**
 * Rounding to a coarser scale with an optional ReLU and clamp, one decomposition an element.
 * `split` yields the rounded value as `output` and its positive part as `positive`.
 */
export type RescaleStep = StepBase & {
  readonly kind: 'rescale'
  readonly mode: 'identity' | 'relu' | 'split'
  readonly source: number
  readonly positive?: number
  /** Set when the next step is a table of this function: the argument is clamped to the table's range. */
  readonly tableFor?: TableFunction
}

/** y = f(x) by a table with one entry for each value of the clamped argument. */
export type TableStep = StepBase & { readonly kind: 'table'; readonly fn: TableFunction; readonly source: number }

/** Maximum over each group of elements. */
export type MaxStep = StepBase & { readonly kind: 'max'; readonly source: number; readonly groups: Groups }

/** Position, within its group, of the largest element; the lowest on ties. */
export type ArgMaxStep = StepBase & { readonly kind: 'argmax'; readonly source: number; readonly groups: Groups }

/** y_i = a[indexA_i] · b[indexB_i]. */
export type ProductStep = StepBase & {
  readonly kind: 'product'
  readonly a: number
  readonly b: number
  readonly indexA: Int32Array
  readonly indexB: Int32Array
}

/** y_i = numerator_i / denominator[index_i], where 0 ≤ numerator_i ≤ denominator and denominator ≥ 1 in integers. */
export type DivideStep = StepBase & {
  readonly kind: 'divide'
  readonly numerator: number
  readonly denominator: number
  readonly index: Int32Array
}

export type Step = LinearStep | RescaleStep | TableStep | MaxStep | ArgMaxStep | ProductStep | DivideStep

/** A model as affine maps between non-linear steps, before any number is rounded. Steps are in execution order. */
export type Program = {
  readonly tensors: readonly ProgramTensor[]
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly steps: readonly Step[]
}

/** The tensors a step reads. */
export function sourcesOf(step: Step): readonly number[] {
  switch (step.kind) {
    case 'linear':
      return step.map.sources.map((source) => source.tensor)
    case 'product':
      return [step.a, step.b]
    case 'divide':
      return [step.numerator, step.denominator]
    default:
      return [step.source]
  }
}

/** The tensors a step writes. */
export function outputsOf(step: Step): readonly number[] {
  return step.kind === 'rescale' && step.positive !== undefined ? [step.output, step.positive] : [step.output]
}
