// SPDX-License-Identifier: GPL-3.0-or-later

import type { R1cs } from '../binfile'
import type { IoSchema, TensorSpec } from '../encodings'
import { tensorSignals } from '../encodings'
import { forEachRead, type Origin, type QuantizedProgram } from '../quantize'
import { Combination, ConstraintBuilder, LinkError } from './constraint-builder'
import { elementFeed, feedInterval, type Feed } from './feed'
import type { CompiledGadget } from './gadget-compiler'
import { inputDigit, type Gadget, type Interval } from './gadgets'
import { ioSchemaOf } from './schema'

/** A gadget in its place: outputs, then internal wires, from wire `base`; `feeds` give its inputs in order. */
export type LinkedInstance = {
  readonly gadget: CompiledGadget
  readonly base: number
  readonly feeds: readonly Feed[]
  readonly part: CircuitPart
}

/** What a stretch of the circuit belongs to, for reports and messages. */
export type CircuitPart = { readonly step: string; readonly origin: Origin }

/** A wire whose value is a feed: a combination that was given a wire, or a public word. */
export type DerivedWire = { readonly wire: number; readonly feed: Feed }

/** Rows that one part of the model took. */
export type PartCost = CircuitPart & { readonly constraints: number; readonly instances: number }

/** A circuit and all a witness generator needs to fill it. */
export type LinkedCircuit = {
  readonly r1cs: R1cs
  readonly schema: IoSchema
  readonly program: QuantizedProgram
  readonly instances: readonly LinkedInstance[]
  readonly derived: readonly DerivedWire[]
  /** First digit wire of each input tensor; digit = q − lo. */
  readonly inputWires: readonly number[]
  /** One salt per hashed tensor, in signal order. */
  readonly saltWires: readonly number[]
  /** Salt of the commitment to private weights, if there are any. */
  readonly weightsSaltWire?: number
  readonly contextWire: number
  /** Public wires whose value is an instance's output wire: the commitments. */
  readonly copies: readonly { readonly wire: number; readonly from: number }[]
  readonly costs: readonly PartCost[]
  /** Where each element of a tensor is found, by tensor id; absent for affine tensors. */
  readonly forms: readonly (readonly ElementForm[] | undefined)[]
}

/** Where an element's value is to be found: wire + offset, a constant, or another element + offset. */
export type ElementForm =
  | { readonly wire: number; readonly offset: bigint }
  | { readonly constant: bigint }
  | { readonly tensor: number; readonly element: number; readonly offset: bigint }

/** Combinations longer than this get a wire of their own when they are used more than once. */
const LONG = 8

/** The state of a linking run; `link-steps` and `link-signals` drive it. */
export class Linker {
  readonly schema: IoSchema
  readonly builder: ConstraintBuilder
  readonly contextWire: number
  readonly inputWires: number[] = []
  readonly saltWires: number[] = []
  readonly weightsSaltWire: number | undefined
  private readonly forms: (readonly ElementForm[] | undefined)[] = []
  /** Wires given to elements of linear tensors, and how often each element is read. */
  private readonly ownWires = new Map<number, Int32Array>()
  private readonly uses = new Map<number, Uint32Array>()
  private readonly instances: LinkedInstance[] = []
  private readonly derived: DerivedWire[] = []
  private readonly copies: { wire: number; from: number }[] = []
  private readonly costs: PartCost[] = []
  private current: CircuitPart = { step: '', origin: { node: '', op: '' } }

  constructor(
    readonly program: QuantizedProgram,
    readonly compiled: (gadget: Gadget) => CompiledGadget,
  ) {
    this.schema = ioSchemaOf(program)
    const count = (specs: readonly TensorSpec[]) => specs.reduce((sum, spec) => sum + tensorSignals(spec), 0)
    const digits = program.inputs.reduce((sum, { tensor }) => sum + program.tensors[tensor]!.size, 0)
    const hashed = [...this.schema.outputs, ...this.schema.inputs].filter((spec) => spec.visibility === 'hashed').length
    const committed = this.schema.weightsCommitted ? 1 : 0
    const layout = {
      outputs: count(this.schema.outputs),
      publicInputs: count(this.schema.inputs) + committed + 1,
      privateInputs: digits + hashed + committed,
    }
    this.builder = new ConstraintBuilder(layout)
    this.contextWire = layout.outputs + layout.publicInputs
    let wire = this.contextWire + 1
    for (const { tensor, recipe } of program.inputs) {
      const { size } = program.tensors[tensor]!
      const first = wire
      this.inputWires.push(first)
      this.forms[tensor] = Array.from({ length: size }, (_, i) => ({ wire: first + i, offset: BigInt(recipe.lo) }))
      wire += size
    }
    for (let i = 0; i < hashed; i++) this.saltWires.push(wire++)
    if (committed) this.weightsSaltWire = wire
    this.countUses()
  }

