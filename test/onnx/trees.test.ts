// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { forestAttributes, randomTree, type TreeNode } from '../support/forests'
import { evaluateGraph } from '../support/graph-evaluator'
import { type AttributeSpec, buildModel, seededRandom } from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'
import { expectCode } from './support'

type Attributes = Readonly<Record<string, AttributeSpec>>

const ALL_MODES = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ'].map((mode) => `BRANCH_${mode}`)

const trees = (count: number, targets: number, negative = true, modes = ALL_MODES) =>
  Array.from({ length: count }, (_, seed) =>
    randomTree(seed + 1, {
      depth: 4,
      features: 3,
      modes,
      stunted: 0.2,
      weights: (random) =>
        Object.fromEntries(
          Array.from({ length: targets }, (_unused, target) => [target, (random() - (negative ? 0.5 : 0)) / count]),
        ),
    }),
  )

/** Each tree serves one class only, as those of boosted classifiers do. */
const oneClassEach = trees(6, 1).map((tree, at) =>
  tree.map((node): TreeNode => (node.weights ? { ...node, weights: { [at % 3]: node.weights[0]! } } : node)),
)

function model(op: string, attributes: Attributes, samples = 3): Uint8Array {
  const outputs = op.endsWith('Classifier') ? ['label', 'y'] : ['y']
  return buildModel({
    domains: { 'ai.onnx.ml': 3 },
    inputs: [{ name: 'x', shape: [samples, 3] }],
    outputs: outputs.map((name) => ({ name, type: name === 'label' ? 'int64' : 'float32' })),
    nodes: [{ op, name: 'n', domain: 'ai.onnx.ml', inputs: ['x'], outputs, attributes }],
  })
}

const regressor = (forest: readonly (readonly TreeNode[])[], targets: number, more: Attributes = {}) =>
  [
    'TreeEnsembleRegressor',
    { ...forestAttributes('target', forest), n_targets: targets, ...more } as Attributes,
  ] as const
const classifier = (forest: readonly (readonly TreeNode[])[], labels: readonly number[], more: Attributes = {}) =>
  ['TreeEnsembleClassifier', { ...forestAttributes('class', forest), classlabels_int64s: labels, ...more }] as const

const CASES: Readonly<Record<string, readonly [op: string, attributes: Attributes]>> = {
  'one target': regressor(trees(3, 1), 1),
  'one target with a base value': regressor(trees(3, 1), 1, { base_values: { floats: [0.5] } }),
  'three targets by paths': regressor(trees(2, 3), 3, { base_values: { floats: [0.5, -1, 2] } }),
  'an average': regressor(trees(3, 2), 2, { aggregate_function: 'AVERAGE', base_values: { floats: [0.5, -1] } }),
  'the least': regressor(trees(3, 2), 2, { aggregate_function: 'MIN' }),
  'the largest': regressor(trees(3, 2), 2, { aggregate_function: 'MAX', base_values: { floats: [0.5, -1] } }),
  'a tree that is a leaf': regressor([[{ mode: 'LEAF', weights: { 0: 0.25 } }], ...trees(1, 1)], 1),
  'three classes': classifier(trees(3, 3, false), [0, 1, 2]),
  'three classes in other numbers': classifier(trees(3, 3), [7, -2, 30], { post_transform: 'SOFTMAX' }),
  'a tree for each class': classifier(oneClassEach, [0, 1, 2], {
    post_transform: 'LOGISTIC',
    base_values: { floats: [0.5, -0.25, 0] },
  }),
  'two classes by one positive weight': classifier(trees(3, 1, false), [0, 1]),
  'two classes by one weight': classifier(trees(3, 1), [5, 9], {
    post_transform: 'LOGISTIC',
    base_values: { floats: [0.1] },
  }),
}

