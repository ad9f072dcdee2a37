// SPDX-License-Identifier: GPL-3.0-or-later
import {
  FIELD_BYTES,
  fromFieldBytes,
  modulo,
  readR1cs,
  toFieldBytes,
  type R1cs,
  type SparseRows,
} from '../../prover/binfile'
import type { CompiledGadget, Gadget, GadgetCompiler } from '../../prover/circuit'
import { centred } from '../../prover/circuit/audit/system'
import { compileCircom } from '../../prover/circuit/circom'
import { firstUnsatisfiedRow, GadgetCalculator } from '../../prover/witness'
import { compiler } from './linked-model'

/** Values of all wires of a gadget, wire 0 first. */
export type Assignment = readonly bigint[]

type Terms = readonly (readonly [wire: number, coefficient: bigint])[]

/** A row ⟨a⟩·⟨b⟩ = ⟨c⟩. */
export type Row = { readonly a: Terms; readonly b: Terms; readonly c: Terms }

/** A gadget compiled alone, with what a forger needs. */
export class GadgetLab {
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  /** Outputs and internal wires: all that a prover may choose. */
  readonly free: readonly number[]
  readonly rows: readonly Row[]

  private constructor(
    readonly compiled: CompiledGadget,
    private readonly calculator: GadgetCalculator,
  ) {
    const { outputCount, inputCount, r1cs } = compiled
    this.outputs = range(1, outputCount)
    this.inputs = range(1 + outputCount, inputCount)
    const firstInternal = 1 + outputCount + inputCount
    this.free = [...this.outputs, ...range(firstInternal, r1cs.nWires - firstInternal)]
    this.rows = range(0, r1cs.nConstraints).map((row) => ({
      a: termsOf(r1cs, r1cs.a, row),
      b: termsOf(r1cs, r1cs.b, row),
      c: termsOf(r1cs, r1cs.c, row),
    }))
  }

  static async create(gadget: Gadget, by: GadgetCompiler = compiler): Promise<GadgetLab> {
    const compiled = await by.compile(gadget)
    return new GadgetLab(compiled, await GadgetCalculator.create(compiled))
  }

  /** A template that is no gadget of ours, given by the names of its signals and its body. */
  static async ofTemplate(inputs: readonly string[], outputs: readonly string[], body: string): Promise<GadgetLab> {
    const signals = [
      ...inputs.map((name) => `signal input ${name};`),
      ...outputs.map((name) => `signal output ${name};`),
    ]
    const files = await compileCircom(
      `pragma circom 2.2.0; template T() { ${signals.join(' ')} ${body} } component main {public [${inputs.join(', ')}]} = T();`,
    )
    const gadget: Gadget = {
      template: 'T',
      file: '',
      parameters: [],
      inputs: inputs.map((name) => ({ name, size: 1 })),
      outputs: outputs.map((name) => ({ name, size: 1 })),
      requires: [],
      guarantees: [],
      rows: 0,
      digits: 0,
    }
    const compiled = {
      gadget,
      r1cs: readR1cs(files.r1cs),
      wasm: files.wasm,
      outputCount: outputs.length,
      inputCount: inputs.length,
    }
    return new GadgetLab(compiled, await GadgetCalculator.create(compiled))
  }

  /** The same gadget with one row missing, as a careless template would have it. */
  without(row: number): GadgetLab {
    return new GadgetLab({ ...this.compiled, r1cs: withoutRow(this.r1cs, row) }, this.calculator)
  }

  get r1cs(): R1cs {
    return this.compiled.r1cs
  }

  /** The honest witness; throws WitnessError when circom finds none. */
  witness(inputs: readonly bigint[]): bigint[] {
    const { r1cs, outputCount, inputCount } = this.compiled
    const field = inputs.map((value) => modulo(value))
    const own = new Uint32Array((r1cs.nWires - 1 - inputCount) * 8)
    this.calculator.run(field, own, 0)
    const bytes = new Uint8Array(own.buffer)
    const values = range(0, own.length / 8).map((i) => fromFieldBytes(bytes, i * FIELD_BYTES))
    return [1n, ...values.slice(0, outputCount), ...field, ...values.slice(outputCount)]
  }

  /** Outputs as signed integers. */
  evaluate(inputs: readonly bigint[]): bigint[] {
    const witness = this.witness(inputs)
    return this.outputs.map((wire) => centred(witness[wire]!))
  }

  /** Whether an honest run gives a witness that satisfies the rows. */
  accepts(inputs: readonly bigint[]): boolean {
    let witness: bigint[]
    try {
      witness = this.witness(inputs)
    } catch {
      return false
    }
    return this.satisfied(witness)
  }

  satisfied(values: Assignment): boolean {
    return firstUnsatisfiedRow(this.r1cs, encode(values)) === undefined
  }
}

/** Bytes of an assignment, as a witness has them. */
export function encode(values: Assignment): Uint8Array {
  const bytes = new Uint8Array(values.length * FIELD_BYTES)
  values.forEach((value, wire) => toFieldBytes(modulo(value), bytes, wire * FIELD_BYTES))
  return bytes
}

/** Value of a combination. */
export function dot(terms: Terms, values: Assignment): bigint {
  return modulo(terms.reduce((sum, [wire, coefficient]) => sum + coefficient * values[wire]!, 0n))
}

/** The same circuit without one row. */
export function withoutRow(r1cs: R1cs, row: number): R1cs {
  const cut = (rows: SparseRows): SparseRows => {
    const [from, to] = [rows.start[row]!, rows.start[row + 1]!]
    const drop = (list: Uint32Array) => Uint32Array.from([...list.subarray(0, from), ...list.subarray(to)])
    const start = [...rows.start.subarray(0, row + 1), ...rows.start.subarray(row + 2).map((at) => at - (to - from))]
    return { start: Uint32Array.from(start), wire: drop(rows.wire), coefficient: drop(rows.coefficient) }
  }
  return { ...r1cs, nConstraints: r1cs.nConstraints - 1, a: cut(r1cs.a), b: cut(r1cs.b), c: cut(r1cs.c) }
}

/** `count` numbers from `first` on. */
export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

function termsOf(r1cs: R1cs, rows: SparseRows, row: number): Terms {
  return range(rows.start[row]!, rows.start[row + 1]! - rows.start[row]!).map(
    (i) => [rows.wire[i]!, r1cs.coefficients[rows.coefficient[i]!]!] as const,
  )
}
