// SPDX-License-Identifier: GPL-3.0-or-later

import { modulo, type R1cs, type SparseRows } from '../binfile'
import { ZkmlError } from '../errors'
import type { CompiledGadget } from './gadget-compiler'

/** Thrown when a row can never hold, or the circuit outgrows its file format. */
export class LinkError extends ZkmlError {
  readonly code = 'LINK_FAILED'
}

/** A linear combination Σ coefficient·wire over the integers; wire 0 is the constant one. */
export class Combination {
  readonly terms = new Map<number, bigint>()

  static wire(wire: number): Combination {
    return new Combination().add(wire, 1n)
  }

  static constant(value: bigint): Combination {
    return new Combination().add(0, value)
  }

  add(wire: number, coefficient: bigint): this {
    const sum = (this.terms.get(wire) ?? 0n) + coefficient
    if (sum === 0n) this.terms.delete(wire)
    else this.terms.set(wire, sum)
    return this
  }

  /** Adds factor·other. */
  addScaled(other: Combination, factor: bigint): this {
    for (const [wire, coefficient] of other.terms) this.add(wire, coefficient * factor)
    return this
  }

  get length(): number {
    return this.terms.size
  }
}

/** Wires whose place is fixed before anything is linked. */
export type Interface = { readonly outputs: number; readonly publicInputs: number; readonly privateInputs: number }

/** One instance of a gadget in the circuit: its outputs, then its internal wires, start at `base`. */
export type Instance = { readonly base: number }

/** Collects the rows of one circuit and numbers its wires. */
export class ConstraintBuilder {
  private readonly a = new RowCollector()
  private readonly b = new RowCollector()
  private readonly c = new RowCollector()
  private readonly coefficients: bigint[] = []
  private readonly coefficientIndex = new Map<bigint, number>()
  private wires: number

  constructor(readonly layout: Interface) {
    this.wires = 1 + layout.outputs + layout.publicInputs + layout.privateInputs
  }

  get wireCount(): number {
    return this.wires
  }

  get rowCount(): number {
    return this.a.rows
  }

  newWires(count: number): number {
    const first = this.wires
    this.wires += count
    return first
  }

  /**
   * Adds ⟨a⟩·⟨b⟩ = ⟨c⟩. Drops a row that reads 0 = 0.
   *
   * @throws LinkError when the row contradicts itself.
   */
  row(a: Combination, b: Combination, c: Combination, where: string): void {
    const [left, right, result] = [this.reduce(a), this.reduce(b), this.reduce(c)]
    if (left.length === 0 || right.length === 0) {
      if (result.length === 0) return
      if (isConstant(result))
        throw new LinkError(`${where}: a constraint reads 0 = ${result[0]!.value}; it can never hold`)
      this.append([], [], result)
      return
    }
    if (isConstant(left) && isConstant(right) && isConstant(result)) {
      if (modulo(left[0]!.value * right[0]!.value - (result[0]?.value ?? 0n)) === 0n) return
      throw new LinkError(`${where}: a constraint between constants can never hold`)
    }
    this.append(left, right, result)
  }

  /** Adds the row ⟨combination⟩ = 0. */
  zero(combination: Combination, where: string): void {
    this.row(new Combination(), new Combination(), combination, where)
  }

  /** A new wire equal to the combination, by one linear row. */
  materialise(combination: Combination, where: string): number {
    const wire = this.newWires(1)
    this.zero(new Combination().addScaled(combination, 1n).add(wire, -1n), where)
    return wire
  }

  /** Copies the gadget's rows with its inputs replaced by the given combinations. */
  instantiate(gadget: CompiledGadget, inputs: readonly Combination[], where: string): Instance {
    const { r1cs, outputCount, inputCount } = gadget
    const base = this.newWires(r1cs.nWires - 1 - inputCount)
    const local = (rows: SparseRows, row: number): Combination => {
      const combination = new Combination()
      for (let i = rows.start[row]!; i < rows.start[row + 1]!; i++) {
        const wire = rows.wire[i]!
        const coefficient = signedCoefficient(r1cs.coefficients[rows.coefficient[i]!]!)
        if (wire === 0) combination.add(0, coefficient)
        else if (wire <= outputCount) combination.add(base + wire - 1, coefficient)
        else if (wire <= outputCount + inputCount) combination.addScaled(inputs[wire - outputCount - 1]!, coefficient)
        else combination.add(base + wire - 1 - inputCount, coefficient)
      }
      return combination
    }
    for (let row = 0; row < r1cs.nConstraints; row++) {
      this.row(local(r1cs.a, row), local(r1cs.b, row), local(r1cs.c, row), where)
    }
    return { base }
  }

  finish(): R1cs {
    return {
      nWires: this.wires,
      nPubOut: this.layout.outputs,
      nPubIn: this.layout.publicInputs,
      nPrvIn: this.layout.privateInputs,
      nLabels: this.wires,
      nConstraints: this.rowCount,
      a: this.a.finish(),
      b: this.b.finish(),
      c: this.c.finish(),
      coefficients: this.coefficients,
      wireToLabel: Uint32Array.from({ length: this.wires }, (_, wire) => wire),
    }
  }

  private append(a: readonly Term[], b: readonly Term[], c: readonly Term[]): void {
    this.a.append(a)
    this.b.append(b)
    this.c.append(c)
  }

  /** Terms in ascending wire order with interned coefficients; those that are 0 modulo r are gone. */
  private reduce(combination: Combination): Term[] {
    const terms: Term[] = []
    for (const [wire, coefficient] of combination.terms) {
      let index = this.coefficientIndex.get(coefficient)
      if (index === undefined) {
        const value = modulo(coefficient)
        index = this.coefficientIndex.get(value)
        if (index === undefined) {
          index = this.coefficients.push(value) - 1
          this.coefficientIndex.set(value, index)
        }
        this.coefficientIndex.set(coefficient, index)
      }
      const value = this.coefficients[index]!
      if (value !== 0n) terms.push({ wire, index, value })
    }
    return terms.sort((x, y) => x.wire - y.wire)
  }
}

type Term = { readonly wire: number; readonly index: number; readonly value: bigint }

function isConstant(terms: readonly Term[]): boolean {
  return terms.length === 0 || (terms.length === 1 && terms[0]!.wire === 0)
}

const HALF_FIELD = modulo(-1n) / 2n

/** The representative of a field element in (−r/2, r/2]: keeps integer combinations small. */
function signedCoefficient(value: bigint): bigint {
  return value > HALF_FIELD ? value - modulo(-1n) - 1n : value
}

/** Growable compressed rows. */
class RowCollector {
  private start = new Uint32Array(1024)
  private wire = new Uint32Array(4096)
  private coefficient = new Uint32Array(4096)
  private terms = 0
  rows = 0

  append(row: readonly Term[]): void {
    if (this.rows + 2 > this.start.length) this.start = grown(this.start, this.rows + 2)
    if (this.terms + row.length > this.wire.length) {
      this.wire = grown(this.wire, this.terms + row.length)
      this.coefficient = grown(this.coefficient, this.terms + row.length)
    }
    for (const { wire, index } of row) {
      this.wire[this.terms] = wire
      this.coefficient[this.terms++] = index
    }
    this.start[++this.rows] = this.terms
  }

  finish(): SparseRows {
    return {
      start: this.start.slice(0, this.rows + 1),
      wire: this.wire.slice(0, this.terms),
      coefficient: this.coefficient.slice(0, this.terms),
    }
  }
}

function grown(array: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(needed, array.length * 2))
  larger.set(array)
  return larger
}
