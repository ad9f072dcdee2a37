// SPDX-License-Identifier: GPL-3.0-or-later

import { tensorSignals, tensorWords, type TensorSpec } from '../encodings'
import type { CostModel } from '../quantize'
import { poseidonLink } from './gadgets'
import { planProgram } from './plan-program'
import { ioSchemaOf, weightWords } from './schema'
import { gadgetsOf } from './steps'

/**
 * The cost model of the linker: the gadgets each step will take, and the rows of the interface. It leaves out the
 * rows that give long combinations a wire, which are few.
 */
export const priceProgram: CostModel = (program) => {
  const steps = planProgram(program).map((plan) => {
    let constraints = 0
    for (const gadget of gadgetsOf(plan)) constraints += gadget.rows
    return { step: plan.step.name, origin: plan.step.origin, constraints }
  })
  const { inputs, outputs } = ioSchemaOf(program)
  let constraints = 1 + steps.reduce((sum, step) => sum + step.constraints, 0)
  program.inputs.forEach(({ tensor, recipe }) => (constraints += program.tensors[tensor]!.size * recipe.bits))
  for (const spec of [...inputs, ...outputs]) constraints += signalRows(spec)
  const weightWordCount = weightWords(program).length
  if (weightWordCount > 0) constraints += commitmentRows(weightWordCount)
  return { constraints, steps }
}

function signalRows(spec: TensorSpec): number {
  if (spec.visibility !== 'hashed') return tensorSignals(spec)
  return commitmentRows(tensorWords(spec))
}

/** The links of a commitment, and the row that makes it public. */
function commitmentRows(words: number): number {
  return 1 + Math.ceil((words + 1) / 4) * poseidonLink().rows
}
