// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { buildProgram } from '../../prover/quantize'
import { evaluateFloat } from '../../prover/quantize/evaluate'
import { evaluateGraph } from '../support/graph-evaluator'
import { forestAttributes, randomTree } from '../support/forests'
import { buildModel, floats, ints, seededRandom, type ModelSpec } from '../support/onnx-builder'
import { SMALL_MODELS } from '../support/small-models'

const positive = (shape: readonly number[], seed: number) => ({
  shape,
  data: [...floats(shape, seed).data].map((value) => Math.abs(Number(value)) + 0.5),
})

/** Runs graph and program in doubles on the same random inputs. */
function compare(spec: ModelSpec) {
  const graph = parseModel(buildModel(spec))
  const program = buildProgram(graph)
  const random = seededRandom(31)
  for (let round = 0; round < 5; round++) {
    const inputs = graph.inputs.map(({ shape }) =>
      Float64Array.from({ length: shape.reduce((x, y) => x * y, 1) }, () => random() * 4 - 2),
    )
    const feeds = Object.fromEntries(graph.inputs.map(({ name }, i) => [name, inputs[i]!]))
    const expected = evaluateGraph(graph, feeds)
    const values = evaluateFloat(program, inputs)
    graph.outputs.forEach(({ name }, i) => {
      const own = values[program.outputs[i]!]!
      expected.get(name)!.data.forEach((value, k) => expect(own[k], `${name}[${k}]`).to.be.closeTo(value, 1e-9))
    })
  }
  return program
}

const model = (inputs: Record<string, number[]>, nodes: ModelSpec['nodes'], initializers = {}): ModelSpec => ({
  inputs: Object.entries(inputs).map(([name, shape]) => ({ name, shape })),
  outputs: [{ name: 'y' }],
  nodes,
  initializers,
})

const kinds = (program: ReturnType<typeof compare>) => program.steps.map(({ kind }) => kind)

