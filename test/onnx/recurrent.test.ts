// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { evaluateGraph } from '../support/graph-evaluator'
import { type AttributeSpec, buildModel, floats, type TensorSpec } from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'

const [STEPS, BATCH, INPUT, HIDDEN] = [3, 2, 2, 3]
const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const

type Case = {
  readonly op: keyof typeof GATES
  readonly attributes?: Readonly<Record<string, AttributeSpec>>
  readonly bias?: boolean
  readonly lengths?: readonly number[]
  readonly initial?: boolean
  readonly peepholes?: boolean
  /** Weights are inputs of the model. */
  readonly variable?: boolean
}

const bidirectional = { direction: 'bidirectional' }

const CASES: readonly Case[] = [
  ...(['RNN', 'GRU', 'LSTM'] as const).flatMap((op): Case[] => [
    { op },
    { op, bias: true, initial: true, attributes: { direction: 'reverse' } },
    { op, bias: true, attributes: bidirectional },
    { op, bias: true, initial: true, lengths: [2, 3], attributes: bidirectional },
    { op, lengths: [3, 1], attributes: { direction: 'reverse' } },
    { op, bias: true, initial: true, attributes: { clip: { float: 0.5 } } },
    { op, bias: true, initial: true, variable: true },
  ]),
  ...['Relu', 'Softsign', 'Softplus', 'Elu', 'LeakyRelu', 'HardSigmoid'].map((name): Case => ({
    op: 'RNN',
    bias: true,
    initial: true,
    attributes: { activations: { strings: [name] } },
  })),
  {
    op: 'RNN',
    attributes: {
      ...bidirectional,
      activations: { strings: ['Affine', 'ScaledTanh'] },
      activation_alpha: { floats: [0.5, 0.75] },
      activation_beta: { floats: [0.25, 1.5] },
    },
  },
  {
    op: 'RNN',
    bias: true,
    attributes: { activations: { strings: ['ThresholdedRelu'] }, activation_alpha: { floats: [0.5] } },
  },
  {
    op: 'GRU',
    bias: true,
    initial: true,
    attributes: {
      activations: { strings: ['HardSigmoid', 'LeakyRelu'] },
      activation_alpha: { floats: [0.25, 0.125] },
      activation_beta: { floats: [0.625] },
    },
  },
  { op: 'GRU', attributes: { linear_before_reset: 1 } },
  { op: 'GRU', bias: true, attributes: { linear_before_reset: 1 } },
  { op: 'GRU', bias: true, initial: true, attributes: { linear_before_reset: 1, ...bidirectional } },
  { op: 'LSTM', bias: true, peepholes: true },
  { op: 'LSTM', bias: true, peepholes: true, initial: true, attributes: bidirectional },
  { op: 'LSTM', bias: true, initial: true, attributes: { input_forget: 1 } },
  { op: 'LSTM', bias: true, initial: true, peepholes: true, attributes: { input_forget: 1 } },
  { op: 'LSTM', initial: true, attributes: { activations: { strings: ['HardSigmoid', 'Softsign', 'Relu'] } } },
]

/** A model of one layer, and what to feed it. */
function build(test: Case) {
  const { op, attributes = {}, lengths, variable = false } = test
  const directions = attributes.direction === 'bidirectional' ? 2 : 1
  const rows = GATES[op] * HIDDEN
  const state = [directions, BATCH, HIDDEN]
  const tensors: readonly (readonly [string, TensorSpec | undefined])[] = [
    ['w', floats([directions, rows, INPUT], 2)],
    ['r', floats([directions, rows, HIDDEN], 3)],
    ['b', test.bias ? floats([directions, 2 * rows], 4) : undefined],
    ['lens', lengths && { type: 'int32', shape: [BATCH], data: lengths }],
    ['h', test.initial ? floats(state, 5) : undefined],
    ['c', test.initial && op === 'LSTM' ? floats(state, 6) : undefined],
    ['p', test.peepholes ? floats([directions, 3 * HIDDEN], 7) : undefined],
  ]
  const given = tensors.flatMap(([name, tensor]) => (tensor ? [[name, tensor] as const] : []))
  const isFed = (name: string) => variable && name !== 'lens'
  const fed = [['x', floats([STEPS, BATCH, INPUT], 8)] as const, ...given.filter(([name]) => isFed(name))]
  const outputs = op === 'LSTM' ? ['y', 'yh', 'yc'] : ['y', 'yh']
  const inputs = ['x', ...tensors.map(([name, tensor]) => (tensor ? name : ''))]
  const bytes = buildModel({
    opset: 14,
    inputs: fed.map(([name, { shape }]) => ({ name, shape })),
    outputs: outputs.map((name) => ({ name })),
    nodes: [
      {
        op,
        inputs: inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1),
        outputs,
        attributes: { ...attributes, hidden_size: HIDDEN },
      },
    ],
    initializers: Object.fromEntries(given.filter(([name]) => !isFed(name))),
  })
  const feeds = fed.map(([name, { shape, data }]) => [name, { shape, data: [...data].map(Number) }] as const)
  return { bytes, feeds, outputs }
}

describe('onnx: recurrent layers against onnxruntime', () => {
  for (const test of CASES) {
    const { op, ...rest } = test
    it(`${op} ${JSON.stringify(rest)}`, async () => {
      const { bytes, feeds, outputs } = build(test)
      const reference = await runInOnnxruntime(bytes, Object.fromEntries(feeds))
      const graph = parseModel(bytes)
      const ours = evaluateGraph(graph, Object.fromEntries(feeds.map(([name, { data }]) => [name, data])))
      for (const name of outputs) {
        const [expected, actual] = [reference.get(name)!, ours.get(name)!]
        expect(actual.shape).to.deep.equal(expected.dims)
        actual.data.forEach((value, at) => expect(value, `${name}[${at}]`).to.be.closeTo(expected.data[at]!, 1e-5))
      }
    })
  }
})
