// SPDX-License-Identifier: GPL-3.0-or-later

import {
  groupRows,
  MagnitudeError,
  roundShift,
  type QuantizedDivide,
  type QuantizedLinear,
  type QuantizedProgram,
  type QuantizedRescale,
  type QuantizedStep,
  type QuantizedTable,
} from '../quantize'
import type { ArgMaxStep, MaxStep, ProductStep } from '../quantize'
import { elementInterval } from './feed'
import { product, table, type Gadget } from './gadgets'
import { maxInterval, planArgMax, planDivide, planMax, planRescale, planSplit, type RescalePlan } from './plan'

/** Which gadget computes each element of a step. Pricing adds these up; linking instantiates them. */
export type StepPlan =
  | { readonly kind: 'linear'; readonly step: QuantizedLinear }
  | { readonly kind: 'rescale'; readonly step: QuantizedRescale; readonly elements: readonly RescalePlan[] }
  | { readonly kind: 'split'; readonly step: QuantizedRescale; readonly elements: readonly SplitPlan[] }
  | { readonly kind: 'table'; readonly step: QuantizedTable; readonly gadget: Gadget; readonly count: number }
  | { readonly kind: 'max'; readonly step: MaxStep; readonly rows: readonly MaxRow[] }
  | { readonly kind: 'argmax'; readonly step: ArgMaxStep; readonly rows: readonly ArgMaxRow[] }
  | { readonly kind: 'product'; readonly step: ProductStep; readonly gadget: Gadget; readonly count: number }
  | { readonly kind: 'divide'; readonly step: QuantizedDivide; readonly elements: readonly Gadget[] }

/** Both parts from one gadget, or, when the sign is known, the rounded value and what to clamp it to. */
export type SplitPlan =
  { readonly both: Gadget } | { readonly rounded: RescalePlan; readonly sign: 'negative' | 'positive' }

/** A group's elements, and how each after the first joins the running maximum. */
export type MaxRow = { readonly row: readonly number[]; readonly joins: readonly ('first' | 'second' | Gadget)[] }
export type ArgMaxRow = { readonly row: readonly number[]; readonly joins: readonly Gadget[] }

/** The widest decomposition any template takes: what is below 2^251 with a sign and an offset fits the field. */
const MAX_DIGITS = 249

/** @throws MagnitudeError when a value is too wide for its gadget. */
export function planProgram(program: QuantizedProgram): StepPlan[] {
  return program.steps.map((step) => {
    const plan = planStep(program, step)
    for (const gadget of gadgetsOf(plan)) {
      if (gadget.digits > MAX_DIGITS)
        throw new MagnitudeError(
          `node "${step.origin.node}" (${step.origin.op}) compares or rounds values of ${gadget.digits} bits; at most ${MAX_DIGITS} are possible, so use smaller weight exponents`,
        )
    }
    return plan
  })
}

function planStep(program: QuantizedProgram, step: QuantizedStep): StepPlan {
  switch (step.kind) {
    case 'linear':
      return { kind: 'linear', step }
    case 'rescale': {
      const elements = Array.from({ length: program.tensors[step.source]!.size }, (_, i) => i)
      const range = (i: number) => elementInterval(program, step.source, i)
      if (step.mode !== 'split')
        return {
          kind: 'rescale',
          step,
          elements: elements.map((i) => planRescale(range(i), step.shift, step.mode === 'relu', step.clamp)),
        }
      return { kind: 'split', step, elements: elements.map((i) => planBoth(step, range(i))) }
    }
    case 'table':
      return {
        kind: 'table',
        step,
        gadget: table(step.bits, Array.from(step.values)),
        count: program.tensors[step.output]!.size,
      }
    case 'max':
    case 'argmax':
      return step.kind === 'max' ? planMaxStep(program, step) : planArgMaxStep(program, step)
    case 'product':
      return { kind: 'product', step, gadget: product(), count: step.indexA.length }
    case 'divide': {
      const elements = Array.from(step.index, (j) =>
        planDivide(step.scaleBits, elementInterval(program, step.denominator, j)),
      )
      return { kind: 'divide', step, elements }
    }
  }
}

function planBoth(step: QuantizedRescale, range: { lo: bigint; hi: bigint }): SplitPlan {
  const both = planSplit(range, step.shift)
  if (both) return { both }
  return {
    rounded: planRescale(range, step.shift, false, undefined),
    sign: roundShift(range.lo, step.shift) >= 0n ? 'positive' : 'negative',
  }
}

function planMaxStep(program: QuantizedProgram, step: MaxStep): StepPlan {
  const rows = groupRows(step.groups).map((row): MaxRow => {
    let best = elementInterval(program, step.source, row[0]!)
    const joins = row.slice(1).map((i) => {
      const next = elementInterval(program, step.source, i)
      const join = planMax(best, next)
      best = join === 'first' ? best : join === 'second' ? next : maxInterval(best, next)
      return join
    })
    return { row, joins }
  })
  return { kind: 'max', step, rows }
}

function planArgMaxStep(program: QuantizedProgram, step: ArgMaxStep): StepPlan {
  const rows = groupRows(step.groups).map((row): ArgMaxRow => {
    let best = elementInterval(program, step.source, row[0]!)
    const joins = row.slice(1).map((i) => {
      const next = elementInterval(program, step.source, i)
      const join = planArgMax(best, next)
      best = maxInterval(best, next)
      return join
    })
    return { row, joins }
  })
  return { kind: 'argmax', step, rows }
}

/** Every gadget instance of a plan, in order. */
export function* gadgetsOf(plan: StepPlan): Generator<Gadget> {
  switch (plan.kind) {
    case 'linear':
      return
    case 'rescale':
      for (const element of plan.elements) if (element.kind === 'gadget') yield element.gadget
      return
    case 'split':
      for (const element of plan.elements) {
        if ('both' in element) yield element.both
        else if (element.rounded.kind === 'gadget') yield element.rounded.gadget
      }
      return
    case 'table':
    case 'product':
      for (let i = 0; i < plan.count; i++) yield plan.gadget
      return
    case 'max':
    case 'argmax':
      for (const { joins } of plan.rows) for (const join of joins) if (typeof join !== 'string') yield join
      return
    case 'divide':
      yield* plan.elements
  }
}
