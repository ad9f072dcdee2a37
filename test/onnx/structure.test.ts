// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { buildModel, floats, ints, type NodeSpec } from '../support/onnx-builder'
import { parseModel } from '../../prover/onnx'
import { expectCode, parseNodes } from './support'

const relu = (from: string, to: string, name?: string): NodeSpec => ({
  op: 'Relu',
  inputs: [from],
  outputs: [to],
  ...(name === undefined ? {} : { name }),
})

describe('onnx: structure of the graph', () => {
  it('gives a graph with every value described', () => {
    const graph = parseNodes([{ op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['y'], name: 'fc' }], {
      name: 'net',
      opset: 13,
      initializers: { w: floats([4, 2]), b: floats([2]), unused: floats([7]) },
    })
    expect(graph.name).to.equal('net')
    expect(graph.opset).to.equal(13)
    expect(graph.inputs).to.deep.equal([{ name: 'x', kind: 'float', shape: [1, 4], elementType: 'float32' }])
    expect(graph.outputs).to.deep.equal([{ name: 'y', kind: 'float', shape: [1, 2] }])
    expect(graph.nodes).to.deep.equal([
      {
        op: 'Gemm',
        alpha: 1,
        beta: 1,
        transA: false,
        transB: false,
        name: 'fc',
        onnxOp: 'Gemm',
        inputs: ['x', 'w', 'b'],
        output: 'y',
      },
    ])
    expect([...graph.constants.keys()]).to.deep.equal(['w', 'b'])
    expect(graph.constants.get('w')).to.have.all.keys('name', 'kind', 'shape', 'data')
    expect([...graph.values.keys()]).to.deep.equal(['x', 'y'])
  })

  it('sorts nodes stably and drops unused ones', () => {
    const nodes = [relu('b', 'c'), relu('a', 'b'), relu('x', 'unused'), relu('x', 'a'), relu('c', 'y')]
    expect(parseNodes(nodes).nodes.map(({ output }) => output)).to.deep.equal(['a', 'b', 'c', 'y'])
    const ordered = [relu('x', 'q'), relu('x', 'p'), { op: 'Add', inputs: ['p', 'q'], outputs: ['y'] }]
    expect(parseNodes(ordered).nodes.map(({ output }) => output)).to.deep.equal(['q', 'p', 'y'])
  })

  it('does not care what unused nodes are', () => {
    const graph = parseNodes([{ op: 'Erf', inputs: ['x'], outputs: ['unused'] }, relu('x', 'y')])
    expect(graph.nodes).to.have.length(1)
  })

  it('sorts a chain of 50,000 nodes given backwards', () => {
    const count = 50_000
    const name = (index: number): string => (index === 0 ? 'x' : index === count ? 'y' : `v${index}`)
    const nodes = Array.from({ length: count }, (_, index) => relu(name(count - 1 - index), name(count - index)))
    expect(parseNodes(nodes).nodes).to.have.length(count)
  }).timeout(10_000)

  it('makes node names unique', () => {
    const nodes = [relu('x', 'a'), relu('a', 'b', 'same'), relu('b', 'c', 'same'), relu('c', 'y', 'Relu_0')]
    expect(parseNodes(nodes).nodes.map(({ name }) => name)).to.deep.equal(['Relu_0_1', 'same', 'same_1', 'Relu_0'])
  })

  it('names a node of a cycle', () => {
    const nodes = [relu('b', 'a', 'first'), relu('a', 'b', 'second'), relu('b', 'y')]
    expectCode('ONNX_CYCLE', () => parseNodes(nodes), /node "(first|second)" \(Relu\)/)
    expectCode('ONNX_CYCLE', () => parseNodes([relu('y', 'y')]))
  })

  it('refuses names given twice', () => {
    expectCode('ONNX_DUPLICATE_NAME', () => parseNodes([relu('x', 'y'), relu('x', 'y')]), /"y"/)
    expectCode('ONNX_DUPLICATE_NAME', () => parseNodes([relu('x', 'x')]), /"x"/)
    const twice = [
      { name: 'x', shape: [1] },
      { name: 'x', shape: [1] },
    ]
    expectCode('ONNX_DUPLICATE_NAME', () => parseNodes([relu('x', 'y')], { inputs: twice }))
    expectCode('ONNX_DUPLICATE_NAME', () => parseNodes([relu('x', 'y')], { outputs: [{ name: 'y' }, { name: 'y' }] }))
  })

  it('refuses tensors nobody makes', () => {
    expectCode('ONNX_MISSING_TENSOR', () => parseNodes([relu('ghost', 'y')]), /uses "ghost"/)
    expectCode('ONNX_MISSING_TENSOR', () => parseNodes([relu('x', 'a')]), /outputs uses "y"/)
  })

  it('takes inputs with an initializer as constants', () => {
    const graph = parseNodes([{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], {
      inputs: [
        { name: 'x', shape: [1, 4] },
        { name: 'w', shape: [4] },
      ],
      initializers: { w: floats([4]) },
    })
    expect(graph.inputs.map(({ name }) => name)).to.deep.equal(['x'])
  })

  it('refuses constant outputs and allows direct ones', () => {
    const add: NodeSpec = { op: 'Add', inputs: ['w', 'w'], outputs: ['y'] }
    expectCode('ONNX_CONSTANT_OUTPUT', () => parseNodes([add], { initializers: { w: floats([4]) } }), /"y"/)
    const outputs = [{ name: 'w' }]
    expectCode('ONNX_CONSTANT_OUTPUT', () => parseNodes([], { outputs, initializers: { w: floats([4]) } }), /"w"/)
    const graph = parseNodes([], { outputs: [{ name: 'x' }] })
    expect(graph.nodes).to.deep.equal([])
    expect(graph.outputs.map(({ name }) => name)).to.deep.equal(['x'])
  })

  it('sets a symbolic batch axis to 1 and keeps a fixed one', () => {
    for (const batch of ['N', null, -1]) {
      const graph = parseNodes([relu('x', 'y')], { inputs: [{ name: 'x', shape: [batch, 4] }] })
      expect(graph.inputs[0]?.shape).to.deep.equal([1, 4])
    }
    const graph = parseNodes([relu('x', 'y')], { inputs: [{ name: 'x', shape: [8, 4] }] })
    expect(graph.outputs[0]?.shape).to.deep.equal([8, 4])
  })

  it('takes an input without elements as a constant, never as a batch of 1', () => {
    const past = { name: 'past', shape: [0, 4] }
    const nodes: NodeSpec[] = [{ op: 'Concat', inputs: ['past', 'x'], outputs: ['y'], attributes: { axis: 0 } }]
    const graph = parseNodes(nodes, { inputs: [past, { name: 'x', shape: [2, 4] }] })
    expect(graph.inputs.map(({ name }) => name)).to.deep.equal(['x'])
    expect(graph.outputs[0]?.shape).to.deep.equal([2, 4])
    expectCode(
      'ONNX_CONSTANT_OUTPUT',
      () => parseNodes([relu('past', 'y')], { inputs: [past] }),
      /"y" of shape \[0,4\] has no elements, so there is nothing to prove; .* input "past", .* \[0,4\], its true size/,
    )
    const sum: NodeSpec = { op: 'ReduceSum', inputs: ['past'], outputs: ['y'] }
    expectCode('ONNX_CONSTANT_OUTPUT', () => parseNodes([sum], { inputs: [past] }), /"y" is constant: .* its true size/)
    expectCode(
      'ONNX_DECLARATION',
      () => parseNodes([relu('x', 'y')], { outputs: [{ name: 'y', shape: [0, 4] }] }),
      /declared as \[0,4\] but the model computes \[1,4\]/,
    )
  })

  it('reduces no elements to the number that leaves others as they are, where there is one', () => {
    const reduced = (op: string) =>
      parseNodes(
        [
          { op, inputs: ['empty'], outputs: ['r'], attributes: { axes: [0] } },
          { op: 'Add', inputs: ['x', 'r'], outputs: ['y'] },
        ],
        {
          opset: 12,
          inputs: [
            { name: 'empty', shape: [0, 4] },
            { name: 'x', shape: [1, 4] },
          ],
        },
      ).constants
    for (const op of ['ReduceSum', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceProd'])
      expect([...reduced(op).get('r')!.data], op).to.deep.equal(new Array(4).fill(op === 'ReduceProd' ? 1 : 0))
    for (const op of ['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceLogSum', 'ReduceLogSumExp'])
      expectCode('ONNX_UNSUPPORTED_USE', () => reduced(op), /"empty" \[0,4\] has no elements to reduce/)
  })

  it('refuses any other symbolic axis, naming input and axis', () => {
    for (const size of ['width', null, -1]) {
      const inputs = [{ name: 'x', shape: ['N', 3, size] }]
      expectCode('ONNX_SYMBOLIC_SHAPE', () => parseNodes([relu('x', 'y')], { inputs }), /input "x"/, /axis 2/)
    }
    const inputs = [{ name: 'x' }]
    expectCode('ONNX_SYMBOLIC_SHAPE', () => parseNodes([relu('x', 'y')], { inputs }), /has no shape/)
    const negative = [{ name: 'x', shape: [1, -5] }]
    expectCode('ONNX_DECLARATION', () => parseNodes([relu('x', 'y')], { inputs: negative }), /negative size -5/)
  })

  it('compares declared outputs with what is computed', () => {
    const declare = (shape: (number | string | null)[], type?: 'float32' | 'int64') => () =>
      parseNodes([relu('x', 'y')], { outputs: [{ name: 'y', shape, ...(type ? { type } : {}) }] })
    expect(declare(['N', 4])().outputs).to.have.length(1)
    expect(declare([null, 'M'])().outputs).to.have.length(1)
    expectCode('ONNX_DECLARATION', declare(['N', 5]), /\[\?,5\] but the model computes \[1,4\]/)
    expectCode('ONNX_DECLARATION', declare([4]))
    expectCode('ONNX_DECLARATION', declare([1, 4], 'int64'), /int64.*float32/)
  })

  it('accepts opsets 7 to 22 of ai.onnx and imports of other domains', () => {
    for (const opset of [7, 22]) expect(parseNodes([relu('x', 'y')], { opset }).opset).to.equal(opset)
    for (const opset of [6, 23, 0]) expectCode('ONNX_OPSET', () => parseNodes([relu('x', 'y')], { opset }), /7 to 22/)
    expect(parseNodes([relu('x', 'y')], { domains: { 'ai.onnx.ml': 3, 'ai.onnx': 17 } }).opset).to.equal(17)
    expectCode('ONNX_OPSET', () => parseNodes([relu('x', 'y')], { domains: { 'ai.onnx': 16 } }), /two versions/)
    const classical = (version: number) => () => parseNodes([relu('x', 'y')], { domains: { 'ai.onnx.ml': version } })
    for (const version of [0, 6]) expectCode('ONNX_OPSET', classical(version), /ai\.onnx\.ml opset/)
    const homeless: NodeSpec = { ...relu('x', 'y'), domain: 'ai.onnx.ml' }
    expectCode('ONNX_OPSET', () => parseNodes([homeless]), /names no version of ai\.onnx\.ml/)
    const foreign: NodeSpec = { ...relu('x', 'y'), domain: 'com.example' }
    expectCode('ONNX_DOMAIN', () => parseNodes([foreign]), /com\.example/)
    expect(parseNodes([{ ...relu('x', 'y'), domain: 'ai.onnx' }]).nodes).to.have.length(1)
  })

  it('refuses model-local functions', () => {
    const extraModel = Uint8Array.of(0xca, 0x01, 0)
    expectCode('ONNX_FUNCTION', () => parseNodes([relu('x', 'y')], { extraModel }), /inline/)
  })

  it('refuses two graphs in one file, of which readers would take the one, the other, or both', () => {
    // ModelProto.graph {}
    const extraModel = Uint8Array.of(0x3a, 0)
    expectCode('ONNX_MALFORMED', () => parseNodes([relu('x', 'y')], { extraModel }), /field 7 holds two messages/)
  })

  it('refuses inputs that are no tensors', () => {
    // GraphProto.input { name: "s", type { sequence_type {} } }
    const extraGraph = Uint8Array.of(0x5a, 7, 0x0a, 1, 0x73, 0x12, 2, 0x22, 0)
    expectCode('ONNX_TENSOR_TYPE', () => parseNodes([relu('x', 'y')], { extraGraph }), /"s" has type sequence/)
    const inputs = [{ name: 'x', shape: [1], type: 'string' as const }]
    expectCode('ONNX_TENSOR_TYPE', () => parseNodes([relu('x', 'y')], { inputs }), /string/)
  })

  it('reads the same model from a Buffer and from a view into a larger buffer', () => {
    const bytes = buildModel({
      inputs: [{ name: 'x', shape: [1, 4] }],
      outputs: [{ name: 'y' }],
      nodes: [
        { op: 'Gather', inputs: ['w', 'i'], outputs: ['c'] },
        { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] },
      ],
      initializers: { w: floats([3, 4]), i: ints(1) },
    })
    const larger = new Uint8Array(bytes.length + 5)
    larger.set(bytes, 3)
    const expected = parseModel(bytes)
    expect(parseModel(Buffer.from(bytes))).to.deep.equal(expected)
    expect(parseModel(larger.subarray(3, 3 + bytes.length))).to.deep.equal(expected)
  })
})
