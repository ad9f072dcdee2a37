// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { toolVersions } from '../../prover/circuit'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import { parseModel } from '../../prover/onnx'
import { compileModel } from '../../prover/pipeline'
import { evaluateProgram, toBigInts, type Recipe } from '../../prover/quantize'
import { linkModel, quantizeModel } from '../support/linked-model'
import { buildModel, type ModelSpec } from '../support/onnx-builder'

describe('inputs that are bools', () => {
  it('have no other values in a recipe', async () => {
    const onnx = buildModel({
      inputs: [
        { name: 'c', shape: [1], type: 'bool' },
        { name: 'a', shape: [1] },
        { name: 'b', shape: [1] },
      ],
      outputs: [{ name: 'y', shape: [1] }],
      nodes: [{ op: 'Where', name: 'w', inputs: ['c', 'a', 'b'], outputs: ['y'] }],
    })
    const compiled = (c: { readonly bits: number; readonly lo: number; readonly exponent: number }) =>
      compileModel(onnx, {
        recipe: {
          format: 'zkml-recipe/1',
          rounding: 'half-up',
          tools: toolVersions(),
          inputs: [
            { name: 'c', visibility: 'private', ...c },
            { name: 'a', visibility: 'public', bits: 6, lo: 0, exponent: 0 },
            { name: 'b', visibility: 'public', bits: 6, lo: 0, exponent: 0 },
          ],
          outputs: [{ name: 'y', visibility: 'public' }],
          steps: {},
        },
      })
    for (const wrong of [
      { bits: 6, lo: -32, exponent: 0 },
      { bits: 1, lo: 0, exponent: 1 },
      { bits: 1, lo: 1, exponent: 0 },
    ]) {
      const refused = await compiled(wrong).catch((error: unknown) => error)
      expect(refused).to.have.property('code', 'RECIPE_INVALID')
    }
    expect((await compiled({ bits: 1, lo: 0, exponent: 0 })).circuit.r1cs.nConstraints).to.be.greaterThan(0)
  })
})

describe('inputs that are integers', () => {
  const onnx = buildModel({
    inputs: [{ name: 'x', shape: [1], type: 'int64' }],
    outputs: [{ name: 'y', shape: [1], type: 'int64' }],
    nodes: [{ op: 'Mod', name: 'm', inputs: ['x', 'two'], outputs: ['y'] }],
    initializers: { two: { shape: [], data: [2], type: 'int64' } },
  })

  it('have no fractions in a recipe', async () => {
    const input = { name: 'x', visibility: 'private', bits: 6, lo: 0 } as const
    const recipe = (exponent: number): Recipe => ({
      format: 'zkml-recipe/1',
      rounding: 'half-up',
      tools: toolVersions(),
      inputs: [{ ...input, exponent }],
      outputs: [{ name: 'y', visibility: 'public' }],
      steps: {},
    })
    const refused = await compileModel(onnx, { recipe: recipe(2) }).catch((error: unknown) => error)
    expect(refused).to.have.property('code', 'RECIPE_INVALID')
    await compileModel(onnx, { recipe: recipe(0) })
  })

  it('stay within their type in a recipe', async () => {
    const unsigned = buildModel({
      inputs: [{ name: 'x', shape: [1], type: 'uint8' }],
      outputs: [{ name: 'y', shape: [1], type: 'uint8' }],
      nodes: [{ op: 'BitwiseNot', name: 'n', inputs: ['x'], outputs: ['y'] }],
      opset: 18,
    })
    const recipe = (lo: number, bits: number): Recipe => ({
      format: 'zkml-recipe/1',
      rounding: 'half-up',
      tools: toolVersions(),
      inputs: [{ name: 'x', visibility: 'private', bits, lo, exponent: 0 }],
      outputs: [{ name: 'y', visibility: 'public' }],
      steps: {},
    })
    for (const [lo, bits] of [
      [-1, 8],
      [1, 8],
      [0, 9],
    ] as const) {
      const refused = await compileModel(unsigned, { recipe: recipe(lo, bits) }).catch((error: unknown) => error)
      expect(refused).to.have.property('code', 'RECIPE_INVALID')
      expect(refused)
        .to.have.property('message')
        .that.matches(/input "x" is uint8, from 0 to 255, but the recipe takes/)
    }
    await compileModel(unsigned, { recipe: recipe(0, 8) })
  })

  it('are calibrated to whole digits without samples', async () => {
    const { recipe } = await compileModel(onnx, { inputs: { x: { range: [0, 100] } } })
    expect(recipe.inputs).to.deep.equal([{ name: 'x', visibility: 'public', bits: 7, exponent: 0, lo: 0 }])
  })
})