  /** Runs `link`, booking the rows it adds to a part of the model. */
  part(part: CircuitPart, link: () => void): void {
    this.current = part
    const [rows, instances] = [this.builder.rowCount, this.instances.length]
    link()
    const constraints = this.builder.rowCount - rows
    this.costs.push({ ...part, constraints, instances: this.instances.length - instances })
  }

  get where(): string {
    return `node "${this.current.origin.node}" (${this.current.origin.op})`
  }

  /** Every digit of every input is range-checked, whatever its visibility. */
  inputRanges(): void {
    this.program.inputs.forEach(({ tensor, recipe }) => {
      const gadget = inputDigit(recipe.bits)
      const { size } = this.program.tensors[tensor]!
      for (let i = 0; i < size; i++) this.instance(gadget, [elementFeed(tensor, i, -BigInt(recipe.lo))])
    })
  }

  define(tensor: number, forms: readonly ElementForm[]): void {
    this.forms[tensor] = forms.map((form, element) => this.resolve(form, this.uses.get(tensor)?.[element] ?? 0))
  }

  /** An alias points past other aliases; what it ends at is read as often as the alias itself, not once. */
  private resolve(form: ElementForm, uses: number): ElementForm {
    if (!('tensor' in form)) return form
    const next = this.forms[form.tensor]?.[form.element]
    if (next && 'constant' in next) return { constant: next.constant + form.offset }
    if (next) return this.resolve({ ...next, offset: next.offset + form.offset }, uses)
    const counts = this.uses.get(form.tensor)
    if (counts && uses > 1) counts[form.element]! += uses - 1
    return form
  }

  /** Instantiates a gadget after checking that each interval it requires is proven; returns its first output wire. */
  instance(gadget: Gadget, feeds: readonly Feed[]): number {
    for (const requirement of gadget.requires) {
      const proven = feedInterval(this.program, feeds, requirement.coefficients)
      if (proven.lo < requirement.lo || proven.hi > requirement.hi)
        throw new LinkError(
          `${this.where}: ${gadget.template} requires [${requirement.lo}, ${requirement.hi}], but only [${proven.lo}, ${proven.hi}] is proven`,
        )
    }
    const compiled = this.compiled(gadget)
    const inputs = feeds.map((feed, i) => this.input(feed, occurrences(compiled, i)))
    const { base } = this.builder.instantiate(compiled, inputs, this.where)
    this.instances.push({ gadget: compiled, base, feeds, part: this.current })
    return base
  }

  /** Refuses an output whose proven interval is not within what the gadget guarantees, shifted by `offset`. */
  guarantee(gadget: Gadget, output: number, offset: bigint, proven: Interval): void {
    const guaranteed = gadget.guarantees[output]
    if (guaranteed && (proven.lo < guaranteed.lo + offset || proven.hi > guaranteed.hi + offset))
      throw new LinkError(
        `${this.where}: [${proven.lo}, ${proven.hi}] is claimed of an output of ${gadget.template}, which guarantees [${guaranteed.lo + offset}, ${guaranteed.hi + offset}]`,
      )
  }

  /** Fixes a public wire to a feed by one linear row. */
  bindWire(wire: number, feed: Feed): void {
    this.builder.zero(this.expand(feed).add(wire, -1n), this.where)
    this.derived.push({ wire, feed })
  }

  /** Fixes a public wire to another wire. */
  bindCopy(wire: number, from: number): void {
    this.builder.zero(Combination.wire(from).add(wire, -1n), this.where)
    this.copies.push({ wire, from })
  }

  finish(): LinkedCircuit {
    return {
      r1cs: this.builder.finish(),
      schema: this.schema,
      program: this.program,
      instances: this.instances,
      derived: this.derived,
      inputWires: this.inputWires,
      saltWires: this.saltWires,
      ...(this.weightsSaltWire !== undefined && { weightsSaltWire: this.weightsSaltWire }),
      contextWire: this.contextWire,
      copies: this.copies,
      costs: this.costs,
      forms: this.forms,
    }
  }

  /** A gadget's input: a long combination that the gadget reads in several places becomes a wire first. */
  private input(feed: Feed, places: number): Combination {
    const combination = this.expand(feed)
    if (places <= 1 || combination.length <= LONG) return combination
    const [term] = feed.terms
    if (feed.terms.length === 1 && term && 'tensor' in term) {
      const wire = this.ownWire(term.tensor, term.element)
      if (wire !== undefined) return new Combination().add(wire, term.factor).add(0, feed.constant)
    }
    const wire = this.builder.materialise(combination, this.where)
    this.derived.push({ wire, feed })
    return Combination.wire(wire)
  }

