// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { ReferenceModel } from '../../prover/quantize'
import { forestAttributes, randomTree } from '../support/forests'
import { evaluateGraph } from '../support/graph-evaluator'
import {
  type AttributeSpec,
  buildModel,
  floats,
  type GraphSpec,
  ints,
  type ModelSpec,
  seededRandom,
  type TensorSpec,
} from '../support/onnx-builder'
import { expectCode } from './support'

type Attributes = Readonly<Record<string, AttributeSpec>>

const domain = 'ai.onnx.ml'
const SAMPLES = 24
const numbers = (count: number, seed: number) => ({ floats: [...floats([count], seed).data].map(Number) })
const reals = (data: readonly number[]): TensorSpec => ({ shape: [data.length], data })

/** A model of [24, 3] features. */
function model(spec: Pick<GraphSpec, 'nodes' | 'outputs' | 'initializers'>, more: Partial<ModelSpec> = {}): Uint8Array {
  return buildModel({ domains: { [domain]: 3 }, inputs: [{ name: 'x', shape: [SAMPLES, 3] }], ...spec, ...more })
}

/** All outputs agree with onnxruntime's, and are returned. */
async function expectAgreement(bytes: Uint8Array, data: Float64Array, tolerance = 1e-5) {
  const graph = parseModel(bytes)
  const runtime = await ReferenceModel.load(graph, bytes)
  const reference = await runtime.run([data])
  await runtime.close()
  const ours = evaluateGraph(graph, { x: data })
  graph.outputs.forEach(({ name }, at) => {
    const { data: values } = ours.get(name)!
    expect(values.length, name).to.equal(reference[at]!.length)
    values.forEach((value, i) => expect(value, name).to.be.closeTo(reference[at]![i]!, tolerance))
  })
  return graph.outputs.map((output) => ({ ...output, data: ours.get(output.name)!.data }))
}

function features(seed: number): Float64Array {
  const random = seededRandom(seed)
  return Float64Array.from({ length: SAMPLES * 3 }, () => Math.floor(random() * 128) / 64 - 1)
}

const classifier = (op: string, attributes: Attributes, names: AttributeSpec): Uint8Array =>
  model({
    nodes: [
      { op, domain, inputs: ['x'], outputs: ['label', 'scores'], attributes },
      { op: 'ZipMap', domain, inputs: ['scores'], outputs: ['maps'], attributes: { classlabels_strings: names } },
    ],
    outputs: [
      { name: 'label', type: 'string', shape: ['N'] },
      { name: 'maps', maps: true },
    ],
  })

const TEXTS = ['wren', 'ibis', 'kite']
const strings = (texts: readonly string[]) => ({ strings: texts })
const trees = (classes: number) =>
  [1, 2].map((seed) =>
    randomTree(seed, {
      depth: 3,
      features: 3,
      modes: ['BRANCH_LEQ'],
      stunted: 0,
      weights: (random) => Object.fromEntries(Array.from({ length: classes }, (_, at) => [at, random()])),
    }),
  )

const TEXT_CLASSIFIERS: Readonly<
  Record<string, readonly [op: string, texts: readonly string[], attributes: Attributes]>
> = {
  'trees of three classes': ['TreeEnsembleClassifier', TEXTS, forestAttributes('class', trees(3))],
  'trees of two classes': ['TreeEnsembleClassifier', TEXTS.slice(1), forestAttributes('class', trees(1))],
  'a linear model of three classes': [
    'LinearClassifier',
    TEXTS,
    { coefficients: numbers(9, 1), intercepts: numbers(3, 2), post_transform: 'SOFTMAX' },
  ],
  'a linear model of two classes': [
    'LinearClassifier',
    TEXTS.slice(1),
    { coefficients: numbers(3, 1), intercepts: { floats: [0.5] }, post_transform: 'LOGISTIC' },
  ],
  'support vectors': [
    'SVMClassifier',
    TEXTS,
    {
      vectors_per_class: [2, 2, 2],
      support_vectors: numbers(18, 1),
      coefficients: numbers(12, 2),
      rho: numbers(3, 3),
      kernel_type: 'LINEAR',
      kernel_params: { floats: [1, 0, 1] },
    },
  ],
}

