// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedStep } from '../../quantize'
import type { Gadget } from '../gadgets'
import type { Linker } from '../linker'
import { bitwise, type BitwisePlan } from './bitwise'
import { compare, type ComparePlan } from './compare'
import { divide, type DividePlan } from './divide'
import { linear, type LinearPlan } from './linear'
import { argmax, max, type ArgMaxPlan, type MaxPlan } from './max'
import { onehot, type OneHotPlan } from './one-hot'
import { product, type ProductPlan } from './product'
import { rescale, type RescalePlan } from './rescale'
import { round, type RoundPlan } from './round'
import { squareRoot, type SquareRootPlan } from './square-root'
import type { CircuitStep } from './step'
import { table, type TablePlan } from './table'
import { thresholds, type ThresholdsPlan } from './thresholds'

/** Which gadget computes each element of a step. */
export type StepPlan =
  | LinearPlan
  | RescalePlan
  | TablePlan
  | MaxPlan
  | ArgMaxPlan
  | ProductPlan
  | DividePlan
  | ComparePlan
  | RoundPlan
  | SquareRootPlan
  | OneHotPlan
  | ThresholdsPlan
  | BitwisePlan

type Kinds = {
  readonly [K in QuantizedStep['kind']]: CircuitStep<
    Extract<QuantizedStep, { kind: K }>,
    Extract<StepPlan, { kind: K }>
  >
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

/** How a step's kind is computed. */
export function circuitStepOf({ kind }: QuantizedStep | StepPlan): CircuitStep<QuantizedStep, StepPlan> {
  // Each kind only ever meets its own steps and plans.
  return KINDS[kind] as unknown as CircuitStep<QuantizedStep, StepPlan>
}

/** Every gadget instance of a plan, in order. */
export function gadgetsOf(plan: StepPlan): Iterable<Gadget> {
  return circuitStepOf(plan).gadgets(plan)
}

/** Adds the rows of one step. */
export function linkStep(linker: Linker, plan: StepPlan): void {
  circuitStepOf(plan).link(linker, plan)
}
