// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { FIELD_BYTES, fromFieldBytes, modulo, SCALAR_FIELD, toFieldBytes } from '../../prover/binfile'
import { auditCircuit } from '../../prover/circuit'
import { InputRangeError } from '../../prover/quantize'
import { firstUnsatisfiedRow, WitnessError, WitnessGenerator, type GeneratedWitness } from '../../prover/witness'
import { linkModel, sampleInputs, type LinkedModel } from '../support/linked-model'
import { weightedModel } from '../support/weighted-model'

describe('circuits with private weights', function () {
  this.timeout(60_000)
  const request = { context: 9n, weightsSalt: 1234567n }
  let model: LinkedModel
  let generator: WitnessGenerator
  /** Of three samples with the same input: two sets of weights, and the first under another salt. */
  let first: GeneratedWitness
  let other: GeneratedWitness
  let resalted: GeneratedWitness
  let inputs: Float64Array[]

  before(async () => {
    model = await linkModel(weightedModel(1), { privateWeights: true })
    generator = await WitnessGenerator.create(model.circuit)
    const samples = sampleInputs(model.recipe.inputs, model.graph, 5)
    inputs = samples[3]!
    first = generator.generate({ ...request, inputs })
    other = generator.generate({ ...request, inputs: [inputs[0]!, ...samples[4]!.slice(1)] })
    resalted = generator.generate({ ...request, inputs, weightsSalt: 7654321n })
  })

  const holds = (values: Uint8Array) => firstUnsatisfiedRow(model.circuit.r1cs, values) === undefined
  const changed = (values: Uint8Array, wire: number, value: bigint) => {
    const copy = values.slice()
    toFieldBytes(modulo(value), copy, wire * FIELD_BYTES)
    return copy
  }
  /** The last public wire but one. */
  const commitmentWire = () => model.circuit.contextWire - 1

  it('commit to them next to last of the public signals, under weights and salt', () => {
    for (const { values } of [first, other, resalted]) expect(holds(values)).to.equal(true)
    const commitments = [first, other, resalted].map(({ signals }) => signals.at(-2))
    expect(new Set(commitments).size).to.equal(3)
    expect(fromFieldBytes(first.values, commitmentWire() * FIELD_BYTES)).to.equal(commitments[0])
  })

  it('are deterministic', () => {
    expect(auditCircuit(model.circuit)).to.deep.include({ deterministic: true, unreached: [] })
  })

  it('hold for no other digit, salt or commitment', () => {
    const { inputWires, program, weightsSaltWire } = model.circuit
    const wires = program.inputs.flatMap(({ tensor, recipe }, i) =>
      recipe.visibility === 'weights'
        ? Array.from({ length: program.tensors[tensor]!.size }, (_, k) => inputWires[i]! + k)
        : [],
    )
    expect(wires).to.have.length(12)
    for (const wire of [...wires, weightsSaltWire!, commitmentWire()]) {
      const value = fromFieldBytes(first.values, wire * FIELD_BYTES)
      for (const forged of [value + 1n, value - 1n, -value - 1n, value + 64n])
        expect(holds(changed(first.values, wire, forged)), `wire ${wire}`).to.equal(false)
    }
  })

  it('hold for no other weights or salt under the same commitment, and for no splice of two runs', () => {
    const commitment = first.signals.at(-2)!
    for (const { values } of [other, resalted])
      expect(holds(changed(values, commitmentWire(), commitment))).to.equal(false)
    // The weights of one run where the rest is of another, commitment chain included or not.
    const { instances, inputWires } = model.circuit
    const poseidon = instances.find(({ gadget }) => gadget.gadget.template.startsWith('Poseidon'))!
    const splice = first.values.slice()
    const start = inputWires[1]! * FIELD_BYTES
    splice.set(other.values.subarray(start, start + 12 * FIELD_BYTES), start)
    expect(holds(splice)).to.equal(false)
    splice.set(other.values.subarray(poseidon.base * FIELD_BYTES), poseidon.base * FIELD_BYTES)
    expect(holds(splice)).to.equal(false)
  })

  it('take no digit outside the declared range, and a salt exactly when they need one', () => {
    const [x, w1, ...rest] = inputs
    for (const q of [-33, 32, 0.5, NaN])
      expect(() => generator.generate({ ...request, inputs: [x!, Float64Array.of(q, 0, 0, 0), ...rest] })).to.throw(
        InputRangeError,
      )
    expect(() => generator.generate({ context: 0n, inputs: [x!, w1!, ...rest] })).to.throw(WitnessError, /salt/)
    expect(() => generator.generate({ ...request, inputs, weightsSalt: SCALAR_FIELD })).to.throw(WitnessError, /salt/)
  })
})
