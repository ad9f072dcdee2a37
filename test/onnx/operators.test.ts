// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { evaluateGraph } from '../support/graph-evaluator'
import {
  type AttributeSpec,
  buildModel,
  type DataType,
  floats,
  ints,
  seededRandom,
  type TensorSpec,
} from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'

type Attributes = Readonly<Record<string, AttributeSpec>>

/** One operator: the shape of its variable first input, its attributes, its other inputs, opset, output type. */
type Case = {
  readonly op: string
  readonly x: readonly number[]
  readonly attributes?: Attributes
  readonly constants?: readonly (TensorSpec | undefined)[]
  readonly opset?: number
  readonly type?: DataType
  /** Puts the variable after the constants. */
  readonly last?: boolean
  /** Uses the variable twice. */
  readonly twice?: boolean
}

const half: TensorSpec = { shape: [], data: [0.5] }
const scales = (...data: readonly number[]): TensorSpec => ({ shape: [data.length], data })
const statistics = (channels: number): readonly TensorSpec[] => [
  floats([channels], 2),
  floats([channels], 3),
  floats([channels], 4),
  { shape: [channels], data: Array.from({ length: channels }, (_, index) => 0.5 + index) },
]

const CASES: readonly Case[] = [
  ...[9, 11, 13, 21].map((opset): Case => ({ op: 'Gemm', x: [2, 3], constants: [floats([3, 4]), floats([4])], opset })),
  { op: 'Gemm', x: [3, 2], constants: [floats([4, 3])], attributes: { transA: 1, transB: 1, alpha: 0.5 } },
  { op: 'Gemm', x: [2, 3], constants: [floats([3, 4]), floats([2, 1])], attributes: { alpha: 2, beta: 0.25 } },
  { op: 'Gemm', x: [3, 2], constants: [floats([4, 3])], last: true },
  { op: 'Gemm', x: [3, 3], twice: true, attributes: { transA: 1, alpha: 0.5 } },
  { op: 'MatMul', x: [3, 3], twice: true },
  { op: 'MatMul', x: [2, 3], constants: [floats([3, 4])] },
  { op: 'MatMul', x: [3], constants: [floats([3, 4])] },
  { op: 'MatMul', x: [2, 3], constants: [floats([3])] },
  { op: 'MatMul', x: [3], constants: [floats([3])] },
  { op: 'MatMul', x: [2, 1, 2, 3], constants: [floats([5, 3, 4])] },
  { op: 'MatMul', x: [2, 3, 4], constants: [floats([5, 3])], last: true },
  ...['Add', 'Sub', 'Mul'].flatMap((op): Case[] => [
    { op, x: [2, 3], constants: [floats([3])], opset: 9 },
    { op, x: [2, 1, 3], constants: [floats([4, 1])], last: true },
    { op, x: [2, 3], twice: true },
  ]),
  { op: 'Div', x: [2, 3], constants: [half] },
  { op: 'Neg', x: [2, 3] },
  { op: 'Relu', x: [2, 3] },
  { op: 'Relu', x: [] },
  { op: 'Sigmoid', x: [2, 3] },
  { op: 'Tanh', x: [2, 3] },
  { op: 'LeakyRelu', x: [2, 3] },
  { op: 'LeakyRelu', x: [2, 3], attributes: { alpha: 0.25 } },
  { op: 'Clip', x: [2, 9], attributes: { min: -0.25, max: 0.5 }, opset: 9 },
  { op: 'Clip', x: [2, 9], attributes: { max: 0.5 }, opset: 10 },
  { op: 'Clip', x: [2, 9], constants: [undefined, half], opset: 11 },
  {
    op: 'Clip',
    x: [2, 9],
    constants: [
      { shape: [], data: [0] },
      { shape: [], data: [Infinity] },
    ],
  },
  { op: 'Conv', x: [1, 2, 7], constants: [floats([3, 2, 3]), floats([3])] },
  { op: 'Conv', x: [1, 2, 3, 4, 3], constants: [floats([3, 2, 2, 1, 2]), floats([3])] },
  { op: 'Conv', x: [2, 2, 2], constants: [floats([1, 2, 4])], last: true, attributes: { pads: [1, 0] } },
  { op: 'Conv', x: [2, 2, 7, 6], constants: [floats([3, 2, 3, 2])], attributes: { pads: [1, 0, 2, 1] } },
  { op: 'Conv', x: [1, 4, 9, 9], constants: [floats([6, 2, 3, 3])], attributes: { group: 2, dilations: [2, 3] } },
  { op: 'Conv', x: [1, 3, 8, 8], constants: [floats([3, 1, 3, 3])], attributes: { group: 3, strides: [2, 3] } },
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].flatMap((auto_pad): Case[] => [
    { op: 'Conv', x: [1, 1, 7, 8], constants: [floats([2, 1, 4, 2])], attributes: { auto_pad, strides: [2, 3] } },
    { op: 'MaxPool', x: [1, 1, 7, 8], attributes: { auto_pad, kernel_shape: [3, 2], strides: [2, 1] } },
    { op: 'AveragePool', x: [1, 1, 7, 8], attributes: { auto_pad, kernel_shape: [3, 2], strides: [2, 1] } },
  ]),
  ...[9, 14, 15].map((opset): Case => ({ op: 'BatchNormalization', x: [2, 3, 4], constants: statistics(3), opset })),
  { op: 'BatchNormalization', x: [2, 3], constants: statistics(3), attributes: { epsilon: 0.01, momentum: 0.5 } },
  ...[9, 10, 19].flatMap((opset): Case[] => [
    { op: 'MaxPool', x: [1, 2, 6, 7], attributes: { kernel_shape: [2, 3], strides: [2, 2] }, opset },
    { op: 'AveragePool', x: [1, 2, 6, 7], attributes: { kernel_shape: [2, 3], pads: [1, 1, 0, 1] }, opset },
  ]),
  { op: 'MaxPool', x: [1, 2, 8], attributes: { kernel_shape: [3], dilations: [2], pads: [1, 1] } },
  { op: 'MaxPool', x: [1, 1, 6, 8], attributes: { kernel_shape: [3, 3], strides: [2, 3], ceil_mode: 1 } },
  { op: 'AveragePool', x: [1, 1, 6, 8], attributes: { kernel_shape: [3, 3], strides: [2, 3], ceil_mode: 1 } },
  { op: 'AveragePool', x: [1, 1, 6], attributes: { kernel_shape: [3], pads: [1, 1], count_include_pad: 1 } },
  { op: 'AveragePool', x: [1, 1, 8], attributes: { kernel_shape: [3], dilations: [2] }, opset: 19 },
  {
    op: 'AveragePool',
    x: [1, 2, 6, 5],
    attributes: { kernel_shape: [3, 3], strides: [2, 3], pads: [1, 1, 1, 0], ceil_mode: 1, count_include_pad: 1 },
    opset: 19,
  },
  { op: 'GlobalAveragePool', x: [2, 3, 4, 5] },
  { op: 'GlobalAveragePool', x: [2, 3, 4] },
  { op: 'Softmax', x: [2, 5] },
  { op: 'Softmax', x: [2, 5, 3], attributes: { axis: 1 } },
  { op: 'Softmax', x: [2, 5], opset: 9 },
  { op: 'Softmax', x: [2, 3, 4], opset: 11, attributes: { axis: 1 } },
  { op: 'LogSoftmax', x: [2, 3, 4], opset: 11, attributes: { axis: 1 } },
  {
    op: 'Einsum',
    x: [2, 3, 4],
    constants: [floats([3, 5]), floats([4, 5])],
    attributes: { equation: '...jk,ja,ka->...a' },
  },
  { op: 'Einsum', x: [3, 3], attributes: { equation: 'ii' } },
  { op: 'Einsum', x: [2, 3], twice: true, attributes: { equation: 'ij, kj -> ki' } },
  {
    op: 'ConvTranspose',
    x: [1, 4, 3, 2],
    constants: [floats([4, 1, 3, 2]), floats([2])],
    attributes: { group: 2, strides: [2, 3], dilations: [1, 2], pads: [1, 0, 0, 1], output_padding: [1, 0] },
  },
  {
    op: 'ConvTranspose',
    x: [1, 2, 3],
    constants: [floats([2, 1, 3])],
    attributes: { auto_pad: 'SAME_LOWER', strides: [2] },
  },
  { op: 'LpPool', x: [1, 2, 5], attributes: { kernel_shape: [2], p: 3 } },
  { op: 'Softmax', x: [2, 1, 5], opset: 11 },
  { op: 'Softmax', x: [2, 5, 1, 1], opset: 11, attributes: { axis: 1 } },
  { op: 'ArgMax', x: [2, 5], type: 'int64' },
  { op: 'ArgMax', x: [2, 5, 3], type: 'int64', attributes: { axis: -2, keepdims: 0 } },
  { op: 'ArgMax', x: [2, 5], type: 'int64', attributes: { axis: 1, select_last_index: 0 }, opset: 12 },
  { op: 'ArgMin', x: [2, 5, 3], type: 'int64', attributes: { axis: 1, select_last_index: 1 } },
  { op: 'Hardmax', x: [2, 5, 3], attributes: { axis: 1 } },
  { op: 'Hardmax', x: [2, 5, 3], attributes: { axis: 1 }, opset: 11 },
  {
    op: 'CumSum',
    x: [2, 3, 4],
    constants: [{ shape: [], type: 'int64', data: [-2] }],
    attributes: { exclusive: 1, reverse: 1 },
  },
  { op: 'Flatten', x: [2, 3, 4] },
  { op: 'Flatten', x: [2, 3, 4], attributes: { axis: 0 } },
  { op: 'Flatten', x: [2, 3, 4], attributes: { axis: 3 } },
  { op: 'Flatten', x: [2, 3, 4], attributes: { axis: -1 } },
  { op: 'Reshape', x: [2, 3, 4], constants: [ints([0, -1])], opset: 9 },
  { op: 'Reshape', x: [2, 3, 4], constants: [ints([4, 1, 6])] },
  { op: 'Reshape', x: [1, 1], constants: [ints([])] },
  { op: 'Transpose', x: [2, 3, 4] },
  { op: 'Transpose', x: [2, 3, 4], attributes: { perm: [1, 2, 0] } },
  { op: 'Squeeze', x: [1, 3, 1], opset: 11 },
  { op: 'Squeeze', x: [1, 3, 1], attributes: { axes: [-1] }, opset: 11 },
  { op: 'Squeeze', x: [1, 3, 1], constants: [ints([0])] },
  { op: 'Squeeze', x: [1, 3, 1] },
  { op: 'Unsqueeze', x: [2, 3], attributes: { axes: [0, 3] }, opset: 11 },
  { op: 'Unsqueeze', x: [2, 3], constants: [ints([-1, 1])] },
  { op: 'Concat', x: [2, 3], constants: [floats([2, 2]), floats([2, 1])], attributes: { axis: 1 } },
  { op: 'Concat', x: [2, 3], constants: [floats([1, 3])], attributes: { axis: -2 }, last: true },
  { op: 'Slice', x: [4, 5], attributes: { starts: [1, -3], ends: [9, -1], axes: [1, 0] }, opset: 9 },
  { op: 'Slice', x: [4, 5], constants: [ints([1]), ints([9223372036854775807n]), ints([-1]), ints([2])] },
  { op: 'Slice', x: [4, 5], constants: [ints([-1]), ints([-9223372036854775808n]), ints([1]), ints([-2])] },
  { op: 'Pad', x: [2, 3], attributes: { pads: [1, 0, 0, 2], value: 0.5 }, opset: 9 },
  { op: 'Scatter', x: [3, 2], constants: [{ ...ints([1, 2, 0, 0]), shape: [2, 2] }, floats([2, 2], 3)], opset: 10 },
  { op: 'Pad', x: [2, 3], constants: [ints([1, 0, 0, 2]), half], opset: 11 },
  { op: 'Pad', x: [2, 3], constants: [ints([1, 2]), undefined, ints([-1])], opset: 18 },
  { op: 'Pad', x: [3, 4], constants: [ints([2, 1, 1, 3])], attributes: { mode: 'reflect' } },
  { op: 'Pad', x: [3, 4], constants: [ints([2, 1, 1, 3])], attributes: { mode: 'edge' } },
  { op: 'Pad', x: [3, 4], constants: [ints([2, 4, 1, 3])], attributes: { mode: 'wrap' }, opset: 19 },
  { op: 'Pad', x: [3, 4], constants: [ints([-1, 2, 1, -1]), half] },
  { op: 'Pad', x: [3, 4], constants: [ints([-1, 1, 1, -1])], attributes: { mode: 'reflect' } },
  { op: 'Pad', x: [3, 4], constants: [ints([-1, 1, 2, -1])], attributes: { mode: 'edge' } },
  {
    op: 'Gather',
    x: [2, 3, 4],
    constants: [{ shape: [2, 2], type: 'int64', data: [0, -1, 2, 1] }],
    attributes: { axis: 1 },
  },
  { op: 'Gather', x: [3, 2], constants: [{ shape: [], type: 'int64', data: [-2] }], opset: 9 },
  { op: 'GatherElements', x: [3, 3], constants: [{ shape: [2, 3], type: 'int64', data: [0, 2, -1, 1, 0, -3] }] },
  {
    op: 'GatherND',
    x: [2, 3, 4],
    constants: [{ shape: [2, 2, 1], type: 'int64', data: [0, 2, -1, 1] }],
    attributes: { batch_dims: 1 },
  },
  {
    op: 'ScatterElements',
    x: [3, 2],
    constants: [{ shape: [2, 1], type: 'int64', data: [2, -3] }, floats([2, 1])],
    opset: 11,
  },
  {
    op: 'ScatterND',
    x: [3, 2],
    constants: [{ shape: [3, 1], type: 'int64', data: [2, -3, 2] }, floats([3, 2])],
    attributes: { reduction: 'add' },
  },
  { op: 'Expand', x: [2, 1, 3], constants: [ints([4, 1, 2, 1])] },
  { op: 'Tile', x: [2, 3], constants: [ints([2, 1])], opset: 9 },
  { op: 'Trilu', x: [2, 3, 4], constants: [{ shape: [], type: 'int64', data: [-1] }], attributes: { upper: 0 } },
  { op: 'DepthToSpace', x: [1, 8, 2, 3], attributes: { blocksize: 2 }, opset: 9 },
  { op: 'DepthToSpace', x: [1, 8, 2, 3], attributes: { blocksize: 2, mode: 'CRD' } },
  { op: 'SpaceToDepth', x: [1, 2, 4, 6], attributes: { blocksize: 2 } },
  { op: 'Compress', x: [3, 4], constants: [{ shape: [3], type: 'bool', data: [0, 1, 1] }], attributes: { axis: 1 } },
  { op: 'Compress', x: [3, 4], constants: [{ shape: [6], type: 'bool', data: [1, 1, 0, 0, 0, 1] }] },
  { op: 'ReverseSequence', x: [4, 3, 2], constants: [ints([1, 4, 3])] },
  { op: 'ReverseSequence', x: [3, 4], constants: [ints([1, 4, 3])], attributes: { batch_axis: 0, time_axis: 1 } },
  { op: 'Upsample', x: [1, 1, 2, 3], constants: [scales(1, 1, 2, 3)], opset: 9 },
  { op: 'Resize', x: [1, 1, 2, 3], constants: [scales(1, 1, 2, 1.5)], attributes: { mode: 'linear' }, opset: 10 },
  { op: 'Resize', x: [1, 1, 3, 4], constants: [undefined, scales(1, 1, 2, 1.5)], attributes: { mode: 'linear' } },
  {
    op: 'Resize',
    x: [1, 1, 4, 4],
    constants: [undefined, scales(1, 1, 2, 1.5)],
    attributes: { mode: 'cubic', exclude_outside: 1 },
  },
  { op: 'Resize', x: [1, 1, 4, 5], constants: [undefined, undefined, ints([1, 1, 7, 3])], opset: 13 },
  {
    op: 'Resize',
    x: [1, 1, 4, 5],
    constants: [undefined, undefined, ints([1, 1, 7, 3])],
    attributes: { coordinate_transformation_mode: 'align_corners', nearest_mode: 'ceil' },
  },
  { op: 'Identity', x: [2, 3] },
  { op: 'Dropout', x: [2, 3], attributes: { ratio: 0.3 }, opset: 9 },
  { op: 'Dropout', x: [2, 3], constants: [half, { shape: [], data: [0], type: 'bool' }] },
  { op: 'Cast', x: [2, 3], attributes: { to: 11 }, type: 'float64' },
  { op: 'Cast', x: [2, 3], attributes: { to: 1 }, opset: 19 },
]

