// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { floats, ints, type NodeSpec } from '../support/onnx-builder'
import { expectCode, expectRefusal, parseNodes, type Refusal } from './support'

const REFUSALS: readonly Refusal[] = [
  { title: 'an unknown operator', op: 'Erf', code: 'ONNX_UNSUPPORTED_OP', pattern: /node "n" uses Erf.*Add, ArgMax/ },
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
    title: 'Div by a variable',
    op: 'Div',
    inputs: ['x', 'x'],
    code: 'ONNX_VARIABLE_OPERAND',
    pattern: /division by a variable/,
  },
  {
    title: 'Div of a constant by a variable',
    op: 'Div',
    inputs: ['c0', 'x'],
    constants: [floats([4])],
    code: 'ONNX_VARIABLE_OPERAND',
    pattern: /division by a variable/,
  },
  {
    title: 'Div by zero',
    op: 'Div',
    constants: [{ shape: [], data: [0] }],
    code: 'ONNX_INVALID_NODE',
    pattern: /contains 0/,
  },
  {
    title: 'Div of integers',
    op: 'Div',
    constants: [ints(2)],
    type: 'int64',
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /truncates/,
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
    title: 'Clip with a variable bound',
    op: 'Clip',
    x: [1],
    inputs: ['x', 'x'],
    code: 'ONNX_VARIABLE_OPERAND',
    pattern: /min must not depend/,
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
  {
    title: 'Cast of a float to int',
    op: 'Cast',
    attributes: { to: 7 },
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /drops fractions/,
  },
  {
    title: 'Cast to bool',
    op: 'Cast',
    attributes: { to: 9 },
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /compares with 0/,
  },
  {
    title: 'Cast of int64 to int8',
    op: 'Cast',
    attributes: { to: 3 },
    type: 'int64',
    code: 'ONNX_UNSUPPORTED_USE',
    pattern: /wrap around/,
  },
  { title: 'Cast to text', op: 'Cast', attributes: { to: 8 }, code: 'ONNX_UNSUPPORTED_ATTRIBUTE', pattern: /string/ },
  { title: 'Sqrt of a variable', op: 'Sqrt', code: 'ONNX_VARIABLE_OPERAND', pattern: /Sqrt/ },
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