describe('onnx: trees', () => {
  for (const [title, [op, attributes]] of Object.entries(CASES)) {
    it(`agrees with onnxruntime on ${title}`, async () => {
      const samples = 40
      const bytes = model(op, attributes, samples)
      const random = seededRandom(7)
      // Multiples of 1/64, so that equality is met.
      const data = Float32Array.from({ length: samples * 3 }, () => Math.floor(random() * 128) / 64 - 1)
      const reference = await runInOnnxruntime(bytes, { x: { shape: [samples, 3], data } })
      const graph = parseModel(bytes)
      const ours = evaluateGraph(graph, { x: data })
      for (const { name, shape } of graph.outputs) {
        expect(shape).to.deep.equal(reference.get(name)?.dims)
        const expected = reference.get(name)?.data ?? []
        ours.get(name)?.data.forEach((value, at) => expect(value, name).to.be.closeTo(expected[at]!, 1e-5))
      }
    })
  }
})

const leaf = (weight: number): TreeNode => ({ mode: 'LEAF', weights: { 0: weight } })
const branch = (yes: number, no: number, more: Partial<TreeNode> = {}): TreeNode => ({
  mode: 'BRANCH_LEQ',
  feature: 0,
  value: 0.5,
  yes,
  no,
  ...more,
})

const HOSTILE: readonly (readonly [title: string, nodes: readonly TreeNode[], pattern: RegExp])[] = [
  ['a cycle', [branch(1, 2), branch(1, 2), leaf(1)], /reach|cycle|leads/],
  ['a root within a cycle', [branch(0, 1), leaf(1)], /no root/],
  ['two roots', [branch(2, 3), branch(4, 5), leaf(1), leaf(2), leaf(3), leaf(4)], /two roots/],
  ['a branch with two parents', [branch(1, 1), branch(2, 3), leaf(1), leaf(2)], /twice/],
  ['a child that is not there', [branch(1, 9), leaf(1)], /no node 9/],
  ['a feature that is not there', [branch(1, 2, { feature: 3 }), leaf(1), leaf(2)], /feature 3 of an input of 3/],
  ['a target that is not there', [{ mode: 'LEAF', weights: { 1: 1 } }], /target 1 of 1/],
  ['a threshold that is NaN', [branch(1, 2, { value: NaN }), leaf(1), leaf(2)], /NaN/],
  ['an infinite weight', [branch(1, 2), leaf(Infinity), leaf(2)], /Infinity/],
  ['an unknown mode', [branch(1, 2, { mode: 'BRANCH_MAYBE' }), leaf(1), leaf(2)], /BRANCH_MAYBE/],
  ['a weight of a branch', [branch(1, 2, { weights: { 0: 1 } }), leaf(1), leaf(2)], /no leaf/],
]

describe('onnx: trees of hostile files', () => {
  for (const [title, nodes, pattern] of HOSTILE)
    it(`refuses ${title}`, () =>
      expectCode('ONNX_INVALID_NODE', () => parseModel(model(...regressor([nodes], 1))), pattern, /node "n"/))

  it('takes infinite thresholds and nodes in any order', () => {
    const nodes = [leaf(1), leaf(2), leaf(3), branch(0, 1, { value: Infinity }), branch(3, 2, { value: -Infinity })]
    const graph = parseModel(model(...regressor([nodes], 1), 1))
    expect([...evaluateGraph(graph, { x: [0, 0, 0] }).get('y')!.data]).to.deep.equal([3])
  })

  it('refuses a tree of 100,000 levels, and reads one of 100', () => {
    const chain = (levels: number) => [
      ...Array.from({ length: levels }, (_, at) => branch(at + 1, levels + 1 + at, { value: at / levels })),
      ...Array.from({ length: levels + 1 }, (_, at) => leaf(at)),
    ]
    expectCode('ONNX_TOO_LARGE', () => parseModel(model(...regressor([chain(100_000)], 1), 1)), /200 levels/)
    expect(parseModel(model(...regressor([chain(100)], 1), 1)).outputs).to.have.length(1)
  })

  it('refuses PROBIT, and lists of different lengths', () => {
    const probit = () => parseModel(model(...classifier(trees(1, 3), [0, 1, 2], { post_transform: 'PROBIT' })))
    expectCode('ONNX_UNSUPPORTED_USE', probit, /PROBIT/)
    const short = () => parseModel(model(...regressor(trees(1, 1), 1, { nodes_values: { floats: [1] } })))
    expectCode('ONNX_INVALID_NODE', short, /entries but/)
  })
})