function buildCase(test: Case): Uint8Array {
  const constants = (test.constants ?? []).map((tensor, index) => [tensor ? `c${index}` : '', tensor] as const)
  const names = constants.map(([name]) => name)
  const inputs = test.twice ? ['x', 'x'] : test.last ? [...names, 'x'] : ['x', ...names]
  return buildModel({
    opset: test.opset ?? 17,
    inputs: [{ name: 'x', shape: test.x }],
    outputs: [{ name: 'y', type: test.type ?? 'float32' }],
    nodes: [{ op: test.op, inputs, outputs: ['y'], attributes: test.attributes ?? {} }],
    initializers: Object.fromEntries(constants.flatMap(([name, tensor]) => (tensor ? [[name, tensor]] : []))),
  })
}

describe('onnx: every operator against onnxruntime', () => {
  for (const [index, test] of CASES.entries()) {
    const title = `${test.op} of [${test.x.join()}] ${JSON.stringify(test.attributes ?? {})} opset ${test.opset ?? 17}`
    it(`${title} #${index}`, async () => {
      const bytes = buildCase(test)
      const random = seededRandom(index + 1)
      const count = test.x.reduce((product, size) => product * size, 1)
      const data = Float32Array.from({ length: count }, () => random() * 2 - 1)
      const reference = (await runInOnnxruntime(bytes, { x: { shape: test.x, data } })).get('y')
      const graph = parseModel(bytes)
      const ours = evaluateGraph(graph, { x: data }).get('y')
      expect(graph.outputs[0]?.shape).to.deep.equal(reference?.dims)
      expect(ours?.data.length).to.equal(reference?.data.length)
      ours?.data.forEach((value, at) => expect(value).to.be.closeTo(reference?.data[at] ?? NaN, 1e-5))
    })
  }
})
