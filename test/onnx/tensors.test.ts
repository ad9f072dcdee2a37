// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { buildModel, type DataType, floats, ints, type TensorSpec } from '../support/onnx-builder'
import { expectCode, parseNodes } from './support'

/** Parses a model that concatenates a one-axis constant to an input of the same type, and returns the constant. */
function readBack(tensor: TensorSpec): readonly number[] {
  const type = tensor.type ?? 'float32'
  const graph = parseModel(
    buildModel({
      inputs: [{ name: 'x', shape: [1], type }],
      outputs: [{ name: 'y', type }],
      nodes: [{ op: 'Concat', inputs: ['x', 'w'], outputs: ['y'], attributes: { axis: 0 } }],
      initializers: { w: tensor },
    }),
  )
  return [...(graph.constants.get('w')?.data ?? [])]
}

const SAMPLES: readonly (readonly [DataType, readonly (number | bigint)[], readonly number[]])[] = [
  ['float32', [1.5, -(2 ** -149), 3.4028234663852886e38], [1.5, -(2 ** -149), 3.4028234663852886e38]],
  ['float64', [0.1, -1e300], [0.1, -1e300]],
  ['float16', [0x3c00, 0xc000, 0x0001, 0x7bff], [1, -2, 2 ** -24, 65504]],
  ['bfloat16', [0x3f80, 0xc040], [1, -3]],
  ['int8', [-128, 127], [-128, 127]],
  ['uint8', [0, 255], [0, 255]],
  ['int16', [-32768, 32767], [-32768, 32767]],
  ['uint16', [0, 65535], [0, 65535]],
  ['int32', [-(2 ** 31), 2 ** 31 - 1], [-(2 ** 31), 2 ** 31 - 1]],
  ['uint32', [0, 2 ** 32 - 1], [0, 2 ** 32 - 1]],
  ['int64', [-(2n ** 53n) + 1n, 2n ** 53n - 1n], [-(2 ** 53) + 1, 2 ** 53 - 1]],
  ['uint64', [0, 2n ** 53n - 1n], [0, 2 ** 53 - 1]],
  ['bool', [0, 1], [0, 1]],
]

describe('onnx: tensors', () => {
  for (const [type, data, expected] of SAMPLES) {
    for (const encoding of ['raw', 'packed', 'unpacked'] as const) {
      it(`reads ${type}, ${encoding}`, () => {
        expect(readBack({ type, encoding, data, shape: [data.length] })).to.deep.equal(expected)
      })
    }
  }

  it('refuses int64 beyond ±2^53', () => {
    for (const encoding of ['raw', 'packed'] as const) {
      const tensor = { type: 'int64', encoding, shape: [1], data: [2n ** 53n + 2n] } as const
      expectCode('ONNX_INTEGER_RANGE', () => readBack(tensor), /tensor "w"/, /2\^53/)
    }
    expectCode('ONNX_INTEGER_RANGE', () => readBack({ type: 'uint64', shape: [1], data: [2n ** 63n] }))
  })

  it('takes INT64_MAX and INT64_MIN for positions but not for weights', () => {
    expectCode('ONNX_INTEGER_RANGE', () => readBack(ints([9223372036854775807n])), /tensor "w"/)
  })

  it('refuses typed values outside their type', () => {
    expectCode('ONNX_INTEGER_RANGE', () => readBack({ type: 'int8', encoding: 'packed', shape: [1], data: [128] }))
    expectCode('ONNX_INTEGER_RANGE', () => readBack({ type: 'bool', shape: [1], data: [2] }))
    const pattern: TensorSpec = { type: 'float16', encoding: 'packed', shape: [1], data: [65536] }
    expectCode('ONNX_TENSOR_DATA', () => readBack(pattern), /16 bits/)
  })

  it('refuses NaN and Infinity in weights, naming the tensor', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      expectCode('ONNX_NOT_FINITE', () => readBack({ shape: [1], data: [value] }), /tensor "w" contains/)
    }
    expectCode('ONNX_NOT_FINITE', () => readBack({ type: 'float16', shape: [1], data: [0x7c00] }))
  })

  it('refuses data whose length contradicts the shape', () => {
    for (const encoding of ['raw', 'packed'] as const) {
      expectCode('ONNX_TENSOR_DATA', () => readBack({ encoding, shape: [3], data: [1, 2] }), /"w"/, /\[3\]/)
      expectCode('ONNX_TENSOR_DATA', () => readBack({ encoding, shape: [1], data: [1, 2] }))
    }
    expectCode('ONNX_TENSOR_DATA', () => readBack({ shape: [-1], data: [] }), /negative/)
  })

  it('refuses absurd shapes before allocating', () => {
    const before = process.memoryUsage().arrayBuffers
    for (const shape of [[2 ** 40], [2 ** 20, 2 ** 20], [2 ** 62, 0], new Array<number>(9).fill(1)]) {
      expectCode('ONNX_TOO_LARGE', () => readBack({ shape, data: [] }), /tensor "w"/)
    }
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(2 ** 24)
  })

  it('refuses external data and text', () => {
    expectCode('ONNX_EXTERNAL_DATA', () => readBack({ shape: [1], data: [], external: true }), /external file/)
    expectCode('ONNX_TENSOR_TYPE', () => readBack({ type: 'string', shape: [0], data: [] }), /string/)
    expectCode('ONNX_TENSOR_TYPE', () => readBack({ type: 'complex64', shape: [1], data: [1] }), /complex64/)
  })

  it('ignores constants nobody uses, even infinite ones', () => {
    const graph = parseNodes([{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], {
      initializers: { unused: { shape: [1], data: [NaN] }, other: floats([3]) },
    })
    expect(graph.constants.size).to.equal(0)
  })

  it('refuses sparse initializers', () => {
    // Field 15 of GraphProto, an empty message.
    const extraGraph = Uint8Array.of(0x7a, 0)
    const nodes = [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }]
    expectCode('ONNX_TENSOR_TYPE', () => parseNodes(nodes, { extraGraph }), /sparse/)
  })
})
