// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { priceProgram, toolVersions } from '../../prover/circuit'
import { parseModel } from '../../prover/onnx'
import { OPERATORS } from '../../prover/onnx/ops'
import { buildProgram, calibrate, inputRecipe, quantizeProgram, ReferenceModel } from '../../prover/quantize'
import {
  buildModel,
  ints,
  seededRandom,
  type AttributeSpec,
  type DataType,
  type TensorSpec,
} from '../support/onnx-builder'

/** A variable operand, float32 from −1 to 1 by default. Whole numbers lie in [lo, hi). */
type Input = { readonly shape: readonly number[]; readonly type?: DataType; readonly range?: readonly [number, number] }

/** A model of one node, and its constraints besides those of inputs and outputs, by the bits of the first input. */
type Row = {
  readonly op: string
  readonly inputs: readonly Input[]
  readonly constants?: readonly TensorSpec[]
  readonly attributes?: Readonly<Record<string, AttributeSpec>>
  readonly outputs?: readonly DataType[]
  readonly opset?: number
  /** A part of what the catalogue says of the cost; the numbers are this formula's. */
  readonly says: string
  readonly cost: (b: number) => number | readonly [least: number, most: number]
}

const real = (shape: readonly number[], lo = -1, hi = 1): Input => ({ shape, range: [lo, hi] })
const whole = (shape: readonly number[], lo = 0, hi = 256): Input => ({ shape, type: 'int32', range: [lo, hi] })
const pair = [whole([1, 4]), whole([1, 4])]
const byte: Input = { shape: [1, 4], type: 'uint8', range: [0, 256] }
const group = [whole([1, 4])]
const scalar = (value: number): TensorSpec => ({ shape: [], data: [value] })

