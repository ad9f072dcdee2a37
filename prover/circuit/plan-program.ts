// SPDX-License-Identifier: GPL-3.0-or-later

import { MagnitudeError, type QuantizedProgram, type QuantizedStep } from '../quantize'
import { circuitStepOf, gadgetsOf, type StepPlan } from './steps'

/** The widest decomposition any template takes: what is below 2^251 with a sign and an offset fits the field. */
const MAX_DIGITS = 249

/** @throws MagnitudeError when a value is too wide for its gadget. */
export function planProgram(program: QuantizedProgram): StepPlan[] {
  return program.steps.map((step) => planStep(program, step))
}

/** The gadgets of one step; {@link planProgram}. */
export function planStep(program: QuantizedProgram, step: QuantizedStep): StepPlan {
  const plan = circuitStepOf(step).plan(program, step)
  for (const gadget of gadgetsOf(plan)) {
    if (gadget.digits > MAX_DIGITS)
      throw new MagnitudeError(
        `node "${step.origin.node}" (${step.origin.op}) compares or rounds values of ${gadget.digits} bits; at most ${MAX_DIGITS} are possible, so use smaller weight exponents`,
      )
  }
  return plan
}
