// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { SCALAR_FIELD } from '../../prover/binfile'
import { planProgram } from '../../prover/circuit'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import type { Recipe, StepRecipe } from '../../prover/quantize'
import { linkModel, quantizeModel } from '../support/linked-model'
import type { ModelSpec } from '../support/onnx-builder'

const withStep =
  (name: string, step: StepRecipe) =>
  (recipe: Recipe): Recipe => ({ ...recipe, steps: { ...recipe.steps, [name]: step } })

const SIGMOID: ModelSpec = {
  inputs: [{ name: 'x', shape: [1, 2] }],
  outputs: [{ name: 'y', shape: [1, 2] }],
  nodes: [{ op: 'Sigmoid', name: 's', inputs: ['x'], outputs: ['y'] }],
}

describe('numbers that no circuit holds', () => {
  const relu: ModelSpec = {
    inputs: [{ name: 'x', shape: [1, 1], type: 'float64' }],
    outputs: [{ name: 'y', shape: [1, 1], type: 'float64' }],
    nodes: [
      { op: 'Gemm', name: 'fc', inputs: ['x', 'w', 'b'], outputs: ['a'] },
      { op: 'Relu', name: 'relu', inputs: ['a'], outputs: ['y'] },
    ],
    initializers: {
      w: { shape: [1, 1], data: [0.3], type: 'float64' },
      b: { shape: [1], data: [1e300], type: 'float64' },
    },
  }

  it('are refused with a code when a bias outgrows every scale', () => {
    expect(() => quantizeModel(relu, { recipe: withStep('fc', { weightExponent: 40 }) }))
      .to.throw()
      .with.property('code', 'QUANTIZE_MAGNITUDE')
  })

  it('are refused with the node when a comparison is too wide for the field', () => {
    // Magnitudes of 2^8 · (2·2^30)^7 · (2·2^24) = 2^250: below the bound on integers, beyond what Relu can decompose.
    const layers = Array.from({ length: 8 }, (_, i) => i)
    const square = (value: number) => ({ shape: [2, 2], data: [value, value, value, value] })
    const spec: ModelSpec = {
      inputs: [{ name: 'x', shape: [1, 2] }],
      outputs: [{ name: 'y', shape: [1, 2] }],
      nodes: [
        ...layers.map((i) => ({
          op: 'MatMul',
          name: `mul${i}`,
          inputs: [i === 0 ? 'x' : `a${i - 1}`, i < 7 ? 'w' : 'last'],
          outputs: [`a${i}`],
        })),
        { op: 'Relu', name: 'relu', inputs: ['a7'], outputs: ['y'] },
      ],
      initializers: { w: square(2 ** 30), last: square(2 ** 24) },
    }
    const options = { inputs: { x: { bits: 9, lo: -256, exponent: 0 } }, recipe: withStep('relu', { exponent: 0 }) }
    const { quantized } = quantizeModel(spec, options)
    expect(() => planProgram(quantized))
      .to.throw(/node "relu" \(Relu\)/)
      .with.property('code', 'QUANTIZE_MAGNITUDE')
  })

  it('are refused as salts', async () => {
    const model = await linkModel(SIGMOID, { inputs: { x: { visibility: 'hashed' } } })
    const generator = await WitnessGenerator.create(model.circuit)
    for (const salt of [-1n, SCALAR_FIELD]) {
      expect(() => generator.generate({ inputs: [Float64Array.of(0, 0)], context: 0n, salts: [salt] }))
        .to.throw(/salt/)
        .with.property('code', 'WITNESS_UNSATISFIED')
    }
  })
})

describe('clamps', () => {
  const model = (op: 'Relu' | 'Div'): ModelSpec => ({
    inputs: ['a', 'b'].slice(op === 'Relu' ? 1 : 0).map((name) => ({ name, shape: [1, 2] })),
    outputs: [{ name: 'y', shape: [1, 2] }],
    nodes: [{ op, name: 'n', inputs: op === 'Relu' ? ['b'] : ['a', 'b'], outputs: ['y'] }],
  })
  const whole = { bits: 6, lo: -32, exponent: 0 }

  it('start at what the mode yields at least: one gadget cannot clamp to both', () => {
    for (const clampLo of [-4, -100]) {
      const recipe = withStep('n', { exponent: 0, clampLo, clampBits: 3 })
      expect(() => quantizeModel(model('Relu'), { inputs: { b: whole }, recipe }))
        .to.throw(/clampLo is -\d+; Relu yields at least 0/)
        .with.property('code', 'RECIPE_INVALID')
    }
  })

  it('of a divisor are the same in the circuit as in the evaluator', async () => {
    const inputs = { a: whole, b: whole }
    const { program } = quantizeModel(model('Div'), { inputs })
    const { name } = program.steps.find((step) => step.kind === 'rescale' && step.mode === 'positive')!
    const { circuit, quantized } = await linkModel(model('Div'), {
      inputs,
      recipe: withStep(name, { exponent: 0, clampBits: 3 }),
    })
    const { output } = quantized.steps.find((step) => step.name === name)!
    expect(quantized.tensors[output]!.ranges).to.deep.include({ lo: [1n, 1n], hi: [8n, 8n] })
    const generator = await WitnessGenerator.create(circuit)
    for (const b of [-32, 0, 1, 3, 4, 8, 9, 31]) {
      const { values } = generator.generate({ inputs: [Float64Array.of(7, -7), Float64Array.of(b, 1)], context: 0n })
      expect(firstUnsatisfiedRow(circuit.r1cs, values), `b = ${b}`).to.equal(undefined)
    }
  })
})
