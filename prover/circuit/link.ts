// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedProgram } from '../quantize'
import type { CompiledGadget } from './gadget-compiler'
import type { Gadget } from './gadgets'
import { linkSignals } from './link-signals'
import { Linker, type LinkedCircuit } from './linker'
import { linkStep, type StepPlan } from './steps'

/**
 * Links compiled gadgets and affine maps into one circuit.
 *
 * @param compiled looks up a compiled gadget; every gadget of `plans` and of the interface must be there.
 * @throws LinkError when a proven interval does not fit a gadget, or a row can never hold.
 */
export function linkCircuit(
  program: QuantizedProgram,
  plans: readonly StepPlan[],
  compiled: (gadget: Gadget) => CompiledGadget,
): LinkedCircuit {
  const linker = new Linker(program, compiled)
  linker.part({ step: 'inputs', origin: { node: 'inputs', op: 'Input' } }, () => linker.inputRanges())
  for (const plan of plans) {
    linker.part({ step: plan.step.name, origin: plan.step.origin }, () => linkStep(linker, plan))
  }
  linkSignals(linker)
  return linker.finish()
}
