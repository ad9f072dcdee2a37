// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import {
  FIELD_BYTES,
  fromFieldBytes,
  modulo,
  readWtns,
  encodeWtns,
  SCALAR_FIELD,
  toFieldBytes,
} from '../../prover/binfile'
import { InputRangeError } from '../../prover/quantize'
import {
  firstUnsatisfiedRow,
  GadgetCalculator,
  randomFieldElement,
  WitnessError,
  WitnessGenerator,
} from '../../prover/witness'
import { inputDigit, max } from '../../prover/circuit/gadgets'
import { compiler, linkModel, type LinkedModel } from '../support/linked-model'
import { floats, type ModelSpec } from '../support/onnx-builder'

const spec: ModelSpec = {
  inputs: [
    { name: 'x', shape: [1, 3] },
    { name: 'secret', shape: [1, 2] },
  ],
  outputs: [{ name: 'y' }, { name: 'z' }],
  nodes: [
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'], name: 'fc' },
    { op: 'Add', inputs: ['h', 'secret'], outputs: ['s'], name: 'add' },
    { op: 'Relu', inputs: ['s'], outputs: ['y'], name: 'relu' },
    { op: 'Neg', inputs: ['s'], outputs: ['z'], name: 'negated' },
  ],
  initializers: { w: floats([3, 2], 1) },
}

describe('witness generation', function () {
  this.timeout(60_000)
  let model: LinkedModel
  let generator: WitnessGenerator
  const inputs = [Float64Array.of(-4, 3, 1), Float64Array.of(2, -1)]

  before(async () => {
    model = await linkModel(spec, {
      inputs: { x: { bits: 3, exponent: 2, lo: -4 }, secret: { bits: 3, exponent: 2, lo: -4, visibility: 'private' } },
      outputs: { z: { visibility: 'hashed' } },
    })
    generator = await WitnessGenerator.create(model.circuit)
  })

  it('satisfies the circuit, and is a file that snarkjs’ format has', () => {
    const { values, signals } = generator.generate({ inputs, context: 9n, salts: [5n] })
    expect(firstUnsatisfiedRow(model.circuit.r1cs, values)).to.equal(undefined)
    expect(signals.at(-1)).to.equal(9n)
    expect(readWtns(encodeWtns(values)).count).to.equal(model.circuit.r1cs.nWires)
  })

  it('notices a change of any single wire', () => {
    const { r1cs } = model.circuit
    const { values } = generator.generate({ inputs, context: 9n, salts: [5n] })
    for (let wire = 0; wire < r1cs.nWires; wire++) {
      for (const by of [1n, -1n, 1n << 200n]) {
        const changed = values.slice()
        toFieldBytes(modulo(fromFieldBytes(values, wire * FIELD_BYTES) + by), changed, wire * FIELD_BYTES)
        expect(firstUnsatisfiedRow(r1cs, changed), `wire ${wire}`).to.not.equal(undefined)
      }
    }
  })

  it('binds the context: another one changes its signal and its square, and nothing else', () => {
    const { circuit } = model
    const [first, second] = [9n, SCALAR_FIELD - 1n].map((context) =>
      generator.generate({ inputs, context, salts: [5n] }),
    )
    const differing: number[] = []
    for (let wire = 0; wire < circuit.r1cs.nWires; wire++) {
      const at = wire * FIELD_BYTES
      if (fromFieldBytes(first!.values, at) !== fromFieldBytes(second!.values, at)) differing.push(wire)
    }
    const square = circuit.instances.find(({ gadget }) => gadget.gadget.template === 'BindContext')!.base
    expect(differing).to.deep.equal([circuit.contextWire, square])
    expect(second!.signals.slice(0, -1)).to.deep.equal(first!.signals.slice(0, -1))
    const moved = first!.values.slice()
    toFieldBytes(10n, moved, circuit.contextWire * FIELD_BYTES)
    expect(firstUnsatisfiedRow(circuit.r1cs, moved)).to.not.equal(undefined)
  })

  it('is the same for the same request, and salted afresh without salts', () => {
    const request = { inputs, context: 9n, salts: [5n] }
    expect(generator.generate(request)).to.deep.equal(generator.generate(request))
    const [first, second] = [0, 1].map(() => generator.generate({ inputs, context: 9n }))
    expect(first!.salts).to.have.length(1)
    expect(first!.salts[0]).to.not.equal(second!.salts[0])
    const hashed = model.circuit.r1cs.nPubOut - 1
    const differing = first!.signals.map((value, i) => value !== second!.signals[i]).flatMap((is, i) => (is ? [i] : []))
    expect(differing, 'only the commitment').to.deep.equal([hashed])
  })

  it('refuses the wrong number of salts', () => {
    for (const salts of [[], [1n, 2n]]) {
      expect(() => generator.generate({ inputs, context: 0n, salts })).to.throw(
        WitnessError,
        `${salts.length} salts were given`,
      )
    }
  })

  it('refuses inputs of the wrong number, length or range', () => {
    const generate =
      (...given: Float64Array[]) =>
      () =>
        generator.generate({ inputs: given, context: 0n })
    expect(generate(inputs[0]!)).to.throw(InputRangeError, 'input "secret" has 0 values')
    expect(generate(Float64Array.of(1, 2), inputs[1]!)).to.throw(InputRangeError, 'input "x" has 2 values')
    for (const bad of [4, -5, 0.5, NaN, Infinity]) {
      expect(generate(inputs[0]!, Float64Array.of(0, bad))).to.throw(InputRangeError, 'input "secret"[1]')
    }
  })

  it('draws field elements that differ and are below r', () => {
    const drawn = Array.from({ length: 20 }, randomFieldElement)
    expect(new Set(drawn).size).to.equal(20)
    for (const value of drawn) expect(value >= 0n && value < SCALAR_FIELD).to.equal(true)
    expect(drawn.some((value) => value > SCALAR_FIELD / 2n)).to.equal(true)
  })

  it('names the gadget that has no witness', async () => {
    for (const [gadget, given] of [
      [inputDigit(4), [16n]],
      [max(4), [8n, 0n]],
    ] as const) {
      const compiled = await compiler.compile(gadget)
      const calculator = await GadgetCalculator.create(compiled)
      const words = new Uint32Array(compiled.r1cs.nWires * 8)
      expect(() => calculator.run(given, words, 0)).to.throw(WitnessError, gadget.template)
    }
  })
})
