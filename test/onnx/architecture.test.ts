// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { Writer } from 'protobufjs/minimal'
import { architectureOf, parseModel, publicNumbers, readWeights, ZkmlError } from '../../prover/onnx'
import {
  buildModel,
  floats,
  ints,
  type GraphSpec,
  type ModelSpec,
  type NodeSpec,
  type TensorSpec,
} from '../support/onnx-builder'
import { weightedModel } from '../support/weighted-model'
import { expectCode } from './support'

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

/** The tiny model with one weight changed. */
function withWeight(w1: TensorSpec, changes: Partial<ModelSpec> = {}): Uint8Array {
  const spec = weightedModel(1)
  return buildModel({ ...spec, initializers: { ...spec.initializers, w1 }, ...changes })
}

/** The field of a message, with length-delimited content. */
const field = (id: number, content: Uint8Array): Uint8Array =>
  Writer.create()
    .uint32((id << 3) | 2)
    .bytes(content)
    .finish()

describe('onnx: architecture of a model with private weights', () => {
  const model = buildModel(weightedModel(1))
  const architecture = architectureOf(model)

  it('is the same for all weights, and its own architecture', () => {
    expect(same(architectureOf(buildModel(weightedModel(9))), architecture)).to.equal(true)
    expect(same(architectureOf(architecture), architecture)).to.equal(true)
    expect(architecture.length).to.be.lessThan(model.length)
  })

  it('is another for another shape, type, name, scalar or node', () => {
    const spec = weightedModel(1)
    const half = { shape: [], data: [0.25] }
    const { w1, ...rest } = spec.initializers!
    const others = [
      withWeight(floats([4], 1)),
      withWeight({ shape: [1, 4], data: [1, 2, 3, 4], type: 'float64' }),
      buildModel({ ...spec, initializers: { ...rest, v1: w1! } }),
      buildModel({ ...spec, initializers: { ...spec.initializers, half } }),
      buildModel({ ...spec, nodes: spec.nodes.slice(0, -1) }),
    ].map((other) => Buffer.from(architectureOf(other)).toString('hex'))
    expect(new Set([...others, Buffer.from(architecture).toString('hex')]).size).to.equal(6)
  })

  it('has no data in any encoding of floats', () => {
    const marked = 0x3fc0
    for (const type of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
      const files = (['raw', 'packed', 'unpacked'] as const).flatMap((encoding) =>
        [marked, 1].map((first) => withWeight({ shape: [1, 4], data: [first, 1, 1, 2], type, encoding })),
      )
      const bare = files.map((file) => Buffer.from(architectureOf(file)).toString('hex'))
      expect(new Set(bare).size, type).to.equal(1)
    }
    const external = withWeight({ ...floats([1, 4], 1), external: true })
    expect(same(architectureOf(external), architecture)).to.equal(true)
    expectCode('ONNX_EXTERNAL_DATA', () =>
      readWeights(external, parseModel(external, { privateWeights: true }).weights),
    )
  })

  it('leaves out what else a tensor may carry, and training information', () => {
    const spec = weightedModel(1)
    const documented = Writer.create()
      .uint32((1 << 3) | 0)
      .int64(3)
      .uint32((2 << 3) | 0)
      .int32(1)
      .uint32((8 << 3) | 2)
      .string('unused')
      .finish()
    const others = Object.entries(spec.initializers!).filter(([name]) => name !== 'unused')
    const initializers = Object.fromEntries(others)
    const withNote = (note: string) =>
      buildModel({
        ...spec,
        initializers,
        extraGraph: field(5, Buffer.concat([documented, field(12, Buffer.from(note)), field(16, Buffer.from(note))])),
        extraModel: field(20, Buffer.from(`training: ${note}`)),
      })
    const bare = Buffer.from(architectureOf(withNote('secret')))
    expect(bare.includes('secret')).to.equal(false)
    expect(same(architectureOf(withNote('another')), bare)).to.equal(true)
  })

  it('parses like the model, which is read like one with further inputs', () => {
    const graph = parseModel(model, { privateWeights: true })
    expect(parseModel(architecture, { privateWeights: true })).to.deep.equal(graph)
    expect(graph.inputs.map(({ name }) => name)).to.deep.equal(['x'])
    expect(graph.weights.map(({ name }) => name)).to.deep.equal(['w1', 'b1', 'w2'])
    expect([...graph.constants.keys()]).to.deep.equal(['half'])
    const { w1 } = weightedModel(1).initializers!
    const [first] = readWeights(model, graph.weights)
    expect([...first!]).to.deep.equal([...w1!.data].map((value) => Math.fround(Number(value))))
    expect(() => parseModel(architecture)).to.throw(ZkmlError)
    expectCode('ONNX_TENSOR_DATA', () => readWeights(architecture, graph.weights))
  })

  it('hides a weight that is an input as well, and one that is used twice', () => {
    const spec = weightedModel(1)
    const bytes = buildModel({
      ...spec,
      inputs: [...spec.inputs, { name: 'w1', shape: [1, 4] }],
      nodes: spec.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => (name === 'w2' ? 'w1' : name)) })),
    })
    const { inputs, weights } = parseModel(bytes, { privateWeights: true })
    expect([inputs, weights].map((list) => list.map(({ name }) => name))).to.deep.equal([['x'], ['w1', 'b1']])
  })

  it('refuses weights that are no numbers, and an output that is a weight', () => {
    const { weights } = parseModel(model, { privateWeights: true })
    expectCode('ONNX_NOT_FINITE', () => readWeights(withWeight({ shape: [1, 4], data: [1, NaN, 0, 0] }), weights))
    const shown = buildModel({ ...weightedModel(1), outputs: [{ name: 'y' }, { name: 'w1' }] })
    expectCode('ONNX_CONSTANT_OUTPUT', () => parseModel(shown, { privateWeights: true }), /"w1"/)
  })

  it('names the numbers that stay public', () => {
    expect(publicNumbers(model)).to.deep.equal([])
    const constant = { op: 'Constant', name: 'k', inputs: [], outputs: ['v'], attributes: { value: floats([3, 3], 1) } }
    const spec = weightedModel(1)
    const bytes = buildModel({
      ...spec,
      nodes: [...spec.nodes, constant],
      initializers: { ...spec.initializers, codes: ints(Array.from({ length: 9 }, (_, i) => i)), shape: ints([1, 4]) },
    })
    expect(publicNumbers(bytes)).to.deep.equal([
      { name: 'codes', count: 9 },
      { name: 'k', count: 9 },
    ])
  })

  it('names the numbers of subgraphs, floats among them', () => {
    const branch = (initializers: Record<string, TensorSpec>, nodes: readonly NodeSpec[] = []): GraphSpec => ({
      inputs: [],
      outputs: [{ name: 'o' }],
      nodes,
      initializers,
    })
    const choose = (yes: GraphSpec, no: GraphSpec): NodeSpec => {
      const attributes = { then_branch: yes, else_branch: no }
      return { op: 'If', inputs: ['c'], outputs: ['o'], attributes }
    }
    const inner = choose(branch({ deep: ints([1, 2]) }), branch({ o: floats([10], 2) }))
    const outer = choose(branch({ o: floats([9], 1) }), branch({}, [inner]))
    const spec = weightedModel(1)
    expect(publicNumbers(buildModel({ ...spec, nodes: [...spec.nodes, outer] }))).to.deep.equal([
      { name: 'o', count: 9 },
      { name: 'o', count: 10 },
    ])
  })

  it('throws errors of ours for the model cut off anywhere or with any byte changed', () => {
    for (let i = 0; i < model.length; i++) {
      const changed = Uint8Array.from(model)
      changed[i] = changed[i]! ^ 0xff
      for (const bytes of [model.subarray(0, i), changed]) {
        try {
          architectureOf(bytes)
        } catch (error) {
          expect(error).to.be.instanceOf(ZkmlError)
        }
      }
    }
  })
})
