// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { evaluateGraph } from '../support/graph-evaluator'
import {
  type AttributeSpec,
  buildModel,
  floats,
  type NodeSpec,
  seededRandom,
  type TensorSpec,
} from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'
import { expectCode } from './support'

const domain = 'com.microsoft'

const scale = (...data: readonly number[]): TensorSpec => ({ shape: data.length > 1 ? [data.length] : [], data })
const zero = (type: 'int8' | 'uint8', ...data: readonly number[]): TensorSpec => ({
  type,
  shape: data.length > 1 ? [data.length] : [],
  data,
})
const whole = (type: 'int8' | 'uint8' | 'int32', shape: readonly number[], seed: number): TensorSpec => {
  const random = seededRandom(seed)
  const count = shape.reduce((product, size) => product * size, 1)
  const shift = type === 'uint8' ? 0 : 50
  return { type, shape, data: Array.from({ length: count }, () => Math.floor(random() * 100) - shift) }
}

/** x quantised as q, and p dequantised as y. */
const TENSORS = { xs: scale(2 ** -6), xz: zero('uint8', 120), ys: scale(0.0371), yz: zero('uint8', 100) }
const BEFORE: NodeSpec = { op: 'QuantizeLinear', inputs: ['x', 'xs', 'xz'], outputs: ['q'] }
const AFTER: NodeSpec = { op: 'DequantizeLinear', inputs: ['p', 'ys', 'yz'], outputs: ['y'] }

type Case = {
  readonly x: readonly number[]
  readonly nodes: readonly NodeSpec[]
  readonly tensors?: Record<string, TensorSpec>
}

const between = (
  op: string,
  inputs: readonly string[],
  { x = [2, 6], attributes = {}, tensors = {} }: Partial<Case> & { attributes?: Record<string, AttributeSpec> } = {},
): Case => ({
  x,
  nodes: [BEFORE, { op, name: 'n', domain, inputs, outputs: ['p'], attributes }, AFTER],
  tensors: { ...TENSORS, ...tensors },
})
const alone = (op: string, inputs: readonly string[], tensors: Record<string, TensorSpec>, attributes = {}): Case => ({
  x: [2, 4],
  nodes: [{ op, domain, inputs, outputs: ['y'], attributes }],
  tensors,
})

const of = (own: string) => [own, `${own}s`, `${own}z`]
const X = ['q', 'xs', 'xz']
const B = { b: whole('uint8', [6], 2), bs: scale(0.021), bz: zero('uint8', 40) }
const W = { w: whole('int8', [3, 4], 3), ws: scale(0.01, 0.02, 0.03), wz: zero('int8', 0, 0, 0) }
const V = { v: whole('uint8', [4, 3], 4), vs: scale(0.017), vz: zero('uint8', 60) }

