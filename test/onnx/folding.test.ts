// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { buildModel, floats, ints, type NodeSpec, type TensorSpec } from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'
import { expectCode, parseNodes } from './support'

/** Folds nodes that make the constant `c`, adds it to x = 0, and compares with onnxruntime; non-floats are cast first. */
async function expectSameFold(
  nodes: readonly NodeSpec[],
  initializers: Readonly<Record<string, TensorSpec>>,
  isFloat: boolean,
): Promise<void> {
  const convert: NodeSpec = { op: 'Cast', inputs: ['c'], outputs: ['f'], attributes: { to: 1 } }
  const constant = isFloat ? 'c' : 'f'
  const bytes = buildModel({
    inputs: [{ name: 'x', shape: [1] }],
    outputs: [{ name: 'y' }],
    nodes: [...nodes, ...(isFloat ? [] : [convert]), { op: 'Add', inputs: ['x', constant], outputs: ['y'] }],
    initializers,
  })
  const graph = parseModel(bytes)
  expect(graph.nodes.map(({ op }) => op)).to.deep.equal(['Add'])
  const reference = await runInOnnxruntime(bytes, { x: { shape: [1], data: [0] } })
  expect([...(graph.constants.get(constant)?.data ?? [])]).to.deep.equal(reference.get('y')?.data)
}

const a = floats([2, 3], 5)
const b: TensorSpec = { shape: [3], data: [0.3, -0.7, 1.9].map(Math.fround) }
const i: TensorSpec = { shape: [4], type: 'int64', data: [7, -7, 9, -9] }
const j: TensorSpec = { shape: [4], type: 'int64', data: [2, 2, -4, -5] }
/** Their differences, and their multiples, leave int32. */
const large: TensorSpec = { shape: [3], type: 'int32', data: [2_000_000_000, -2_000_000_000, -2_147_483_647] }
const opposite: TensorSpec = { shape: [3], type: 'int32', data: [-1_900_000_000, 1_900_000_000, 2_000_000_000] }

type Fold = readonly [string, readonly NodeSpec[], Readonly<Record<string, TensorSpec>>, boolean]

