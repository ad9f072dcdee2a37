// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import {
  bitLength,
  evaluateProgram,
  hull,
  InputRangeError,
  MagnitudeError,
  makeRanges,
  RecipeError,
  roundShift,
  toBigInts,
  uniformRanges,
  type QuantizedProgram,
} from '../../prover/quantize'
import { priceProgram } from '../../prover/circuit'
import { quantizeModel, sampleInputs } from '../support/linked-model'
import { floats, type ModelSpec } from '../support/onnx-builder'
import { SMALL_MODELS } from '../support/small-models'

const model = (size: number, nodes: ModelSpec['nodes'], initializers: ModelSpec['initializers'] = {}): ModelSpec => ({
  inputs: [{ name: 'x', shape: [1, size] }],
  outputs: [{ name: 'y' }],
  nodes,
  initializers,
})

const output = ({ outputs, tensors }: QuantizedProgram) => tensors[outputs[0]!.tensor]!

describe('proven intervals', () => {
  for (const [name, { spec, ...options }] of Object.entries(SMALL_MODELS)) {
    it(`hold whatever the input: ${name}`, () => {
      const { quantized, recipe, graph } = quantizeModel(spec, options)
      for (const inputs of sampleInputs(recipe.inputs, graph, 60, 11)) {
        evaluateProgram(quantized, inputs).forEach((values, tensor) => {
          const { ranges } = quantized.tensors[tensor]!
          toBigInts(values).forEach((q, i) => expect(q >= ranges.lo[i]! && q <= ranges.hi[i]!).to.equal(true))
          expect(values instanceof Float64Array, `tensor ${tensor} has the form its interval asks for`).to.equal(
            ranges.exact !== undefined,
          )
        })
      }
    })
  }

  it('of an affine row are reached: signs decide which end of each input counts', () => {
    const { quantized } = quantizeModel(
      model(2, [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'], name: 'fc' }], {
        w: { shape: [2, 2], data: [3, -1, -2, 5] },
      }),
      { inputs: { x: { bits: 4, lo: -3, exponent: 0 } } },
    )
    // Inputs in [−3, 12]: 3a − 2b and −a + 5b.
    const { ranges } = output(quantized)
    expect([ranges.lo, ranges.hi]).to.deep.equal([
      [-33n, -27n],
      [42n, 63n],
    ])
    const at = (a: number, b: number) => [
      ...(evaluateProgram(quantized, [Float64Array.of(a, b)]).at(-1) as Float64Array),
    ]
    expect([at(-3, 12)[0], at(12, -3)[0], at(12, -3)[1], at(-3, 12)[1]]).to.deep.equal([-33, 42, -27, 63])
  })

  it('start at what the constraints enforce of an input, not at what samples show', () => {
    const { quantized } = quantizeModel(model(1, [{ op: 'Relu', inputs: ['x'], outputs: ['y'], name: 'relu' }]), {
      inputs: { x: { bits: 5, lo: -7, exponent: 0 } },
    })
    expect(hull(quantized.tensors[quantized.inputs[0]!.tensor]!.ranges)).to.deep.equal({ lo: -7n, hi: 24n })
  })

  it('of 2^251 or more are a compile error that names the node', () => {
    const square = { op: 'Mul', inputs: ['x', 'x'], outputs: ['a'], name: 'square' }
    const nodes = [
      square,
      ...['b', 'c', 'd', 'y'].map((name, i) => ({
        op: 'Mul',
        inputs: [['a', 'b', 'c', 'd'][i]!, ['a', 'b', 'c', 'd'][i]!],
        outputs: [name],
        name: `square_${name}`,
      })),
    ]
    const compile = (bits: number) =>
      quantizeModel(model(1, nodes), {
        inputs: { x: { bits, lo: 0, exponent: 0 } },
        // No rounding between the squarings.
        recipe: (recipe) => ({
          ...recipe,
          steps: Object.fromEntries(Object.keys(recipe.steps).map((name) => [name, { exponent: 0 }])),
        }),
      })
    expect(bitLength(hull(output(compile(7).quantized).ranges).hi)).to.be.within(217, 251)
    expect(() => compile(8)).to.throw(MagnitudeError, /node "square_y" \(Mul\).*2\^251/)
    expect(() => uniformRanges(1, -(1n << 251n), 0n, 'here')).to.throw(MagnitudeError)
    expect(() => uniformRanges(1, 1n - (1n << 251n), (1n << 251n) - 1n, 'here')).to.not.throw()
  })

  it('beyond 2^53 are computed in integers, with the results of integers', () => {
    const { quantized, recipe, graph } = quantizeModel(
      model(
        6,
        [
          { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'], name: 'fc' },
          { op: 'Mul', inputs: ['h', 'h'], outputs: ['s'], name: 'square' },
          { op: 'MatMul', inputs: ['s', 'v'], outputs: ['t'], name: 'fc2' },
          { op: 'Relu', inputs: ['t'], outputs: ['y'], name: 'relu' },
        ],
        { w: floats([6, 4], 1), v: floats([4, 3], 2) },
      ),
      {
        inputs: { x: { bits: 30, lo: -(2 ** 29), exponent: 20 } },
        recipe: ({ steps, ...rest }) => ({
          ...rest,
          steps: { ...steps, 'square/a': { exponent: 20 }, relu: { exponent: 10 } },
        }),
      },
    )
    const linear = quantized.steps.filter((step) => step.kind === 'linear')
    expect(linear.some(({ exactSums }) => !exactSums)).to.equal(true)
    for (const inputs of sampleInputs(recipe.inputs, graph, 6)) {
      const values = evaluateProgram(quantized, inputs)
      for (const { map, output: result } of linear) {
        const x = map.sources.flatMap(({ tensor }) => [...toBigInts(values[tensor]!)])
        const expected = Array.from({ length: map.rows }, (_, row) => {
          let sum = BigInt(map.bias[row]!)
          for (let i = map.start[row]!; i < map.start[row + 1]!; i++) sum += BigInt(map.weight[i]!) * x[map.column[i]!]!
          return sum
        })
        expect(toBigInts(values[result]!)).to.deep.equal(expected)
      }
    }
  })

  it('decide the form of a maximum: narrow even when an argument was wide', () => {
    // The first element may be as low as −2^60, but never the maximum's bound.
    const { quantized } = quantizeModel(
      model(
        2,
        [
          { op: 'Mul', inputs: ['x', 'scale'], outputs: ['s'], name: 'scale' },
          { op: 'Relu', inputs: ['s'], outputs: ['r'], name: 'relu' },
          { op: 'Sub', inputs: ['shift', 'r'], outputs: ['d'], name: 'negated' },
          { op: 'Reshape', inputs: ['d', 'shape'], outputs: ['p'], name: 'image' },
          { op: 'MaxPool', inputs: ['p'], outputs: ['m'], name: 'pool', attributes: { kernel_shape: [2] } },
          { op: 'Relu', inputs: ['m'], outputs: ['y'], name: 'last' },
        ],
        {
          scale: { shape: [1, 2], data: [2 ** 40, 1] },
          shift: { shape: [1, 2], data: [0, 3] },
          shape: { type: 'int64', shape: [3], data: [1, 1, 2] },
        },
      ),
      {
        inputs: { x: { bits: 20, lo: 0, exponent: 0 } },
        recipe: (recipe) => ({ ...recipe, steps: { relu: { exponent: 0 }, last: { exponent: 0 } } }),
      },
    )
    const max = quantized.steps.find((step) => step.kind === 'max')!
    expect(quantized.tensors[max.source]!.ranges.exact).to.equal(undefined)
    expect(quantized.tensors[max.output]!.ranges.exact).to.not.equal(undefined)
    const values = evaluateProgram(quantized, [Float64Array.of(2 ** 20 - 1, 2)])
    expect([...(values[max.output] as Float64Array)]).to.deep.equal([1])
  })

  it('are taken together by hull and measured by bitLength', () => {
    expect(hull(makeRanges([3n, -4n], [9n, 5n], 'here'))).to.deep.equal({ lo: -4n, hi: 9n })
    expect([0n, 1n, 255n, 256n].map(bitLength)).to.deep.equal([0, 1, 8, 9])
  })
})

describe('rescaling', () => {
  const rescale = (steps: Readonly<Record<string, { exponent: number; clampBits?: number }>>, op = 'Relu', bits = 40) =>
    quantizeModel(
      model(
        1,
        [
          { op: 'Mul', inputs: ['x', 'scale'], outputs: ['s'], name: 'scale' },
          { op, inputs: ['s'], outputs: ['y'], name: 'act' },
        ],
        { scale: { shape: [], data: [2 ** 40] } },
      ),
      { inputs: { x: { bits, lo: -(2 ** (bits - 1)), exponent: 0 } }, recipe: (recipe) => ({ ...recipe, steps }) },
    ).quantized

  it('rounds half up, also below zero', () => {
    expect([-3n, -2n, -1n, 0n, 1n, 2n, 3n].map((q) => roundShift(q, 1))).to.deep.equal([-1n, -1n, 0n, 0n, 1n, 1n, 2n])
    expect(roundShift(-7n, 0)).to.equal(-7n)
  })

  it('saturates at 2^bits − 1 exactly, also where no double can hold that', () => {
    for (const clampBits of [8, 52, 53, 54, 60, 64]) {
      const program = rescale({ act: { exponent: 0, clampBits } })
      const top = (1n << BigInt(clampBits)) - 1n
      const [largest] = [Float64Array.of(2 ** 39 - 1)]
      expect(toBigInts(evaluateProgram(program, [largest])[output(program).id]!)).to.deep.equal([top])
      expect(hull(output(program).ranges)).to.deep.equal({ lo: 0n, hi: top })
      expect(toBigInts(evaluateProgram(program, [Float64Array.of(-5)])[output(program).id]!)).to.deep.equal([0n])
    }
  })

  it('costs little more when it saturates', () => {
    const open = priceProgram(rescale({ act: { exponent: 0 } })).constraints
    const clamped = priceProgram(rescale({ act: { exponent: 0, clampBits: 8 } })).constraints
    expect(clamped - open).to.equal(3)
  })

  it('refuses to clamp where the circuit cannot: the claimed interval would not be enforced', () => {
    const leaky = (
      steps: Readonly<Record<string, { exponent?: number; clampBits?: number; weightExponent?: number }>>,
    ) =>
      quantizeModel(model(1, [{ op: 'LeakyRelu', inputs: ['x'], outputs: ['y'], name: 'act' }]), {
        recipe: (recipe) => ({ ...recipe, steps }),
      })
    expect(() => leaky({ 'act/split': { exponent: 2 }, act: { weightExponent: 7 } })).to.not.throw()
    expect(() => leaky({ 'act/split': { exponent: 2, clampBits: 3 }, act: { weightExponent: 7 } })).to.throw(
      RecipeError,
      /act\/split.*LeakyRelu cannot be clamped/,
    )
  })

  it('refuses a result finer than its argument', () => {
    expect(() => rescale({ act: { exponent: 3 } })).to.throw(RecipeError, 'finer than the 0')
  })
})

describe('evaluating on integers', () => {
  const { quantized } = quantizeModel(SMALL_MODELS['Gemm, Relu, Gemm']!.spec)

  it('refuses inputs of the wrong number or length', () => {
    expect(() => evaluateProgram(quantized, [])).to.throw(InputRangeError, '0 values; the model takes 6')
    expect(() => evaluateProgram(quantized, [new Float64Array(5)])).to.throw(InputRangeError, '5 values')
  })

  it('refuses values that no digits encode', () => {
    for (const bad of [-33, 32, 0.5, NaN, Infinity, -Infinity]) {
      const input = new Float64Array(6)
      input[3] = bad
      expect(() => evaluateProgram(quantized, [input])).to.throw(InputRangeError, /\[3\] is not an integer in/)
    }
  })
})
