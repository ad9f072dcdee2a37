// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { evaluateGraph } from '../support/graph-evaluator'
import { type AttributeSpec, buildModel, floats, ints, seededRandom, type TensorSpec } from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'
import { expectCode } from './support'

type Attributes = Readonly<Record<string, AttributeSpec>>

const numbers = (count: number, seed: number) => ({ floats: [...floats([count], seed).data].map(Number) })

/** Two or three classes, each with two support vectors of three features. */
const svm = (classes: number, more: Attributes = {}): Attributes => ({
  classlabels_ints: Array.from({ length: classes }, (_, at) => at),
  vectors_per_class: new Array<number>(classes).fill(2),
  support_vectors: numbers(6 * classes, 1),
  coefficients: numbers(2 * classes * (classes - 1), 2),
  rho: numbers((classes * (classes - 1)) / 2, 3),
  kernel_params: { floats: [0.5, 0.25, 3] },
  ...more,
})

type Case = readonly [op: string, attributes: Attributes, constants?: readonly TensorSpec[]]

const CASES: readonly Case[] = [
  ['Scaler', { offset: numbers(3, 1), scale: numbers(3, 2) }],
  ['Scaler', { offset: { floats: [0.5] }, scale: { floats: [2] } }],
  ['Normalizer', { norm: 'MAX' }],
  ['Normalizer', { norm: 'L1' }],
  ['Normalizer', { norm: 'L2' }],
  ['Binarizer', { threshold: { float: 0.25 } }],
  ['Imputer', { imputed_value_floats: { floats: [1, 2, 3] }, replaced_value_float: { float: 0.25 } }],
  ['Imputer', { imputed_value_floats: { floats: [1] }, replaced_value_float: { float: NaN } }],
  ['FeatureVectorizer', { inputdimensions: [3] }],
  ['ArrayFeatureExtractor', {}, [ints([2, 0, 2])]],
  ['LinearRegressor', { coefficients: numbers(3, 1), intercepts: { floats: [0.5] } }],
  ['LinearRegressor', { targets: 2, coefficients: numbers(6, 1), post_transform: 'SOFTMAX' }],
  ['LinearClassifier', { classlabels_ints: [0, 1, 2], coefficients: numbers(9, 1), intercepts: numbers(3, 2) }],
  [
    'LinearClassifier',
    {
      classlabels_ints: [3, 7],
      coefficients: numbers(3, 1),
      intercepts: { floats: [0.5] },
      post_transform: 'LOGISTIC',
    },
  ],
  ['LinearClassifier', { classlabels_ints: [0, 1], coefficients: numbers(3, 1), intercepts: { floats: [0.5] } }],
  ...['LINEAR', 'RBF', 'POLY', 'SIGMOID'].flatMap((kernel_type): Case[] => [
    ['SVMClassifier', svm(2, { kernel_type })],
    ['SVMClassifier', svm(3, { kernel_type })],
    [
      'SVMRegressor',
      {
        kernel_type,
        n_supports: 4,
        support_vectors: numbers(12, 1),
        coefficients: numbers(4, 2),
        rho: { floats: [0.5] },
        kernel_params: { floats: [0.5, 0.25, 2] },
      },
    ],
  ]),
  ['SVMClassifier', svm(2, { kernel_type: 'RBF', prob_a: { floats: [-2] }, prob_b: { floats: [0.25] } })],
]

function model([op, attributes, constants = []]: Case, samples: number): Uint8Array {
  const outputs = op.endsWith('Classifier') ? ['label', 'y'] : ['y']
  const initializers = Object.fromEntries(constants.map((tensor, at) => [`c${at}`, tensor]))
  return buildModel({
    domains: { 'ai.onnx.ml': 1 },
    inputs: [{ name: 'x', shape: [samples, 3] }],
    outputs: outputs.map((name) => ({ name, type: name === 'label' ? 'int64' : 'float32' })),
    nodes: [{ op, name: 'n', domain: 'ai.onnx.ml', inputs: ['x', ...Object.keys(initializers)], outputs, attributes }],
    initializers,
  })
}

describe('onnx: classical operators against onnxruntime', () => {
  for (const [at, test] of CASES.entries()) {
    it(`${test[0]} ${JSON.stringify(test[1]).slice(0, 60)} #${at}`, async () => {
      const samples = 20
      const random = seededRandom(at + 1)
      const data = Float32Array.from({ length: samples * 3 }, () => Math.floor(random() * 16) / 8 - 0.9375)
      const bytes = model(test, samples)
      const reference = await runInOnnxruntime(bytes, { x: { shape: [samples, 3], data } })
      const graph = parseModel(bytes)
      const ours = evaluateGraph(graph, { x: data })
      // onnxruntime iterates for probabilities, and stops early.
      const tolerance = 'prob_a' in test[1] ? 5e-3 : 1e-4
      for (const { name, shape } of graph.outputs) {
        expect(shape).to.deep.equal(reference.get(name)?.dims)
        const expected = reference.get(name)?.data ?? []
        ours.get(name)?.data.forEach((value, i) => expect(value, name).to.be.closeTo(expected[i]!, tolerance))
      }
    })
  }

  it('refuses lists that do not fit, and indices outside', () => {
    const refuse = (code: string, test: Case, pattern: RegExp) =>
      expectCode(code, () => parseModel(model(test, 1)), pattern)
    refuse('ONNX_INVALID_NODE', ['Scaler', { scale: numbers(2, 1) }], /2 entries for 3 features/)
    refuse('ONNX_INVALID_NODE', ['ArrayFeatureExtractor', {}, [ints([3])]], /index 3/)
    refuse('ONNX_INVALID_NODE', ['LinearRegressor', { coefficients: numbers(4, 1) }], /4 coefficients/)
    refuse('ONNX_INVALID_NODE', ['SVMClassifier', svm(2, { rho: numbers(2, 1) })], /2 rho/)
    refuse('ONNX_INVALID_NODE', ['SVMClassifier', svm(2, { vectors_per_class: [2, 1e9] })], /support vectors/)
  })
})