const FOLDS: readonly Fold[] = [
  ...['Add', 'Sub', 'Mul', 'Div'].flatMap((op): Fold[] => [
    [`${op} of floats`, [{ op, inputs: ['a', 'b'], outputs: ['c'] }], { a, b }, true],
    [`${op} of integers`, [{ op, inputs: ['i', 'j'], outputs: ['c'] }], { i, j }, false],
  ]),
  ['Sqrt', [{ op: 'Sqrt', inputs: ['s'], outputs: ['c'] }], { s: { shape: [3], data: [2, 3, 5.5] } }, true],
  ['Neg', [{ op: 'Neg', inputs: ['a'], outputs: ['c'] }], { a }, true],
  ['Relu', [{ op: 'Relu', inputs: ['a'], outputs: ['c'] }], { a }, true],
  ['LeakyRelu', [{ op: 'LeakyRelu', inputs: ['a'], outputs: ['c'] }], { a }, true],
  ['Transpose', [{ op: 'Transpose', inputs: ['a'], outputs: ['c'] }], { a }, true],
  ['Gather of rows', [{ op: 'Gather', inputs: ['a', 'g'], outputs: ['c'] }], { a, g: ints([1, -2, 1]) }, true],
  [
    'Gather of columns',
    [{ op: 'Gather', inputs: ['a', 'g'], outputs: ['c'], attributes: { axis: 1 } }],
    { a, g: ints(-1) },
    true,
  ],
  [
    'Slice backwards',
    [{ op: 'Slice', inputs: ['a', 's', 'e', 'x1', 't'], outputs: ['c'] }],
    { a, s: ints([-1]), e: ints([-9]), x1: ints([1]), t: ints([-2]) },
    true,
  ],
  ['Pad', [{ op: 'Pad', inputs: ['a', 'p'], outputs: ['c'] }], { a, p: ints([1, 0, 0, 2]) }, true],
  ['Concat', [{ op: 'Concat', inputs: ['a', 'a'], outputs: ['c'], attributes: { axis: 1 } }], { a }, true],
  [
    'Cast of floats to integers',
    [{ op: 'Cast', inputs: ['q'], outputs: ['c'], attributes: { to: 7 } }],
    { q: { shape: [3], data: [1.7, -1.7, 0.2] } },
    false,
  ],
  ['Cast to bool', [{ op: 'Cast', inputs: ['a'], outputs: ['c'], attributes: { to: 9 } }], { a }, false],
  ['Cast to float16', [{ op: 'Cast', inputs: ['b'], outputs: ['c'], attributes: { to: 10 } }], { b }, false],
  ['Cast to bfloat16', [{ op: 'Cast', inputs: ['b'], outputs: ['c'], attributes: { to: 16 } }], { b }, false],
  [
    'ConstantOfShape',
    [{ op: 'ConstantOfShape', inputs: ['s'], outputs: ['c'], attributes: { value: { shape: [1], data: [0.5] } } }],
    { s: ints([2, 2]) },
    true,
  ],
  ['Shape', [{ op: 'Shape', inputs: ['a'], outputs: ['c'] }], { a }, false],
  ['Shape of the last axis', [{ op: 'Shape', inputs: ['a'], outputs: ['c'], attributes: { start: -1 } }], { a }, false],
  ['Size', [{ op: 'Size', inputs: ['a'], outputs: ['c'] }], { a }, false],
  ['Constant float', [{ op: 'Constant', inputs: [], outputs: ['c'], attributes: { value_float: 0.1 } }], {}, true],
  [
    'Constant floats',
    [{ op: 'Constant', inputs: [], outputs: ['c'], attributes: { value_floats: { floats: [0.1, 2] } } }],
    {},
    true,
  ],
  ['Constant int', [{ op: 'Constant', inputs: [], outputs: ['c'], attributes: { value_int: 3 } }], {}, false],
  ['Constant ints', [{ op: 'Constant', inputs: [], outputs: ['c'], attributes: { value_ints: [3, 4] } }], {}, false],
  ['Abs of large integers', [{ op: 'Abs', inputs: ['l'], outputs: ['c'] }], { l: large }, false],
  ['Less of large integers', [{ op: 'Less', inputs: ['l', 'm'], outputs: ['c'] }], { l: large, m: opposite }, false],
  ['Min of large integers', [{ op: 'Min', inputs: ['l', 'm'], outputs: ['c'] }], { l: large, m: opposite }, false],
  ['Mod of large integers', [{ op: 'Mod', inputs: ['l', 'm'], outputs: ['c'] }], { l: large, m: opposite }, false],
  [
    'Where of large integers',
    [{ op: 'Where', inputs: ['w', 'l', 'm'], outputs: ['c'] }],
    { w: { shape: [3], type: 'bool', data: [1, 0, 1] }, l: large, m: opposite },
    false,
  ],
  [
    'ReduceMin of unsigned integers',
    [{ op: 'ReduceMin', inputs: ['u'], outputs: ['c'] }],
    { u: { shape: [3], type: 'uint8', data: [255, 3, 8] } },
    false,
  ],
  ['Constant tensor', [{ op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: a } }], {}, true],
]

