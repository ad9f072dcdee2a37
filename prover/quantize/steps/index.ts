// SPDX-License-Identifier: GPL-3.0-or-later

import { divide, type DivideStep, type QuantizedDivide } from './divide'
import { linear, type LinearStep, type QuantizedLinear } from './linear'
import { argmax, max, type ArgMaxStep, type MaxStep } from './max'
import { product, type ProductStep } from './product'
import { rescale, type QuantizedRescale, type RescaleStep } from './rescale'
import type { StepKind } from './step'
import { table, type QuantizedTable, type TableStep } from './table'

/** A step of a program over the reals. */
export type Step = LinearStep | RescaleStep | TableStep | MaxStep | ArgMaxStep | ProductStep | DivideStep

/** A step over the integers: what the circuit proves, element by element. */
export type QuantizedStep =
  QuantizedLinear | QuantizedRescale | QuantizedTable | MaxStep | ArgMaxStep | ProductStep | QuantizedDivide

type Kinds = {
  readonly [K in Step['kind']]: StepKind<Extract<Step, { kind: K }>, Extract<QuantizedStep, { kind: K }>>
}

const KINDS: Kinds = { linear, rescale, table, max, argmax, product, divide }

/** What a step's kind means. */
export function kindOf({ kind }: Step | QuantizedStep): StepKind<Step, QuantizedStep> {
  // Each kind only ever meets its own steps.
  return KINDS[kind] as unknown as StepKind<Step, QuantizedStep>
}

/** The tensors a step reads. */
export function sourcesOf(step: Step): readonly number[] {
  return kindOf(step).sources(step)
}

/** The tensors a step writes. */
export function outputsOf(step: Step): readonly number[] {
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

export type { DivideStep, QuantizedDivide } from './divide'
export { exactWeightExponent, type LinearStep, type QuantizedLinear } from './linear'
export type { ArgMaxStep, MaxStep } from './max'
export type { ProductStep } from './product'
export { roundShift, type Clamp, type QuantizedRescale, type RescaleStep } from './rescale'
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
export type { TableFunction } from './table-argument'
