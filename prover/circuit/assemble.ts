// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedProgram } from '../quantize'
import type { CompiledGadget, GadgetCompiler } from './gadget-compiler'
import { gadgetProgram } from './gadget-source'
import { bindContext, inputDigit, poseidonLink, type Gadget } from './gadgets'
import { linkCircuit } from './link'
import type { LinkedCircuit } from './linker'
import { planProgram } from './plan-program'
import { gadgetsOf } from './steps'

export type AssembleProgress = (stage: 'gadgets' | 'link', done: number, total: number) => void

/**
 * Plans a quantised program, compiles the gadgets it needs (each once, from the cache where it can) and links them.
 *
 * @throws CircomError, GadgetError, LinkError
 */
export async function assembleCircuit(
  program: QuantizedProgram,
  compiler: GadgetCompiler,
  onProgress?: AssembleProgress,
): Promise<LinkedCircuit> {
  const plans = planProgram(program)
  const needed = new Map<string, Gadget>()
  const need = (gadget: Gadget) => needed.set(gadgetProgram(gadget), gadget)
  for (const { recipe } of program.inputs) need(inputDigit(recipe.bits))
  for (const plan of plans) for (const gadget of new Set(gadgetsOf(plan))) need(gadget)
  need(bindContext())
  const committed: readonly string[] = [...program.inputs, ...program.outputs].map(({ recipe }) => recipe.visibility)
  if (committed.includes('hashed') || committed.includes('weights')) need(poseidonLink())

  const compiled = new Map<string, CompiledGadget>()
  for (const [key, gadget] of needed) {
    onProgress?.('gadgets', compiled.size, needed.size)
    compiled.set(key, await compiler.compile(gadget))
  }
  onProgress?.('link', 0, 1)
  const keys = new WeakMap<Gadget, CompiledGadget>()
  const circuit = linkCircuit(program, plans, (gadget) => {
    const known = keys.get(gadget) ?? compiled.get(gadgetProgram(gadget))!
    keys.set(gadget, known)
    return known
  })
  onProgress?.('link', 1, 1)
  return circuit
}
