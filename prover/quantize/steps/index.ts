// SPDX-License-Identifier: GPL-3.0-or-later

import { bitwise, type BitwiseStep } from './bitwise'
import { compare, type CompareStep } from './compare'
import { divide, type DivideStep, type QuantizedDivide } from './divide'
import { linear, type LinearStep, type QuantizedLinear } from './linear'
import { argmax, max, type ArgMaxStep, type MaxStep } from './max'
import { onehot, type OneHotStep } from './one-hot'
import { product, type ProductStep } from './product'
import { rescale, type QuantizedRescale, type RescaleStep } from './rescale'
import { round, type QuantizedRound, type RoundStep } from './round'
import { squareRoot, type QuantizedSquareRoot, type SquareRootStep } from './square-root'
import type { StepKind } from './step'
import { table, type QuantizedTable, type TableStep } from './table'
import { thresholds, type QuantizedThresholds, type ThresholdsStep } from './thresholds'

/** A step of a program over the reals. */
export type Step =
  | LinearStep
  | RescaleStep
  | TableStep
  | MaxStep
  | ArgMaxStep
  | ProductStep
  | DivideStep
  | CompareStep
  | RoundStep
  | SquareRootStep
  | OneHotStep
  | ThresholdsStep
  | BitwiseStep

/** A step over the integers: what the circuit proves, element by element. */
export type QuantizedStep =
  | QuantizedLinear
  | QuantizedRescale
  | QuantizedTable
  | MaxStep
  | ArgMaxStep
  | ProductStep
  | QuantizedDivide
  | CompareStep
  | QuantizedRound
  | QuantizedSquareRoot
  | OneHotStep
  | QuantizedThresholds
  | BitwiseStep

type Kinds = {
  readonly [K in Step['kind']]: StepKind<Extract<Step, { kind: K }>, Extract<QuantizedStep, { kind: K }>>
}

const KINDS: Kinds = {
  linear,
  rescale,
  table,
  max,
  argmax,
  product,
  divide,
  compare,
  round,
  squareRoot,
  onehot,
  thresholds,
  bitwise,
}

/** What a step's kind means. */
export function kindOf({ kind }: Step | QuantizedStep): StepKind<Step, QuantizedStep> {
  // Each kind only ever meets its own steps.
  return KINDS[kind] as unknown as StepKind<Step, QuantizedStep>
}

/** The tensors a step reads. */
export function sourcesOf(step: Step | QuantizedStep): readonly number[] {
  return kindOf(step).sources(step)
}

/** The tensors a step writes. */
export function outputsOf(step: Step | QuantizedStep): readonly number[] {
  return kindOf(step).outputs(step)
}

/** Calls `read` for every reading of an element. */
export function forEachRead(
  step: QuantizedStep,
  sizeOf: (tensor: number) => number,
  read: (tensor: number, element: number) => void,
): void {
  kindOf(step).reads(step, sizeOf, read)
}

export type { BitwiseStep } from './bitwise'
export { decided, type CompareStep } from './compare'
export type { DivideStep, QuantizedDivide } from './divide'
export { exactWeightExponent, type LinearStep, type QuantizedLinear } from './linear'
export type { ArgMaxStep, MaxStep } from './max'
export type { OneHotStep } from './one-hot'
export type { ProductStep } from './product'
export { limitsOf, roundShift, type Limits, type QuantizedRescale, type RescaleStep } from './rescale'
export type { QuantizedRound, RoundStep } from './round'
export type { QuantizedSquareRoot, SquareRootStep } from './square-root'
export {
  groupRows,
  toBigInts,
  type Groups,
  type IntegerValues,
  type Origin,
  type ProgramTensor,
  type QuantizedTensor,
} from './step'
export type { QuantizedTable, TableStep } from './table'
export type { QuantizedThresholds, ThresholdsStep } from './thresholds'
