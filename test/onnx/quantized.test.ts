// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { evaluateGraph } from '../support/graph-evaluator'
import { buildModel, floats, type NodeSpec, seededRandom, type TensorSpec } from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'
import { expectRefusal } from './support'

const scale = (...data: number[]): TensorSpec => ({ shape: data.length > 1 ? [data.length] : [], data })
const zero = (type: 'int8' | 'uint8' | 'int32', ...data: number[]): TensorSpec => ({
  type,
  shape: data.length > 1 ? [data.length] : [],
  data,
})
const whole = (type: 'int8' | 'uint8' | 'int32', shape: readonly number[], seed: number): TensorSpec => {
  const random = seededRandom(seed)
  const count = shape.reduce((product, size) => product * size, 1)
  return {
    type,
    shape,
    data: Array.from({ length: count }, () => Math.floor(random() * 100) - (type === 'uint8' ? 0 : 50)),
  }
}

const quantize: NodeSpec = { op: 'QuantizeLinear', inputs: ['x', 'xs', 'xz'], outputs: ['q'] }
const dequantize: NodeSpec = { op: 'DequantizeLinear', inputs: ['p', 'ys', 'yz'], outputs: ['y'] }

const CASES: Readonly<
  Record<
    string,
    { readonly x: readonly number[]; readonly nodes: NodeSpec[]; readonly tensors: Record<string, TensorSpec> }
  >
> = {
  'QDQ around a Gemm, per channel': {
    x: [2, 4],
    nodes: [
      quantize,
      { op: 'DequantizeLinear', inputs: ['q', 'xs', 'xz'], outputs: ['d'] },
      { op: 'DequantizeLinear', inputs: ['w', 'ws', 'wz'], outputs: ['v'], attributes: { axis: 1 } },
      { op: 'Gemm', inputs: ['d', 'v'], outputs: ['g'] },
      { op: 'QuantizeLinear', inputs: ['g', 'ys', 'yz'], outputs: ['p'] },
      dequantize,
    ],
    tensors: {
      xs: scale(2 ** -6),
      xz: zero('uint8', 120),
      w: whole('int8', [4, 3], 2),
      ws: scale(2 ** -5, 2 ** -6, 2 ** -7),
      wz: zero('int8', 0, 0, 0),
      ys: scale(2 ** -4),
      yz: zero('uint8', 128),
    },
  },
  'QLinearConv with padding, bias and a scale a channel': {
    x: [1, 2, 4, 4],
    nodes: [
      quantize,
      {
        op: 'QLinearConv',
        inputs: ['q', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz', 'b'],
        outputs: ['p'],
        attributes: { pads: [1, 1, 1, 1] },
      },
      dequantize,
    ],
    tensors: {
      xs: scale(2 ** -6),
      xz: zero('uint8', 60),
      w: whole('int8', [2, 2, 3, 3], 3),
      ws: scale(2 ** -5, 2 ** -6),
      wz: zero('int8', 0, 0),
      ys: scale(2 ** -3),
      yz: zero('uint8', 100),
      b: whole('int32', [2], 4),
    },
  },
  QLinearMatMul: {
    x: [2, 4],
    nodes: [
      quantize,
      { op: 'QLinearMatMul', inputs: ['q', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz'], outputs: ['p'] },
      dequantize,
    ],
    tensors: {
      xs: scale(2 ** -6),
      xz: zero('uint8', 70),
      w: whole('uint8', [4, 3], 5),
      ws: scale(2 ** -7),
      wz: zero('uint8', 50),
      ys: scale(2 ** -5),
      yz: zero('uint8', 128),
    },
  },
  MatMulInteger: {
    x: [2, 4],
    nodes: [
      quantize,
      { op: 'MatMulInteger', inputs: ['q', 'w', 'xz', 'wz'], outputs: ['m'] },
      { op: 'Cast', inputs: ['m'], outputs: ['y'], attributes: { to: 1 } },
    ],
    tensors: { xs: scale(2 ** -6), xz: zero('uint8', 70), w: whole('uint8', [4, 3], 5), wz: zero('uint8', 50) },
  },
}

describe('onnx: quantised operators', () => {
  for (const [title, { x, nodes, tensors }] of Object.entries(CASES)) {
    it(`${title} agrees with onnxruntime bit for bit`, async () => {
      const bytes = buildModel({
        opset: 13,
        inputs: [{ name: 'x', shape: x }],
        outputs: [{ name: 'y' }],
        nodes,
        initializers: tensors,
      })
      const data = [...floats(x, 1).data].map((value) => Number(value) * 1.5)
      const expected = (await runInOnnxruntime(bytes, { x: { shape: x, data } })).get('y')!
      const actual = evaluateGraph(parseModel(bytes), { x: data }).get('y')!
      expect(actual.shape).to.deep.equal(expected.dims)
      expect([...actual.data]).to.deep.equal([...expected.data])
    })
  }

  for (const [title, code, pattern, constants] of [
    ['a scale of 0', 'ONNX_INVALID_NODE', /not positive/, [scale(0), zero('uint8', 1)]],
    ['a scale of the wrong length', 'ONNX_SHAPE', /axis 1/, [scale(1, 2, 3), zero('uint8', 1)]],
    [
      'zero points of another shape',
      'ONNX_SHAPE',
      /"c1" is \[2\] for axis 1/,
      [scale(1, 2, 3, 4), zero('uint8', 1, 2)],
    ],
  ] as const) {
    it(`refuses ${title}`, () => expectRefusal({ title, op: 'QuantizeLinear', code, pattern, constants }))
  }
})