describe('fusion', () => {
  for (const [name, { spec }] of Object.entries(SMALL_MODELS)) {
    it(`leaves what a model computes as it was: ${name}`, () => {
      compare(spec)
    })
  }

  it('folds BatchNormalization into the convolution before it', () => {
    const program = compare(
      model(
        { x: [1, 2, 4] },
        [
          { op: 'Conv', inputs: ['x', 'w', 'b'], outputs: ['c'], name: 'conv' },
          { op: 'BatchNormalization', inputs: ['c', 'g', 's', 'm', 'v'], outputs: ['n'], name: 'norm' },
          { op: 'Relu', inputs: ['n'], outputs: ['y'], name: 'relu' },
        ],
        {
          w: floats([3, 2, 2], 1),
          b: floats([3], 2),
          g: positive([3], 3),
          s: floats([3], 4),
          m: floats([3], 5),
          v: positive([3], 6),
        },
      ),
    )
    expect(kinds(program)).to.deep.equal(['linear', 'rescale', 'linear'])
    expect(program.steps[0]!.name).to.equal('conv')
  })

  it('folds a division, and the scale of an average pool, into the layer after it', () => {
    const program = compare(
      model(
        { x: [1, 1, 4] },
        [
          { op: 'Relu', inputs: ['x'], outputs: ['r'], name: 'relu' },
          {
            op: 'AveragePool',
            inputs: ['r'],
            outputs: ['p'],
            name: 'pool',
            attributes: { kernel_shape: [2], strides: [2] },
          },
          { op: 'Div', inputs: ['p', 'd'], outputs: ['q'], name: 'div' },
          { op: 'Reshape', inputs: ['q', 'shape'], outputs: ['f'], name: 'flat' },
          { op: 'Gemm', inputs: ['f', 'w'], outputs: ['y'], name: 'fc' },
        ],
        { d: { shape: [], data: [3] }, shape: ints([1, 2]), w: floats([2, 3], 7) },
      ),
    )
    expect(kinds(program)[0]).to.equal('rescale')
    expect(kinds(program).filter((kind) => kind === 'linear').length).to.be.at.most(2)
  })

  it('moves max pooling before ReLU, so that fewer values are decomposed', () => {
    const program = compare(
      model({ x: [1, 1, 4, 4] }, [
        { op: 'Relu', inputs: ['x'], outputs: ['r'], name: 'relu' },
        {
          op: 'MaxPool',
          inputs: ['r'],
          outputs: ['m'],
          name: 'pool',
          attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        },
        { op: 'MaxPool', inputs: ['m'], outputs: ['y'], name: 'pool2', attributes: { kernel_shape: [2, 2] } },
      ]),
    )
    expect(kinds(program).slice(0, 3)).to.deep.equal(['max', 'max', 'rescale'])
    expect(program.tensors[program.steps[2]!.output]!.size).to.equal(1)
  })

  it('leaves a ReLU that something else reads before its pool', () => {
    const program = compare(
      model({ x: [1, 1, 2, 2] }, [
        { op: 'Relu', inputs: ['x'], outputs: ['r'], name: 'relu' },
        { op: 'MaxPool', inputs: ['r'], outputs: ['m'], name: 'pool', attributes: { kernel_shape: [2, 2] } },
        { op: 'Sub', inputs: ['r', 'm'], outputs: ['y'], name: 'sub' },
      ]),
    )
    expect(kinds(program).slice(0, 2)).to.deep.equal(['rescale', 'max'])
  })

  for (const [title, scale, isMoved] of [
    ['compares features of trees with thresholds before it scales them', [0.3, 7, 1e3], true],
    ['but leaves a scaling that turns one of them around', [0.3, -7, 1e3], false],
  ] as const) {
    it(title, () => {
      const domain = 'ai.onnx.ml'
      const trees = [1, 2].map((seed) =>
        randomTree(seed, {
          depth: 3,
          features: 3,
          modes: ['BRANCH_LEQ', 'BRANCH_LT'],
          weights: (random) => ({ 0: random() }),
        }),
      )
      const nodes = [
        {
          op: 'Scaler',
          domain,
          inputs: ['x'],
          outputs: ['s'],
          attributes: { offset: { floats: [0.25, -0.5, 0.125] }, scale: { floats: scale } },
        },
        {
          op: 'TreeEnsembleRegressor',
          domain,
          inputs: ['s'],
          outputs: ['y'],
          attributes: { ...forestAttributes('target', trees), n_targets: 1 },
        },
      ]
      const program = compare({ ...model({ x: [2, 3] }, nodes), domains: { [domain]: 3 } })
      const thresholds = program.steps.find(({ kind }) => kind === 'thresholds')
      expect(thresholds && 'source' in thresholds && thresholds.source === program.inputs[0]).to.equal(isMoved)
    })
  }

  it('clamps whole numbers to the range of a type in one step', () => {
    const program = compare(
      model(
        { x: [1, 16] },
        [
          { op: 'QuantizeLinear', inputs: ['x', 's', 'z'], outputs: ['q'] },
          { op: 'DequantizeLinear', inputs: ['q', 's', 'z'], outputs: ['y'] },
        ],
        { s: { shape: [], data: [2 ** -7] }, z: { type: 'int8', shape: [], data: [3] } },
      ),
    )
    expect(kinds(program).filter((kind) => kind !== 'linear')).to.deep.equal(['round', 'rescale'])
  })

  it('drops steps that no output needs', () => {
    const program = compare(
      model({ x: [1, 2] }, [
        { op: 'Sigmoid', inputs: ['x'], outputs: ['unused'], name: 'unused' },
        { op: 'Relu', inputs: ['x'], outputs: ['y'], name: 'relu' },
      ]),
    )
    expect(program.steps.some(({ name }) => name.startsWith('unused'))).to.equal(false)
  })

  it('handles an input that is an output, and one value under x + x', () => {
    const program = compare({
      inputs: [{ name: 'x', shape: [1, 3] }],
      outputs: [{ name: 'x' }, { name: 'y' }],
      nodes: [
        { op: 'Add', inputs: ['x', 'x'], outputs: ['d'], name: 'double' },
        { op: 'Sub', inputs: ['d', 'x'], outputs: ['y'], name: 'back' },
      ],
    })
    expect(new Set(kinds(program))).to.deep.equal(new Set(['linear']))
  })
})