const ROWS: readonly Row[] = [
  { op: 'MatMul', inputs: [real([2, 3]), real([3, 4])], says: '1 a product of two variables', cost: () => 24 },
  { op: 'Gemm', inputs: [real([2, 3]), real([3, 4]), real([4])], says: '1 a product of two variables', cost: () => 24 },
  { op: 'Conv', inputs: [real([1, 1, 5]), real([2, 1, 3])], says: '1 a product of two variables', cost: () => 18 },
  { op: 'Mul', inputs: [real([1, 4]), real([1, 4])], says: '1 an element for two variables', cost: () => 4 },
  { op: 'Add', inputs: [real([1, 4]), real([1, 4])], says: 'none', cost: () => 0 },
  { op: 'AveragePool', inputs: [real([1, 1, 6])], attributes: { kernel_shape: [3] }, says: 'none', cost: () => 0 },
  {
    op: 'MaxPool',
    inputs: [real([1, 1, 6])],
    attributes: { kernel_shape: [3], strides: [3] },
    says: '(k − 1)·(b + 3) a window of k elements',
    cost: (b) => 2 * 2 * (b + 3),
  },
  {
    op: 'MaxPool',
    inputs: [real([1, 1, 6])],
    attributes: { kernel_shape: [3], strides: [3] },
    outputs: ['float32', 'int64'],
    says: '(k − 1)·(b + 4) + k + 2 more for Indices',
    cost: (b) => 2 * (2 * (b + 3) + 2 * (b + 4) + 5),
  },
  { op: 'Relu', inputs: [real([1, 4])], says: 'b + 2 an element', cost: (b) => 4 * (b + 2) },
  { op: 'LeakyRelu', inputs: [real([1, 4])], says: 'b + 3 an element', cost: (b) => 4 * (b + 3) },
  { op: 'Abs', inputs: [real([1, 4])], says: 'b + 3 an element', cost: (b) => 4 * (b + 3) },
  {
    op: 'Clip',
    inputs: [real([1, 4])],
    constants: [scalar(-0.5), scalar(0.5)],
    says: 'at most 2·(b + 4) an element',
    cost: (b) => [4 * (b + 2), 4 * 2 * (b + 4)],
  },
  ...['Exp', 'Sigmoid', 'Tanh', 'Erf', 'Sin'].map((op): Row => ({
    op,
    inputs: [real([1, 4], -4, 4)],
    says: 'about 30 to 190 an element',
    cost: () => [4 * 25, 4 * (190 + 20)],
  })),
  { op: 'Softmax', inputs: [real([1, 8])], says: 'at most 90·n + 100 a group of n', cost: () => [200, 820] },
  { op: 'LogSoftmax', inputs: [real([1, 8])], says: 'at most 90·n + 100 a group of n', cost: () => [200, 820] },
  { op: 'Equal', inputs: pair, outputs: ['bool'], says: '3 an element', cost: () => 12 },
  { op: 'Greater', inputs: pair, outputs: ['bool'], says: 'b + 2 an element', cost: (b) => 4 * (b + 2) },
  { op: 'LessOrEqual', inputs: pair, outputs: ['bool'], says: 'b + 2 an element', cost: (b) => 4 * (b + 2) },
  { op: 'Max', inputs: pair, outputs: ['int32'], says: '(n − 1)·(b + 3) an element', cost: (b) => 4 * (b + 3) },
  { op: 'Min', inputs: pair, outputs: ['int32'], says: '(n − 1)·(b + 3) an element', cost: (b) => 4 * (b + 3) },
  {
    op: 'ReduceMax',
    inputs: group,
    outputs: ['int32'],
    says: '(n − 1)·(b + 3) a group of n',
    cost: (b) => 3 * (b + 3),
  },
  {
    op: 'ArgMax',
    inputs: group,
    outputs: ['int64'],
    attributes: { axis: 1 },
    says: '(n − 1)·(b + 4)',
    cost: (b) => 3 * (b + 4),
  },
  { op: 'Hardmax', inputs: [real([1, 4])], says: '(n − 1)·(b + 4) + n + 2', cost: (b) => 3 * (b + 4) + 6 },
  {
    op: 'TopK',
    inputs: [real([1, 4])],
    constants: [ints([2])],
    outputs: ['float32', 'int64'],
    says: 'n·(n − 1)/2·(b + 2) + n·(n + 2)',
    cost: (b) => 6 * (b + 2) + 24 + 8,
  },
  { op: 'Floor', inputs: [real([1, 4], -8, 8)], says: 'b + 2 an element', cost: (b) => 4 * (b + 2) },
  { op: 'Ceil', inputs: [real([1, 4], -8, 8)], says: 'b + 3 an element', cost: (b) => 4 * (b + 3) },
  { op: 'Round', inputs: [real([1, 4], -8, 8)], says: 'b + 6 an element', cost: (b) => 4 * (b + 6) },
  { op: 'Sign', inputs: [real([1, 4])], says: 'b + 4 an element', cost: (b) => 4 * (b + 4) },
  {
    op: 'Cast',
    inputs: [real([1, 4], -8, 8)],
    attributes: { to: 7 },
    outputs: ['int64'],
    says: '2b + 6 an element from float to an integer',
    cost: (b) => 4 * (2 * b + 6),
  },
  {
    op: 'PRelu',
    inputs: [real([1, 4]), real([1, 4])],
    says: 'b + 3 and the rounding of both',
    cost: (b) => [4 * (b + 3), 4 * 3 * (b + 4)],
  },
  { op: 'ReduceL1', inputs: [real([1, 4])], says: 'b + 3 an element', cost: (b) => 4 * (b + 3) },
  {
    op: 'BitwiseXor',
    opset: 18,
    inputs: [byte, byte],
    outputs: ['uint8'],
    says: '3b + 2 an element',
    cost: (b) => 4 * (3 * b + 2),
  },
  {
    op: 'BitwiseOr',
    opset: 18,
    inputs: [whole([1, 4], -128, 128), whole([1, 4], -128, 128)],
    outputs: ['int32'],
    says: '9b + 17 with signs',
    cost: (b) => 4 * (9 * b + 17),
  },
  { op: 'ThresholdedRelu', inputs: [real([1, 4], -4, 4)], says: 'b + 3 an element', cost: (b) => 4 * (b + 3) },
  {
    op: 'Mod',
    inputs: [whole([1, 4]), whole([1, 4], 1, 16)],
    outputs: ['int32'],
    says: 'q + 2d + 7 an element',
    cost: (b) => 4 * (b + 2 * 5 + 7),
  },
  {
    op: 'Div',
    inputs: [whole([1, 4]), whole([1, 4], 1, 16)],
    outputs: ['int32'],
    says: 'q + 2d + 7 an element',
    cost: (b) => 4 * (b + 2 * 5 + 7),
  },
  {
    op: 'Gather',
    inputs: [real([8]), whole([2], 0, 8)],
    says: 'for a variable one of v values v + 2, and v an element of the result where the data is variable',
    cost: () => 2 * (8 + 2) + 2 * 8,
  },
  {
    op: 'Sqrt',
    inputs: [real([1, 4], 0, 4)],
    says: '3·r + 3 for a root of r bits an element',
    cost: (b) => [4 * (1.5 * b + 3), 4 * (3 * b + 3)],
  },
  {
    op: 'BatchNormalization',
    inputs: [real([1, 2, 3]), real([2]), real([2]), real([2]), real([2], 0.5, 1)],
    says: '1 an element, and for each channel 3·r + 3 for a root of r bits and a division of q + 2d + 3',
    cost: () => [6 + 2 * 40, 6 + 2 * 120],
  },
  { op: 'ReduceSumSquare', inputs: [real([1, 4])], says: '1 an element', cost: () => 4 },
]