describe('onnx: constant folding', () => {
  for (const [title, nodes, initializers, isFloat] of FOLDS) {
    it(`${title} gives the bits of onnxruntime`, async () => {
      await expectSameFold(nodes, initializers, isFloat)
    })
  }

  it('folds what is negative on the way to a minimum of unsigned integers', () => {
    const graph = parseNodes(
      [{ op: 'ScatterElements', inputs: ['x', 'i', 'u'], outputs: ['y'], attributes: { axis: 1, reduction: 'min' } }],
      {
        inputs: [{ name: 'x', shape: ['N', 4], type: 'uint8' }],
        outputs: [{ name: 'y', type: 'uint8' }],
        initializers: {
          i: { shape: [1, 2], type: 'int64', data: [0, 2] },
          u: { shape: [1, 2], type: 'uint8', data: [200, 7] },
        },
        opset: 18,
      },
    )
    expect([...graph.constants.values()].map(({ data }) => [...data])).to.deep.equal([[-200, -7]])
  })

  it('folds the shape arithmetic of a PyTorch view', () => {
    const graph = parseNodes(
      [
        { op: 'Relu', inputs: ['x'], outputs: ['r'] },
        { op: 'Shape', inputs: ['r'], outputs: ['s'] },
        { op: 'Constant', inputs: [], outputs: ['zero'], attributes: { value: ints(0) } },
        { op: 'Gather', inputs: ['s', 'zero'], outputs: ['n'], attributes: { axis: 0 } },
        { op: 'Unsqueeze', inputs: ['n', 'axes'], outputs: ['n1'] },
        { op: 'Concat', inputs: ['n1', 'rest'], outputs: ['target'], attributes: { axis: 0 } },
        { op: 'Reshape', inputs: ['r', 'target'], outputs: ['y'] },
      ],
      { inputs: [{ name: 'x', shape: ['N', 2, 3] }], initializers: { axes: ints([0]), rest: ints([-1]) } },
    )
    expect(graph.nodes.map(({ op }) => op)).to.deep.equal(['Relu', 'Reshape'])
    expect(graph.outputs[0]?.shape).to.deep.equal([1, 6])
    expect(graph.constants.size).to.equal(0)
  })

  it('drops nodes that only fed a Shape', () => {
    const graph = parseNodes([
      { op: 'Tanh', inputs: ['x'], outputs: ['t'] },
      { op: 'Shape', inputs: ['t'], outputs: ['s'] },
      { op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] },
    ])
    expect(graph.nodes.map(({ op }) => op)).to.deep.equal(['Reshape'])
    expect([...graph.values.keys()]).to.deep.equal(['x', 'y'])
  })

  it('knows what has no elements, whatever it depends on', () => {
    const initializers = { s: ints([4]), e: ints([9]), a: ints([1]) }
    const empty: NodeSpec = { op: 'Slice', inputs: ['x', 's', 'e', 'a'], outputs: ['c'] }
    const joined: NodeSpec = { op: 'Concat', inputs: ['x', 'c'], outputs: ['y'], attributes: { axis: 1 } }
    const graph = parseNodes([empty, joined], { initializers })
    expect(graph.nodes.map(({ op }) => op)).to.deep.equal(['Concat'])
    expect(graph.outputs[0]!.shape).to.deep.equal([1, 4])
    expectCode('ONNX_CONSTANT_OUTPUT', () => parseNodes([{ ...empty, outputs: ['y'] }], { initializers }))
  })

  it('computes smooth functions in integers, so that they are the same on every machine', () => {
    const nodes: NodeSpec[] = [
      { op: 'Sigmoid', inputs: ['w'], outputs: ['c'], name: 'gate' },
      { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] },
    ]
    const graph = parseNodes(nodes, { initializers: { w: { shape: [4], data: [0, 1, 0, 1] } } })
    const one = Math.fround(0.7310585786300049)
    expect([...graph.constants.get('c')!.data]).to.deep.equal([0.5, one, 0.5, one])
  })

  it('refuses what it does not compute on constants', () => {
    const nodes: NodeSpec[] = [
      { op: 'Softmax', inputs: ['w'], outputs: ['c'], name: 'gate' },
      { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] },
    ]
    expectCode('ONNX_UNSUPPORTED_FOLD', () => parseNodes(nodes, { initializers: { w: floats([4]) } }), /gate/)
  })

  it('refuses results that overflow', () => {
    const nodes: NodeSpec[] = [
      { op: 'Mul', inputs: ['w', 'w'], outputs: ['c'] },
      { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] },
    ]
    const big: TensorSpec = { shape: [1], data: [3e38] }
    expectCode('ONNX_NOT_FINITE', () => parseNodes(nodes, { initializers: { w: big } }), /Mul/, /Infinity/)
    expectCode('ONNX_INTEGER_RANGE', () =>
      parseNodes(nodes, {
        inputs: [{ name: 'x', shape: [1], type: 'int64' }],
        initializers: { w: ints([2 ** 30]) },
      }),
    )
  })

  it('spends at most a fixed number of folded elements', () => {
    const chain = Array.from({ length: 40 }, (_, index): NodeSpec => {
      const from = `c${index}`
      return { op: 'Concat', inputs: [from, from], outputs: [`c${index + 1}`], attributes: { axis: 0 } }
    })
    const nodes = [...chain, { op: 'Add', inputs: ['x', 'c40'], outputs: ['y'] }]
    expectCode('ONNX_TOO_LARGE', () => parseNodes(nodes, { initializers: { c0: floats([1]) } }), /2\^26|2\^28/)
    const fill: NodeSpec[] = [
      { op: 'ConstantOfShape', inputs: ['s'], outputs: ['c'] },
      { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] },
    ]
    expectCode('ONNX_TOO_LARGE', () => parseNodes(fill, { initializers: { s: ints([2 ** 27]) } }))
    expectCode('ONNX_TOO_LARGE', () => parseNodes(fill, { initializers: { s: ints([2 ** 40, 2 ** 20]) } }))
  })
})
