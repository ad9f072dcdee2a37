// SPDX-License-Identifier: GPL-3.0-or-later

import type { CircuitPart, LinkedCircuit, LinkedInstance } from '../linker'
import { auditWires } from './audit'

/** A wire the audit could not reach, and where it is in the model. */
export type UnreachedWire = { readonly wire: number; readonly gadget: string } & CircuitPart

export type CircuitAudit = {
  readonly deterministic: boolean
  readonly constraints: number
  readonly wires: number
  readonly unreached: readonly UnreachedWire[]
}

/**
 * Audits a linked circuit: from the input digits, the salts and the context, every other wire, outputs and packed
 * words among them, must follow.
 */
export function auditCircuit(circuit: LinkedCircuit): CircuitAudit {
  const { r1cs, program } = circuit
  const { contextWire, saltWires, weightsSaltWire } = circuit
  const start = [contextWire, ...saltWires, ...(weightsSaltWire === undefined ? [] : [weightsSaltWire])]
  circuit.inputWires.forEach((first, i) => {
    const { size } = program.tensors[program.inputs[i]!.tensor]!
    for (let k = 0; k < size; k++) start.push(first + k)
  })
  const { deterministic, unreached } = auditWires(r1cs, start)
  const locate = instanceLocator(circuit.instances)
  const found = unreached.map((wire): UnreachedWire => {
    const instance = locate(wire)
    if (instance) return { wire, gadget: instance.gadget.gadget.template, ...instance.part }
    return { wire, gadget: LINEAR, step: 'interface', origin: { node: 'interface', op: 'Signal' } }
  })
  return {
    deterministic,
    constraints: r1cs.nConstraints,
    wires: r1cs.nWires,
    unreached: [...found.filter(({ gadget }) => gadget !== LINEAR), ...found.filter(({ gadget }) => gadget === LINEAR)],
  }
}

/** Wires of linear rows and public words: they follow from gadgets, so a gadget listed before them is the cause. */
const LINEAR = 'linear row'

/** Finds the instance that owns a wire; instances are in ascending order of their first wire. */
function instanceLocator(instances: readonly LinkedInstance[]): (wire: number) => LinkedInstance | undefined {
  return (wire) => {
    let [low, high] = [0, instances.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (instances[middle]!.base <= wire) low = middle + 1
      else high = middle
    }
    const instance = instances[low - 1]
    if (!instance) return undefined
    const own = instance.gadget.r1cs.nWires - 1 - instance.gadget.inputCount
    return wire < instance.base + own ? instance : undefined
  }
}

export { auditWires, type WireAudit } from './audit'
