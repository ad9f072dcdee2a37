// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import { evaluateProgram, toBigInts } from '../../prover/quantize'
import { linkModel, quantizeModel } from '../support/linked-model'
import type { ModelSpec } from '../support/onnx-builder'

describe('aliases of affine rows', () => {
  it('are read as often as whoever reads them: long rows get a wire instead of growing with depth', async () => {
    const size = 12
    const depth = 6
    const layers = Array.from({ length: depth }, (_, i) => i)
    const spec: ModelSpec = {
      inputs: [{ name: 'x0', shape: [1, size] }],
      outputs: [{ name: `x${depth}`, shape: [1, size] }],
      nodes: layers.flatMap((i) => [
        { op: 'MatMul', name: `mul${i}`, inputs: [`x${i}`, 'w'], outputs: [`m${i}`] },
        { op: 'Relu', name: `relu${i}`, inputs: [`m${i}`], outputs: [`x${i + 1}`] },
      ]),
      initializers: { w: { shape: [size, size], data: new Array<number>(size * size).fill(1) } },
    }
    const model = await linkModel(spec, {
      inputs: { x0: { bits: 2, lo: 0, exponent: 0 } },
      recipe: (recipe) => ({
        ...recipe,
        steps: Object.fromEntries(layers.map((i) => [`relu${i}`, { exponent: 0 }])),
      }),
    })
    const { r1cs } = model.circuit
    expect(model.circuit.instances.filter(({ gadget }) => gadget.gadget.template === 'RoundRelu')).to.have.lengthOf(0)
    expect(r1cs.c.wire.length).to.be.below(depth * size * (size + 2) + 4 * size * size)
    const generator = await WitnessGenerator.create(model.circuit)
    const { values } = generator.generate({ inputs: [new Float64Array(size).fill(3)], context: 0n })
    expect(firstUnsatisfiedRow(r1cs, values)).to.equal(undefined)
  })
})

describe('names of steps', () => {
  it('are not those of others, whatever nodes are called', () => {
    const spec: ModelSpec = {
      inputs: [{ name: 'x', shape: [1, 2] }],
      outputs: [{ name: 'y' }],
      nodes: [
        { op: 'Sigmoid', name: 's', inputs: ['x'], outputs: ['a'] },
        { op: 'Relu', name: 's/argument', inputs: ['a'], outputs: ['b'] },
        { op: 'Tanh', name: 'output:y', inputs: ['b'], outputs: ['y'] },
      ],
    }
    const { program, quantized } = quantizeModel(spec)
    const names = program.steps.map(({ name }) => name)
    expect(new Set(names).size).to.equal(names.length)
    const [y] = toBigInts(evaluateProgram(quantized, [Float64Array.of(0, 0)])[quantized.outputs[0]!.tensor]!)
    const { exponent } = quantized.tensors[quantized.outputs[0]!.tensor]!
    expect(Number(y) * 2 ** -exponent).to.be.closeTo(Math.tanh(0.5), 0.01)
  })
})