const CASES: Readonly<Record<string, Case>> = {
  QLinearAdd: between('QLinearAdd', [...X, ...of('b'), 'ys', 'yz'], { tensors: B }),
  QLinearMul: between('QLinearMul', [...X, ...of('b'), 'ys', 'yz'], { tensors: B }),
  QLinearSigmoid: between('QLinearSigmoid', [...X, 'ys', 'yz'], {
    tensors: { ys: scale(1 / 256), yz: zero('uint8', 0) },
  }),
  QLinearLeakyRelu: between('QLinearLeakyRelu', [...X, 'ys', 'yz'], { attributes: { alpha: 0.3 } }),
  QLinearAveragePool: between('QLinearAveragePool', [...X, 'ys', 'yz'], {
    x: [1, 2, 4, 4],
    attributes: { kernel_shape: [2, 2], pads: [1, 1, 0, 0] },
  }),
  'QLinearAveragePool with ceil_mode': between('QLinearAveragePool', [...X, 'ys', 'yz'], {
    x: [1, 1, 5, 5],
    attributes: { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 },
  }),
  QLinearGlobalAveragePool: between('QLinearGlobalAveragePool', [...X, 'ys', 'yz'], { x: [1, 2, 3, 3] }),
  QLinearConcat: between('QLinearConcat', ['ys', 'yz', ...X, ...of('b')], {
    x: [6],
    attributes: { axis: 0 },
    tensors: B,
  }),
  QLinearSoftmax: between('QLinearSoftmax', [...X, 'ys', 'yz'], {
    attributes: { opset: 13, axis: 1 },
    tensors: { ys: scale(1 / 256), yz: zero('uint8', 0) },
  }),
  'QLinearSoftmax of opset 12': between('QLinearSoftmax', [...X, 'ys', 'yz'], {
    x: [2, 2, 3],
    attributes: { opset: 12, axis: 1 },
    tensors: { ys: scale(1 / 256), yz: zero('uint8', 0) },
  }),
  'QGemm, transposed, a scale a column, a bias': between('QGemm', [...X, ...of('w'), 'c', 'ys', 'yz'], {
    x: [2, 4],
    attributes: { transB: 1, alpha: 0.5 },
    tensors: { ...W, c: whole('int32', [3], 5) },
  }),
  'QGemm to real numbers': {
    x: [2, 4],
    nodes: [BEFORE, { op: 'QGemm', domain, inputs: [...X, ...of('v')], outputs: ['y'] }],
    tensors: { ...TENSORS, ...V },
  },
  'QuantizeLinear and DequantizeLinear of com.microsoft': {
    x: [2, 3],
    nodes: [
      { op: 'QuantizeLinear', domain, inputs: ['x', 'as', 'az'], outputs: ['p'], attributes: { axis: 1 } },
      { op: 'DequantizeLinear', domain, inputs: ['p', 'as', 'az'], outputs: ['y'], attributes: { axis: 1 } },
    ],
    tensors: { as: scale(0.0113, 0.0207, 0.0331), az: zero('int8', 0, 3, -5) },
  },
  'DynamicQuantizeLinear, MatMulIntegerToFloat': {
    x: [2, 4],
    nodes: [
      { op: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['p', 's', 'z'] },
      { op: 'MatMulIntegerToFloat', domain, inputs: ['p', 'v', 's', 'vs', 'z', 'vz', 'b'], outputs: ['y'] },
    ],
    tensors: { ...V, b: floats([3], 6) },
  },
  DynamicQuantizeMatMul: alone('DynamicQuantizeMatMul', ['x', 'v', 'vs', 'vz', 'b'], { ...V, b: floats([3], 6) }),
  FusedMatMul: alone('FusedMatMul', ['x', 'b'], { b: floats([3, 4], 7) }, { transB: 1, alpha: 0.5 }),
}

const model = ({ x, nodes, tensors = {} }: Case): Uint8Array =>
  buildModel({
    opset: 13,
    domains: { [domain]: 1 },
    inputs: [{ name: 'x', shape: x }],
    outputs: [{ name: 'y' }],
    nodes,
    initializers: tensors,
  })

describe('onnx: operators that the quantiser of onnxruntime writes', () => {
  for (const [title, test] of Object.entries(CASES)) {
    it(`${title} agrees with onnxruntime`, async () => {
      const bytes = model(test)
      const data = [...floats(test.x, 1).data].map((value) => Number(value) * 1.3)
      const expected = (await runInOnnxruntime(bytes, { x: { shape: test.x, data } })).get('y')!
      const actual = evaluateGraph(parseModel(bytes), { x: data }).get('y')!
      expect(actual.shape).to.deep.equal(expected.dims)
      // Numbers half way between two may be rounded either way, as runtimes compute in float32.
      const unit = test.nodes.at(-1) === AFTER ? Number([...test.tensors!.ys!.data][0]) : 0
      actual.data.forEach((value, i) => expect(value).to.be.closeTo(expected.data[i]!, 1.001 * unit + 1e-5))
      const equal = actual.data.filter((value, i) => Math.abs(value - expected.data[i]!) < 1e-5)
      expect(equal.length).to.be.at.least(0.8 * actual.data.length)
    })
  }

  for (const [title, code, pattern, test] of [
    [
      'channels_last',
      'ONNX_UNSUPPORTED_USE',
      /channels_last/,
      { op: 'QLinearGlobalAveragePool', x: [1, 2, 3, 3], attributes: { channels_last: 1 } },
    ],
    ['a scale of 0', 'ONNX_INVALID_NODE', /not positive/, { op: 'QLinearSigmoid', tensors: { ys: scale(0) } }],
    [
      'two scales of one tensor',
      'ONNX_SHAPE',
      /more than one value/,
      { op: 'QLinearSigmoid', tensors: { ys: scale(1, 2), yz: zero('uint8', 1, 2) } },
    ],
  ] as const) {
    it(`refuses ${title}`, () => {
      const { op, ...more } = test
      expectCode(code, () => parseModel(model(between(op, [...X, 'ys', 'yz'], more))), pattern, /node "n"/)
    })
  }
})