  /** The value of a feed in which all wires cancel out, whatever its interval. */
  constantOf(feed: Feed): bigint | undefined {
    const { terms } = this.expand(feed)
    return terms.size === 0 || (terms.size === 1 && terms.has(0)) ? (terms.get(0) ?? 0n) : undefined
  }

  /** Writes a feed out in wires. */
  expand(feed: Feed): Combination {
    const combination = Combination.constant(feed.constant)
    for (const term of feed.terms) {
      if ('wire' in term) combination.add(term.wire, term.factor)
      else this.addElement(combination, term.tensor, term.element, term.factor)
    }
    return combination
  }

  private addElement(into: Combination, tensor: number, element: number, factor: bigint): void {
    const form = this.forms[tensor]?.[element]
    if (!form) {
      const own = this.ownWires.get(tensor)?.[element]
      if (own) into.add(own, factor)
      else into.addScaled(this.linearElement(tensor, element), factor)
    } else if ('constant' in form) into.add(0, form.constant * factor)
    else if ('wire' in form) into.add(form.wire, factor).add(0, form.offset * factor)
    else {
      into.add(0, form.offset * factor)
      this.addElement(into, form.tensor, form.element, factor)
    }
  }

  /** A row of an affine map; it becomes a wire when it is long and read more than once. */
  private linearElement(tensor: number, element: number): Combination {
    const combination = this.linearRow(tensor, element)
    if (combination.length <= LONG || (this.uses.get(tensor)?.[element] ?? 0) <= 1) return combination
    return Combination.wire(this.giveWire(tensor, element, combination))
  }

  private linearRow(tensor: number, element: number): Combination {
    const step = this.program.steps.find((candidate) => candidate.output === tensor)
    if (step?.kind !== 'linear') throw new LinkError(`${this.where} reads tensor ${tensor} before it is computed`)
    const { map } = step
    const combination = Combination.constant(BigInt(map.bias[element]!))
    for (let i = map.start[element]!; i < map.start[element + 1]!; i++) {
      const weight = map.weight[i]!
      if (weight === 0) continue
      let column = map.column[i]!
      for (const source of map.sources) {
        if (column < source.size) {
          this.addElement(combination, source.tensor, column, BigInt(weight))
          break
        }
        column -= source.size
      }
    }
    return combination
  }

  /** The wire of an element of a linear tensor, made if need be; none when the element already is a wire or constant. */
  private ownWire(tensor: number, element: number): number | undefined {
    if (this.forms[tensor]) return undefined
    return this.ownWires.get(tensor)?.[element] || this.giveWire(tensor, element, this.linearRow(tensor, element))
  }

  private giveWire(tensor: number, element: number, combination: Combination): number {
    let own = this.ownWires.get(tensor)
    if (!own) this.ownWires.set(tensor, (own = new Int32Array(this.program.tensors[tensor]!.size)))
    const wire = this.builder.materialise(combination, this.where)
    own[element] = wire
    this.derived.push({ wire, feed: elementFeed(tensor, element) })
    return wire
  }

  /** How often each element of a linear tensor is read: by maps, by steps and by the packing of outputs. */
  private countUses(): void {
    const read = (tensor: number, element: number) => {
      let uses = this.uses.get(tensor)
      if (!uses) this.uses.set(tensor, (uses = new Uint32Array(this.program.tensors[tensor]!.size)))
      uses[element]!++
    }
    const sizeOf = (tensor: number) => this.program.tensors[tensor]!.size
    for (const step of this.program.steps) forEachRead(step, sizeOf, read)
    for (const { tensor } of this.program.outputs) {
      for (let i = 0; i < sizeOf(tensor); i++) read(tensor, i)
    }
  }
}

const occurrenceCache = new WeakMap<CompiledGadget, readonly number[]>()

/** In how many places of its rows a gadget reads an input. */
function occurrences(gadget: CompiledGadget, input: number): number {
  let counts = occurrenceCache.get(gadget)
  if (!counts) {
    const { r1cs, outputCount, inputCount } = gadget
    const found = new Array<number>(inputCount).fill(0)
    for (const rows of [r1cs.a, r1cs.b, r1cs.c]) {
      for (const wire of rows.wire)
        if (wire > outputCount && wire <= outputCount + inputCount) found[wire - outputCount - 1]!++
    }
    occurrenceCache.set(gadget, (counts = found))
  }
  return counts[input]!
}
