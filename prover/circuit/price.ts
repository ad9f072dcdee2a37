// SPDX-License-Identifier: GPL-3.0-or-later

import { tensorSignals, tensorWords, type TensorSpec } from '../encodings'
import { sourcesOf, type CostModel, type QuantizedProgram, type QuantizedStep, type QuantizedTensor } from '../quantize'
import { poseidonLink } from './gadgets'
import { planStep } from './plan-program'
import { ioSchemaOf, weightWords } from './schema'
import { gadgetsOf } from './steps'

/**
 * The cost model of the linker: the gadgets each step will take, and the rows of the interface. It leaves out the
 * rows that give long combinations a wire, which are few.
 */
export const priceProgram: CostModel = (program) => {
  const steps = program.steps.map((step) => ({
    step: step.name,
    origin: step.origin,
    constraints: stepRows(program, step),
  }))
  const { inputs, outputs } = ioSchemaOf(program)
  let constraints = 1 + steps.reduce((sum, step) => sum + step.constraints, 0)
  program.inputs.forEach(({ tensor, recipe }) => (constraints += program.tensors[tensor]!.size * recipe.bits))
  for (const spec of [...inputs, ...outputs]) constraints += signalRows(spec)
  const weightWordCount = weightWords(program).length
  if (weightWordCount > 0) constraints += commitmentRows(weightWordCount)
  return { constraints, steps }
}

/** Rows of a step over given tensors: a search prices the same ones again and again. */
const known = new WeakMap<QuantizedStep, { readonly sources: readonly QuantizedTensor[]; readonly rows: number }>()

function stepRows(program: QuantizedProgram, step: QuantizedStep): number {
  const sources = sourcesOf(step).map((id) => program.tensors[id]!)
  const past = known.get(step)
  if (past?.sources.every((source, i) => source === sources[i])) return past.rows
  let rows = 0
  for (const gadget of gadgetsOf(planStep(program, step))) rows += gadget.rows
  known.set(step, { sources, rows })
  return rows
}

function signalRows(spec: TensorSpec): number {
  if (spec.visibility !== 'hashed') return tensorSignals(spec)
  return commitmentRows(tensorWords(spec))
}

/** The links of a commitment, and the row that makes it public. */
function commitmentRows(words: number): number {
  return 1 + Math.ceil((words + 1) / 4) * poseidonLink().rows
}
