// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { type Graph, parseModel } from '../../prover/onnx'
import { evaluateGraph } from '../support/graph-evaluator'
import { buildModel, floats, type GraphSpec, ints, type ModelSpec, type NodeSpec } from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'
import { expectCode } from './support'

const flag = (value: boolean) => ({ type: 'bool', shape: [], data: [Number(value)] }) as const

const graph = (
  nodes: readonly NodeSpec[],
  outputs: readonly string[],
  changes: Partial<GraphSpec> = {},
): GraphSpec => ({
  inputs: [],
  outputs: outputs.map((name) => ({ name, ...(name.startsWith('c') ? { type: 'bool' as const } : {}) })),
  nodes,
  ...changes,
})

const model = (nodes: readonly NodeSpec[], initializers: ModelSpec['initializers'], outputs = ['y']): Uint8Array =>
  buildModel({
    opset: 16,
    inputs: [{ name: 'x', shape: [2, 3] }],
    outputs: outputs.map((name) => ({ name })),
    nodes,
    initializers: initializers ?? {},
  })

const carried = [
  { name: 'i', type: 'int64', shape: [] },
  { name: 'c', type: 'bool', shape: [] },
] as const

/** h ← tanh(h + w·(i + 1)) around a nested condition, yielding h − x: uses x and w from around it. */
const BODY = graph(
  [
    { op: 'Cast', inputs: ['i'], outputs: ['t'], attributes: { to: 1 } },
    { op: 'Add', inputs: ['t', 'one'], outputs: ['n'] },
    { op: 'Mul', inputs: ['w', 'n'], outputs: ['m'] },
    {
      op: 'If',
      inputs: ['yes'],
      outputs: ['s'],
      name: 'inner',
      attributes: {
        then_branch: graph([{ op: 'Add', inputs: ['h', 'm'], outputs: ['v'] }], ['v']),
        else_branch: graph([{ op: 'Sub', inputs: ['h', 'm'], outputs: ['v'] }], ['v']),
      },
    },
    { op: 'Tanh', inputs: ['s'], outputs: ['g'] },
    { op: 'Sub', inputs: ['g', 'x'], outputs: ['z'] },
    { op: 'Identity', inputs: ['c'], outputs: ['c2'] },
  ],
  ['c2', 'g', 'z'],
  {
    inputs: [...carried, { name: 'h', shape: [2, 3] }],
    initializers: { one: { shape: [], data: [1] } },
  },
)

const loop = (body: GraphSpec, outputs = ['y', 'z']): NodeSpec => ({
  op: 'Loop',
  inputs: ['trips', 'go', 'x'],
  outputs,
  name: 'loop',
  attributes: { body },
})

const CONSTANTS = { trips: ints(3), go: flag(true), yes: flag(true), w: floats([3], 2) }

const scanBody = graph(
  [
    { op: 'Add', inputs: ['s', 'e'], outputs: ['sum'] },
    { op: 'Mul', inputs: ['sum', 'e'], outputs: ['p'] },
  ],
  ['sum', 'p'],
  {
    inputs: [
      { name: 's', shape: [2] },
      { name: 'e', shape: [2] },
    ],
  },
)

const CASES: Readonly<Record<string, { readonly bytes: Uint8Array; readonly outputs: readonly string[] }>> = {
  'Loop with a nested If': { bytes: model([loop(BODY)], CONSTANTS, ['y', 'z']), outputs: ['y', 'z'] },
  'Loop in a Loop': {
    bytes: model(
      [
        loop(
          graph(
            [
              { ...loop(BODY, ['a', 'b']), inputs: ['trips', 'c', 'k'] },
              { op: 'ReduceSum', inputs: ['b', 'axis'], outputs: ['r'], attributes: { keepdims: 0 } },
              { op: 'Identity', inputs: ['c'], outputs: ['c3'] },
            ],
            ['c3', 'a', 'r'],
            { inputs: [{ name: 'j', type: 'int64', shape: [] }, carried[1], { name: 'k', shape: [2, 3] }] },
          ),
        ),
      ],
      { ...CONSTANTS, axis: ints([0]) },
      ['y', 'z'],
    ),
    outputs: ['y', 'z'],
  },
  'If of a variable condition': {
    bytes: model(
      [
        { op: 'ReduceMax', inputs: ['x'], outputs: ['top'], attributes: { keepdims: 0 } },
        { op: 'Greater', inputs: ['top', 'bound'], outputs: ['q'] },
        {
          op: 'If',
          inputs: ['q'],
          outputs: ['y'],
          attributes: {
            then_branch: graph([{ op: 'Neg', inputs: ['x'], outputs: ['v'] }], ['v']),
            else_branch: graph([{ op: 'Relu', inputs: ['x'], outputs: ['v'] }], ['v']),
          },
        },
      ],
      { bound: { shape: [], data: [0.25] } },
    ),
    outputs: ['y'],
  },
  'Scan backwards along the second axis': {
    bytes: model(
      [
        {
          op: 'Scan',
          inputs: ['s0', 'x'],
          outputs: ['y', 'z'],
          attributes: {
            body: scanBody,
            num_scan_inputs: 1,
            scan_input_axes: [1],
            scan_input_directions: [1],
            scan_output_axes: [-1],
            scan_output_directions: [1],
          },
        },
      ],
      { s0: floats([2], 4) },
      ['y', 'z'],
    ),
    outputs: ['y', 'z'],
  },
}

