// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { floats, ints, type NodeSpec } from '../support/onnx-builder'
import { expectCode, expectRefusal, parseNodes, type Refusal } from './support'

const REFUSALS: readonly Refusal[] = [
  { title: 'an unknown operator', op: 'Det', code: 'ONNX_UNSUPPORTED_OP', pattern: /node "n" uses Det.*Abs, Acos/ },
  {
    title: 'Gemm of integers by a fraction',
    op: 'Gemm',
    x: [4, 4],
    inputs: ['x', 'x'],
    type: 'int64',
    attributes: { alpha: 0.5 },
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /must be whole/,
  },
  {
    title: 'Div by zero',
    op: 'Div',
    constants: [{ shape: [], data: [0] }],
    code: 'ONNX_INVALID_NODE',
    pattern: /contains 0/,
  },
  {
    title: 'an unknown attribute',
    op: 'Relu',
    attributes: { slope: 1 },
    code: 'ONNX_UNSUPPORTED_ATTRIBUTE',
    pattern: /"slope".*none/,
  },
  {
    title: 'an attribute of the wrong type',
    op: 'Flatten',
    attributes: { axis: 'one' },
    code: 'ONNX_INVALID_NODE',
    pattern: /string where int/,
  },
  {
    title: 'types that differ',
    op: 'Add',
    constants: [ints([1])],
    code: 'ONNX_INVALID_NODE',
    pattern: /float32 but "c0" is int64/,
  },
  {
    title: 'shapes that do not broadcast',
    op: 'Add',
    constants: [floats([3])],
    code: 'ONNX_SHAPE',
    pattern: /\[1,4\] and \[3\]/,
  },
  {
    title: 'inner sizes that differ',
    op: 'MatMul',
    constants: [floats([3, 4])],
    code: 'ONNX_SHAPE',
    pattern: /inner sizes 4 and 3/,
  },
  {
    title: 'Gemm of a vector',
    op: 'Gemm',
    x: [4],
    constants: [floats([4, 2])],
    code: 'ONNX_SHAPE',
    pattern: /matrices/,
  },
  {
    title: 'Gemm without C before opset 11',
    op: 'Gemm',
    constants: [floats([4, 2])],
    opset: 9,
    code: 'ONNX_INVALID_NODE',
    pattern: /takes 3/,
  },
  {
    title: 'Gemm with a C that does not fit',
    op: 'Gemm',
    constants: [floats([4, 2]), floats([3])],
    code: 'ONNX_SHAPE',
    pattern: /C of shape/,
  },
  {
    title: 'Dropout in training',
    op: 'Dropout',
    constants: [
      { shape: [], data: [0.5] },
      { type: 'bool', shape: [], data: [1] },
    ],
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /training_mode/,
  },
  {
    title: 'Dropout with used mask',
    op: 'Dropout',
    outputs: ['y', 'z'],
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /mask/,
  },
  {
    title: 'Clip with crossed bounds',
    op: 'Clip',
    constants: [
      { shape: [], data: [1] },
      { shape: [], data: [0] },
    ],
    code: 'ONNX_INVALID_NODE',
    pattern: /greater/,
  },
  {
    title: 'a flattening Softmax',
    op: 'Softmax',
    x: [1, 2, 3],
    opset: 11,
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /flattens/,
  },
  {
    title: 'ArgMax of the last index',
    op: 'ArgMax',
    attributes: { select_last_index: 1 },
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /select_last_index/,
  },
  {
    title: 'select_last_index before opset 12',
    op: 'ArgMax',
    attributes: { select_last_index: 0 },
    opset: 11,
    code: 'ONNX_UNSUPPORTED_ATTRIBUTE',
    pattern: /select_last_index/,
  },
  {
    title: 'an axis that does not exist',
    op: 'ArgMax',
    attributes: { axis: 2 },
    code: 'ONNX_INVALID_NODE',
    pattern: /axis 2 is outside/,
  },
  { title: 'Cast to text', op: 'Cast', attributes: { to: 8 }, code: 'ONNX_UNSUPPORTED_ATTRIBUTE', pattern: /string/ },
  {
    title: 'Cast of int64 to uint64',
    op: 'Cast',
    attributes: { to: 13 },
    type: 'int64',
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /beyond 2\^53/,
  },
  {
    title: 'Clip with a bound for each element',
    op: 'Clip',
    inputs: ['x', 'x'],
    code: 'ONNX_INVALID_NODE',
    pattern: /"x" has shape/,
  },
  {
    title: 'Mod of floats by the sign of the divisor',
    op: 'Mod',
    inputs: ['x', 'x'],
    code: 'ONNX_INVALID_NODE',
    pattern: /fmod is 0/,
  },
  {
    title: 'Mod by zero',
    op: 'Mod',
    constants: [ints(0)],
    type: 'int64',
    code: 'ONNX_INVALID_NODE',
    pattern: /contains 0/,
  },
  {
    title: 'Pow with a variable exponent',
    op: 'Pow',
    inputs: ['x', 'x'],
    code: 'ONNX_VARIABLE_OPERAND',
    pattern: /constant exponents/,
  },
  {
    title: 'Pow with an infinite exponent',
    op: 'Pow',
    constants: [{ shape: [], data: [Infinity] }],
    code: 'ONNX_INVALID_NODE',
    pattern: /exponent is Infinity/,
  },
  {
    title: 'a fractional power of integers',
    op: 'Pow',
    constants: [{ shape: [], data: [0.5] }],
    type: 'int64',
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /cast it to float/,
  },
  { title: 'And of floats', op: 'And', inputs: ['x', 'x'], code: 'ONNX_INVALID_NODE', pattern: /bool is expected/ },
  {
    title: 'BitwiseAnd of floats',
    op: 'BitwiseAnd',
    inputs: ['x', 'x'],
    code: 'ONNX_INVALID_NODE',
    pattern: /integer is expected/,
  },
  { title: 'BitwiseNot of uint64', op: 'BitwiseNot', type: 'uint64', code: 'ONNX_UNSUPPORTED_USE', pattern: /2\^53/ },
  {
    title: 'BitShift of a signed integer',
    op: 'BitShift',
    inputs: ['x', 'x'],
    type: 'int64',
    attributes: { direction: 'LEFT' },
    code: 'ONNX_INVALID_NODE',
    pattern: /unsigned/,
  },
  {
    title: 'BitShift without a direction',
    op: 'BitShift',
    inputs: ['x', 'x'],
    type: 'uint8',
    code: 'ONNX_INVALID_NODE',
    pattern: /direction is ""/,
  },
  {
    title: 'an unknown Gelu',
    op: 'Gelu',
    attributes: { approximate: 'fast' },
    opset: 20,
    code: 'ONNX_INVALID_NODE',
    pattern: /"fast"/,
  },
  {
    title: 'Celu with a negative alpha',
    op: 'Celu',
    attributes: { alpha: -1 },
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /alpha is -1/,
  },
  {
    title: 'PRelu with a slope that is too large',
    op: 'PRelu',
    constants: [floats([2, 4])],
    code: 'ONNX_SHAPE',
    pattern: /does not broadcast/,
  },
  {
    title: 'Sigmoid of integers',
    op: 'Sigmoid',
    type: 'int64',
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /cast it to float/,
  },
  { title: 'arithmetic on booleans', op: 'Neg', type: 'bool', code: 'ONNX_UNSUPPORTED_USE', pattern: /bool/ },
  {
    title: 'a text constant',
    op: 'Constant',
    inputs: [],
    attributes: { value_string: 'a' },
    code: 'ONNX_UNSUPPORTED_ATTRIBUTE',
    pattern: /value_string/,
  },
]

describe('onnx: refusals in arithmetic, casts and placement', () => {
  for (const refusal of REFUSALS) it(`refuses ${refusal.title}`, () => expectRefusal(refusal))

  it('refuses Gemm of two constants with a variable C', () => {
    const gemm: NodeSpec = { op: 'Gemm', inputs: ['a', 'b', 'x'], outputs: ['y'] }
    const initializers = { a: floats([1, 2]), b: floats([2, 4]) }
    expectCode('ONNX_UNSUPPORTED_FOLD', () => parseNodes([gemm], { initializers }), /Gemm/)
  })

  it('allows a second output that nobody uses', () => {
    const dropout: NodeSpec = { op: 'Dropout', inputs: ['x'], outputs: ['y', 'mask'] }
    expect(parseNodes([dropout]).nodes.map(({ op }) => op)).to.deep.equal(['Reshape'])
  })
})