describe('onnx: names of classes', () => {
  for (const [title, [op, texts, attributes]] of Object.entries(TEXT_CLASSIFIERS)) {
    it(`gives the index of the class, and scores in a tensor, for ${title}`, async () => {
      const bytes = classifier(op, { ...attributes, classlabels_strings: strings(texts) }, strings(texts))
      const [label, maps] = await expectAgreement(bytes, features(3))
      expect(label!.texts).to.deep.equal(texts)
      expect(new Set(label!.data).size).to.be.above(1)
      expect(maps!.shape).to.deep.equal([SAMPLES, texts.length])
    })
  }

  it('picks texts by a class that was computed', async () => {
    const bytes = model({
      nodes: [
        { op: 'ArgMax', inputs: ['x'], outputs: ['at'], attributes: { axis: 1, keepdims: 0 } },
        { op: 'ArrayFeatureExtractor', domain, inputs: ['classes', 'at'], outputs: ['picked'] },
        { op: 'Reshape', inputs: ['picked', 'shape'], outputs: ['label'] },
      ],
      outputs: [{ name: 'label', type: 'string' }],
      initializers: { classes: { type: 'string', shape: [3], data: [], texts: ['b', 'a', 'b'] }, shape: ints([-1]) },
    })
    const [label] = await expectAgreement(bytes, features(4))
    expect(label!.texts).to.deep.equal(['b', 'a'])
  })

  it('gives the scores of a model that imports ai.onnx.ml alone', async () => {
    const nodes = [
      {
        op: 'Scaler',
        domain,
        inputs: ['x'],
        outputs: ['s'],
        attributes: { offset: numbers(1, 1), scale: numbers(1, 2) },
      },
      { op: 'ZipMap', domain, inputs: ['s'], outputs: ['y'], attributes: { classlabels_int64s: [4, 5, 6] } },
    ]
    const bytes = model({ nodes, outputs: [{ name: 'y', maps: true }] }, { opset: null })
    await expectAgreement(bytes, features(5))
  })

  it('refuses to compute with texts, and scores that have other classes', () => {
    const label = { op: 'LinearClassifier', domain, inputs: ['x'], outputs: ['label', 'scores'] }
    const attributes = {
      coefficients: numbers(9, 1),
      intercepts: numbers(3, 2),
      classlabels_strings: strings(TEXTS),
    }
    const compared = model({
      nodes: [
        { ...label, attributes },
        { op: 'Equal', inputs: ['label', 'label'], outputs: ['y'] },
      ],
      outputs: [{ name: 'y' }],
    })
    expectCode('ONNX_UNSUPPORTED_USE', () => parseModel(compared), /"label" is of texts/)
    const zipped = classifier('LinearClassifier', attributes, strings(TEXTS.slice(1)))
    expectCode('ONNX_SHAPE', () => parseModel(zipped), /2 labels/)
  })
})

/** LabelEncoder on whole numbers from −4 to 3, or on reals that are multiples of 1/2. */
const encode = (attributes: Attributes, version: number, keys: 'int64' | 'float32' = 'int64'): Uint8Array =>
  model(
    {
      nodes: [
        ...(keys === 'int64' ? [{ op: 'Cast', inputs: ['x'], outputs: ['k'], attributes: { to: 7 } }] : []),
        { op: 'LabelEncoder', name: 'n', domain, inputs: [keys === 'int64' ? 'k' : 'x'], outputs: ['y'], attributes },
      ],
      outputs: [{ name: 'y', type: 'values_int64s' in attributes ? 'int64' : 'float32' }],
    },
    { domains: { [domain]: version } },
  )

const KEYS = { keys_int64s: [2, -3, 0] }
const ENCODERS: readonly (readonly [title: string, bytes: Uint8Array])[] = [
  ['integers to integers', encode({ ...KEYS, values_int64s: [70, 80, -9] }, 2)],
  ['integers to integers, with a default', encode({ ...KEYS, values_int64s: [7, 8, 9], default_int64: 40 }, 2)],
  ['integers to reals', encode({ ...KEYS, values_floats: numbers(3, 1), default_float: { float: 0.75 } }, 2)],
  ['reals to integers', encode({ keys_floats: { floats: [0.5, -1, 0] }, values_int64s: [1, 2, 3] }, 2, 'float32')],
  [
    'reals to reals, NaN among the keys',
    encode({ keys_floats: { floats: [0.5, NaN] }, values_floats: { floats: [1, 2] } }, 4, 'float32'),
  ],
  [
    'integers to reals, in tensors',
    encode({ keys_tensor: ints([2, -3]), values_tensor: reals([0.5, 3]), default_tensor: reals([-2]) }, 4),
  ],
]

describe('onnx: LabelEncoder', () => {
  for (const [title, bytes] of ENCODERS) {
    it(`maps ${title} as onnxruntime does`, async () => {
      const random = seededRandom(6)
      const data = Float64Array.from({ length: SAMPLES * 3 }, () => Math.floor(random() * 16) / 2 - 4)
      const [y] = await expectAgreement(bytes, data)
      expect(new Set(y!.data).size).to.be.above(1)
    })
  }

  for (const [title, code, pattern, attributes, version] of [
    [
      'texts for keys',
      'ONNX_UNSUPPORTED_USE',
      /number them before/,
      { keys_strings: strings(['a']), values_int64s: [1] },
      2,
    ],
    [
      'texts for values',
      'ONNX_UNSUPPORTED_USE',
      /number them/,
      { keys_int64s: [1], values_strings: strings(['a']) },
      2,
    ],
    ['the texts of version 1', 'ONNX_UNSUPPORTED_USE', /number them/, { classes_strings: strings(['a']) }, 1],
    ['a key that is there twice', 'ONNX_INVALID_NODE', /twice/, { keys_int64s: [1, 1], values_int64s: [1, 2] }, 2],
    ['more keys than values', 'ONNX_INVALID_NODE', /2 entries/, { keys_int64s: [1, 2], values_int64s: [1] }, 2],
    ['no values', 'ONNX_INVALID_NODE', /0 lists of values/, { keys_int64s: [1, 2] }, 2],
    [
      'keys of another type',
      'ONNX_INVALID_NODE',
      /keys are float32/,
      { keys_floats: { floats: [1] }, values_int64s: [1] },
      2,
    ],
  ] as const) {
    it(`refuses ${title}`, () => expectCode(code, () => parseModel(encode(attributes, version)), pattern, /node "n"/))
  }
})