describe('onnx: control flow', () => {
  for (const [title, { bytes, outputs }] of Object.entries(CASES)) {
    it(`${title} agrees with onnxruntime`, async () => {
      const data = [...floats([2, 3], 9).data].map(Number)
      const reference = await runInOnnxruntime(bytes, { x: { shape: [2, 3], data } })
      const ours = evaluateGraph(parseModel(bytes), { x: data })
      for (const name of outputs) {
        const [expected, actual] = [reference.get(name)!, ours.get(name)!]
        expect(actual.shape).to.deep.equal(expected.dims)
        actual.data.forEach((value, at) => expect(value).to.be.closeTo(expected.data[at]!, 1e-5))
      }
    })
  }

  it('gives every copy names of its own', () => {
    const { nodes }: Graph = parseModel(CASES['Loop in a Loop']!.bytes)
    expect(new Set(nodes.map(({ name }) => name)).size).to.equal(nodes.length)
    expect(new Set(nodes.map(({ output }) => output)).size).to.equal(nodes.length)
    expect(nodes.map(({ name }) => name)).to.include('loop/2/loop/1/Tanh_4')
  })

  it('refuses a loop without end, and one whose length depends on an input', () => {
    const endless = { ...CONSTANTS, trips: ints(1e12) }
    expectCode('ONNX_TOO_LARGE', () => parseModel(model([loop(BODY)], endless, ['y', 'z'])), /unrolls/)
    const empty = graph([{ op: 'Identity', inputs: ['c'], outputs: ['c2'] }], ['c2', 'h'], { inputs: BODY.inputs })
    expectCode('ONNX_TOO_LARGE', () => parseModel(model([loop(empty, ['y'])], endless)), /2\^14/)
    const variable = graph(
      [
        { op: 'ReduceMax', inputs: ['h'], outputs: ['m'], attributes: { keepdims: 0 } },
        { op: 'Greater', inputs: ['m', 'bound'], outputs: ['c2'] },
      ],
      ['c2', 'h'],
      { inputs: BODY.inputs, initializers: { bound: { shape: [], data: [0] } } },
    )
    expectCode(
      'ONNX_VARIABLE_OPERAND',
      () => parseModel(model([loop(variable, ['y'])], CONSTANTS)),
      /the condition of a loop must be constant: give it a fixed trip count, and .* by Where/,
    )
  })

  it('refuses subgraphs that are missing, do not fit or nest too deeply', () => {
    const node = { op: 'If', inputs: ['go'], outputs: ['y'], name: 'n' }
    expectCode('ONNX_INVALID_NODE', () => parseModel(model([node], CONSTANTS)), /"then_branch" is missing/)
    const short = graph([{ op: 'Identity', inputs: ['c'], outputs: ['c2'] }], ['c2'], { inputs: carried })
    expectCode('ONNX_INVALID_NODE', () => parseModel(model([loop(short, ['y'])], CONSTANTS)), /1 outputs for 1 carried/)
    const silent = graph([{ op: 'Relu', inputs: ['e'], outputs: ['v'] }], [], { inputs: scanBody.inputs })
    const scan = { op: 'Scan', inputs: ['s0', 'x'], outputs: ['y'], attributes: { body: silent, num_scan_inputs: 1 } }
    const states = { s0: floats([3], 4) }
    expectCode('ONNX_INVALID_NODE', () => parseModel(model([scan], states)), /0 outputs for 1 states/)
    let nested: GraphSpec = graph([{ op: 'Relu', inputs: ['x'], outputs: ['v'] }], ['v'])
    const deepen = () =>
      graph([{ ...node, outputs: ['v'], attributes: { then_branch: nested, else_branch: nested } }], ['v'])
    for (let depth = 0; depth < 8; depth++) nested = deepen()
    const deep = { ...node, attributes: { then_branch: nested, else_branch: nested } }
    expect(parseModel(model([deep], CONSTANTS)).nodes.map(({ op }) => op)).to.include('Relu')
    const single = graph([{ op: 'Relu', inputs: ['x'], outputs: ['v'] }], ['v'])
    let tower = single
    for (let depth = 0; depth < 20; depth++)
      tower = graph([{ ...node, outputs: ['v'], attributes: { then_branch: tower, else_branch: single } }], ['v'])
    const high = { ...node, attributes: { then_branch: tower, else_branch: single } }
    expectCode('ONNX_TOO_LARGE', () => parseModel(model([high], CONSTANTS)), /16 levels/)
  })

  it('refuses a name that nothing around a subgraph makes', () => {
    const lost = graph([{ op: 'Relu', inputs: ['nowhere'], outputs: ['v'] }], ['v'])
    const node = { op: 'If', inputs: ['go'], outputs: ['y'], attributes: { then_branch: lost, else_branch: lost } }
    expectCode('ONNX_MISSING_TENSOR', () => parseModel(model([node], CONSTANTS)), /nowhere/)
  })
})