async function measure(row: Row): Promise<{ bits: number; constraints: number }> {
  const inputs = row.inputs.map(({ shape, type }, i) => ({ name: `x${i}`, shape, ...(type && { type }) }))
  const outputs = (row.outputs ?? ['float32']).map((type, i) => ({ name: `y${i}`, type }))
  const initializers = Object.fromEntries((row.constants ?? []).map((tensor, i) => [`c${i}`, tensor]))
  const model = buildModel({
    opset: row.opset ?? 17,
    inputs,
    outputs,
    initializers,
    nodes: [
      {
        op: row.op,
        name: 'n',
        inputs: [...inputs.map(({ name }) => name), ...Object.keys(initializers)],
        outputs: outputs.map(({ name }) => name),
        attributes: row.attributes ?? {},
      },
    ],
  })
  const graph = parseModel(model)
  const program = buildProgram(graph)
  const random = seededRandom(1)
  const samples = Array.from({ length: 6 }, () =>
    row.inputs.map(({ shape, type, range: [lo, hi] = [-1, 1] }) =>
      Float64Array.from({ length: shape.reduce((x, y) => x * y, 1) }, () => {
        const value = lo + (hi - lo) * random()
        return type === undefined ? value : Math.floor(value)
      }),
    ),
  )
  const onnxruntime = await ReferenceModel.load(graph, model)
  const reference = await onnxruntime.runAll(samples)
  await onnxruntime.close()
  const recipes = graph.inputs.map(({ name }, i) =>
    inputRecipe(
      name,
      samples.map((sample) => sample[i]!),
      { range: row.inputs[i]!.range ?? [-1, 1] },
    ),
  )
  const { recipe } = calibrate({
    program,
    inputs: recipes,
    outputs: outputs.map(({ name }) => ({ name, visibility: 'public' })),
    tools: toolVersions(),
    samples,
    reference,
    costModel: priceProgram,
  })
  const { steps } = priceProgram(quantizeProgram(program, recipe))
  return { bits: recipe.inputs[0]!.bits, constraints: steps.reduce((sum, step) => sum + step.constraints, 0) }
}

describe('costs that the catalogue of operators states', function () {
  this.timeout(30_000)

  for (const row of ROWS)
    it(`are so for ${row.op}: ${row.says}`, async () => {
      expect(OPERATORS.find(({ name }) => name === row.op)?.cost).to.include(row.says)
      const { bits, constraints } = await measure(row)
      const stated = row.cost(bits)
      if (typeof stated === 'number') expect(constraints, `${bits} bits`).to.equal(stated)
      else expect(constraints, `${bits} bits`).to.be.within(...stated)
    })
})
