// SPDX-License-Identifier: GPL-3.0-or-later

import { randomBytes } from 'node:crypto'
import { FIELD_BYTES, modulo, SCALAR_FIELD, toFieldBytes } from '../binfile'
import type { CompiledGadget, Feed, LinkedCircuit } from '../circuit'
import { evaluateProgram, type IntegerValues } from '../quantize'
import { GadgetCalculator, WitnessError } from './gadget-calculator'

/** What a witness is made for besides the inputs. */
export type WitnessRequest = {
  /** Integers q per input tensor, then per tensor of private weights. */
  readonly inputs: readonly Float64Array[]
  /** Value of the context signal; 0 for a portable proof. */
  readonly context: bigint
  /** One field element per hashed tensor, in signal order; fresh random ones when absent. */
  readonly salts?: readonly bigint[]
  /** Salt of the commitment to private weights, which every proof of a model shares. */
  readonly weightsSalt?: bigint
}

/** A full assignment of a circuit's wires. */
export type GeneratedWitness = {
  /** 32-byte little-endian elements, wire 0 first: the content of a `.wtns`. */
  readonly values: Uint8Array
  /** Public signals, in order. */
  readonly signals: readonly bigint[]
  readonly salts: readonly bigint[]
  /** Integers of every tensor of the program, by tensor id: the reference evaluation. */
  readonly tensors: readonly IntegerValues[]
}

/** Draws a uniform field element. */
export function randomFieldElement(): bigint {
  // 512 bits modulo a 254-bit prime: the bias is below 2^-258.
  return modulo(BigInt(`0x${randomBytes(64).toString('hex')}`))
}

/** Fills linked circuits of one model; keeps the gadgets' programs loaded between runs. */
export class WitnessGenerator {
  private constructor(
    private readonly circuit: LinkedCircuit,
    private readonly calculators: ReadonlyMap<CompiledGadget, GadgetCalculator>,
  ) {}

  static async create(circuit: LinkedCircuit): Promise<WitnessGenerator> {
    const calculators = new Map<CompiledGadget, GadgetCalculator>()
    for (const gadget of new Set(circuit.instances.map((instance) => instance.gadget))) {
      calculators.set(gadget, await GadgetCalculator.create(gadget))
    }
    return new WitnessGenerator(circuit, calculators)
  }

  /**
   * Runs the model on integers and assigns every wire.
   *
   * @throws InputRangeError when an input does not fit; WitnessError when a gadget has no witness.
   */
  generate(request: WitnessRequest): GeneratedWitness {
    const { circuit } = this
    const { program, saltWires, contextWire } = circuit
    const tensors = evaluateProgram(program, request.inputs)
    const salts = request.salts ?? saltWires.map(randomFieldElement)
    if (salts.length !== saltWires.length)
      throw new WitnessError(`${salts.length} salts were given; the circuit has ${saltWires.length} hashed tensors`)
    if ((circuit.weightsSaltWire === undefined) !== (request.weightsSalt === undefined))
      throw new WitnessError('a salt of private weights must be given exactly when the circuit commits to weights')
    if ([...salts, request.weightsSalt ?? 0n].some((salt) => salt < 0n || salt >= SCALAR_FIELD))
      throw new WitnessError('a salt is not a field element; draw it uniformly below r')

    const values = new Uint8Array(circuit.r1cs.nWires * FIELD_BYTES)
    const words = new Uint32Array(values.buffer)
    const set = (wire: number, value: bigint) => toFieldBytes(modulo(value), values, wire * FIELD_BYTES)
    const at = (wire: number) => wireValue(words, wire)
    const evaluate = (feed: Feed): bigint => {
      let sum = feed.constant
      for (const term of feed.terms) {
        sum += term.factor * ('wire' in term ? at(term.wire) : BigInt(tensors[term.tensor]![term.element]!))
      }
      return modulo(sum)
    }

    set(0, 1n)
    set(contextWire, request.context)
    saltWires.forEach((wire, i) => set(wire, salts[i]!))
    if (circuit.weightsSaltWire !== undefined) set(circuit.weightsSaltWire, request.weightsSalt!)
    circuit.inputWires.forEach((first, i) => {
      const { recipe } = program.inputs[i]!
      request.inputs[i]!.forEach((q, k) => set(first + k, BigInt(q - recipe.lo)))
    })
    for (const { wire, feed } of circuit.derived) set(wire, evaluate(feed))
    for (const { gadget, base, feeds } of circuit.instances) {
      this.calculators.get(gadget)!.run(feeds.map(evaluate), words, base)
    }
    for (const { wire, from } of circuit.copies) set(wire, at(from))

    const signals = Array.from({ length: circuit.r1cs.nPubOut + circuit.r1cs.nPubIn }, (_, i) => at(i + 1))
    return { values, signals, salts, tensors }
  }
}

/** The value of a wire from its eight words. */
function wireValue(words: Uint32Array, wire: number): bigint {
  let value = 0n
  for (let i = 7; i >= 0; i--) value = (value << 32n) | BigInt(words[wire * 8 + i]!)
  return value
}