describe('whole numbers that are folded', () => {
  it('do not leave the range of doubles on the way to a sum within it', () => {
    // 2^53 − 1 + 2 − 2 comes out as 2^53 − 2 in doubles.
    const onnx = buildModel({
      inputs: [{ name: 'x', shape: [1], type: 'int64' }],
      outputs: [{ name: 'y', shape: [1], type: 'int64' }],
      nodes: [
        { op: 'ReduceSum', name: 'sum', inputs: ['c', 'axes'], outputs: ['s'] },
        { op: 'Add', name: 'add', inputs: ['x', 's'], outputs: ['y'] },
      ],
      initializers: {
        c: { shape: [3], data: [2 ** 53 - 1, 2, -2], type: 'int64' },
        axes: { shape: [1], data: [0], type: 'int64' },
      },
    })
    expect(() => parseModel(onnx))
      .to.throw(/"sum"/)
      .with.property('code', 'ONNX_INTEGER_RANGE')
  })
})

describe('affine maps of whole numbers', () => {
  it('are kept apart where doubles could not hold their composition', () => {
    const scaled = (from: string, by: string, to: string) => ({
      op: 'Mul',
      inputs: [from, by],
      outputs: [to],
      name: to,
    })
    const { quantized } = quantizeModel(
      {
        inputs: [{ name: 'x', shape: [1], type: 'int64' }],
        outputs: [{ name: 'y', type: 'int64' }],
        nodes: [
          scaled('x', 'odd', 'a'),
          scaled('a', 'odd', 'b'),
          scaled('x', 'even', 'c'),
          scaled('c', 'even', 'd'),
          { op: 'Sub', inputs: ['b', 'd'], outputs: ['y'], name: 'sub' },
        ],
        initializers: {
          odd: { type: 'int64', shape: [], data: [2 ** 30 + 1] },
          even: { type: 'int64', shape: [], data: [2 ** 30] },
        },
      },
      { inputs: { x: { bits: 4, lo: 0, exponent: 0 } } },
    )
    const values = evaluateProgram(quantized, [Float64Array.of(3)])
    expect(toBigInts(values[quantized.outputs[0]!.tensor]!)).to.deep.equal([3n * (2n ** 31n + 1n)])
  })
})

describe('clamps of whole numbers', () => {
  it('may leave a single number', async () => {
    const bound = { type: 'int32', shape: [], data: [5] } as const
    const { circuit, quantized } = await linkModel(
      {
        inputs: [{ name: 'x', shape: [1], type: 'int32' }],
        outputs: [{ name: 'y', type: 'int32' }],
        nodes: [
          { op: 'Clip', name: 'clip', inputs: ['x', 'least', 'most'], outputs: ['five'] },
          { op: 'Add', name: 'add', inputs: ['x', 'five'], outputs: ['y'] },
        ],
        initializers: { least: bound, most: bound },
      },
      { inputs: { x: { bits: 4, exponent: 0 } } },
    )
    const generator = await WitnessGenerator.create(circuit)
    for (const x of [-8, 5, 7]) {
      const { values, tensors } = generator.generate({ inputs: [Float64Array.of(x)], context: 0n })
      expect(firstUnsatisfiedRow(circuit.r1cs, values)).to.equal(undefined)
      expect([...toBigInts(tensors[quantized.outputs[0]!.tensor]!)]).to.deep.equal([BigInt(x + 5)])
    }
  })
})

describe('products with whole numbers', () => {
  const kinds = (type: 'int32' | 'float32') => {
    const spec: ModelSpec = {
      inputs: ['a', 'b'].map((name) => ({ name, shape: [2], type })),
      outputs: [{ name: 'y' }],
      nodes: [
        { op: 'Mul', name: 'product', inputs: ['a', 'b'], outputs: ['p'] },
        { op: 'Cast', name: 'cast', inputs: ['p'], outputs: ['f'], attributes: { to: 1 } },
        { op: 'Mul', name: 'scale', inputs: ['f', 'third'], outputs: ['y'] },
      ],
      initializers: { third: { shape: [], data: [1 / 3] } },
    }
    const { program } = quantizeModel(spec, { inputs: { a: { exponent: 0 }, b: { exponent: 0 } } })
    return program.steps.map(({ kind }) => kind).filter((kind) => kind !== 'linear')
  }

  it('are exact before inexact weights, and those of real numbers rounded', () => {
    expect(kinds('int32')).to.deep.equal(['product'])
    expect(kinds('float32')).to.deep.equal(['rescale', 'rescale', 'product', 'rescale'])
  })
})
