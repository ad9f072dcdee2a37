// SPDX-License-Identifier: GPL-3.0-or-later

import { LinkError } from './constraint-builder'
import type { Feed } from './feed'
import type { LinkedCircuit } from './linker'

/** A signal of the exported program with its factor. */
type NamedTerm = readonly [name: string, factor: bigint]

/** Names of the signals of an exported program. */
export class ExportNames {
  /** Public inputs besides the context. */
  readonly publicInputs: number
  private readonly wires = new Map<number, string>()
  private readonly tableNames = new Map<string, { readonly values: readonly number[]; readonly name: string }>()

  constructor(private readonly circuit: LinkedCircuit) {
    const { r1cs, program, inputWires, saltWires, contextWire, instances } = circuit
    this.publicInputs = r1cs.nPubIn - 1
    for (let i = 0; i < r1cs.nPubOut; i++) this.wires.set(1 + i, `publicOutputs[${i}]`)
    for (let i = 0; i < this.publicInputs; i++) this.wires.set(1 + r1cs.nPubOut + i, `publicInputs[${i}]`)
    this.wires.set(contextWire, 'context')
    inputWires.forEach((first, i) => {
      const { size } = program.tensors[program.inputs[i]!.tensor]!
      for (let k = 0; k < size; k++) this.wires.set(first + k, `digits${i}[${k}]`)
    })
    saltWires.forEach((wire, i) => this.wires.set(wire, `salts[${i}]`))
    if (circuit.weightsSaltWire !== undefined) this.wires.set(circuit.weightsSaltWire, 'weightsSalt')
    instances.forEach(({ gadget: { gadget }, base }, i) => {
      let wire = base
      for (const { name, size } of gadget.outputs) {
        for (let k = 0; k < size; k++)
          this.wires.set(wire++, `${this.instance(i)}.${name}${size === 1 ? '' : `[${k}]`}`)
      }
      for (const value of gadget.parameters) if (typeof value !== 'number') this.table(value)
    })
  }

  /** Declarations of the model's own signals, public ones first and in their order. */
  interfaceLines(): string[] {
    const { r1cs, program, saltWires } = this.circuit
    const lines = [`signal output publicOutputs[${r1cs.nPubOut}];`]
    if (this.publicInputs > 0) lines.push(`signal input publicInputs[${this.publicInputs}];`)
    lines.push('signal input context;')
    program.inputs.forEach(({ tensor }, i) => lines.push(`signal input digits${i}[${program.tensors[tensor]!.size}];`))
    if (saltWires.length > 0) lines.push(`signal input salts[${saltWires.length}];`)
    if (this.circuit.weightsSaltWire !== undefined) lines.push('signal input weightsSalt;')
    return lines
  }

  instance(index: number): string {
    return `gadget${index}`
  }

  linear(tensor: number): string {
    return `linear${tensor}`
  }

  /** The variable that holds a table's values. */
  table(values: readonly number[]): string {
    const key = values.join()
    let entry = this.tableNames.get(key)
    if (!entry) this.tableNames.set(key, (entry = { values, name: `table${this.tableNames.size}` }))
    return entry.name
  }

  /** Every table of the circuit with its variable. */
  *tables(): Generator<readonly [values: readonly number[], name: string]> {
    for (const { values, name } of this.tableNames.values()) yield [values, name]
  }

  wire(wire: number): string {
    const name = this.wires.get(wire)
    if (name === undefined) throw new LinkError(`wire ${wire} has no name outside its gadget`)
    return name
  }

  /** A feed in signals of the exported program, terms of one signal added up. */
  expand(feed: Feed): readonly [terms: readonly NamedTerm[], constant: bigint] {
    const terms = new Map<string, bigint>()
    let constant = feed.constant
    const add = (name: string, factor: bigint) => terms.set(name, (terms.get(name) ?? 0n) + factor)
    const addElement = (tensor: number, element: number, factor: bigint): void => {
      const form = this.circuit.forms[tensor]?.[element]
      if (!form) add(`${this.linear(tensor)}[${element}]`, factor)
      else if ('constant' in form) constant += form.constant * factor
      else {
        constant += form.offset * factor
        if ('wire' in form) add(this.wire(form.wire), factor)
        else addElement(form.tensor, form.element, factor)
      }
    }
    for (const term of feed.terms) {
      if ('wire' in term) add(this.wire(term.wire), term.factor)
      else addElement(term.tensor, term.element, term.factor)
    }
    return [[...terms].filter(([, factor]) => factor !== 0n), constant]
  }
}
