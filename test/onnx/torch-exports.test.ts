// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditCircuit } from '../../prover/circuit'
import { parseModel, type Graph } from '../../prover/onnx'
import { checkSamples, compileModel } from '../../prover/pipeline'
import { ReferenceModel, type Sample } from '../../prover/quantize'
import { evaluateGraph } from '../support/graph-evaluator'
import { buildModel, ints, seededRandom, type ModelSpec } from '../support/onnx-builder'
import { expectCode } from './support'

const FOLDER = join(__dirname, '../fixtures/onnx')
const read = (name: string) => readFileSync(join(FOLDER, `torch-${name}.onnx`))

/** How many of the 16 scores are left out of the Softmax of each export. */
const EXPORTS: Readonly<Record<string, number>> = {
  'mask-fill': 6,
  'mask-add': 6,
  'mask-causal': 6,
  'mask-bool': 6,
  'mask-padding': 0,
  'mask-extended': 0,
  'resize-nearest': 0,
}

/** Floats in [−2, 2]; of integers 0 or 1, the first of which is 1. */
function draw({ inputs }: Graph, count: number, seed: number): Sample[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () =>
    inputs.map(({ kind, shape }) => {
      const length = shape.reduce((product, size) => product * size, 1)
      return Float64Array.from({ length }, (_, i) =>
        kind === 'float' ? Math.fround(4 * random() - 2) : Number(i === 0 || random() < 0.5),
      )
    }),
  )
}

async function expectSame(onnx: Uint8Array): Promise<Graph> {
  const graph = parseModel(onnx)
  const reference = await ReferenceModel.load(graph, onnx)
  for (const sample of draw(graph, 5, 3)) {
    const values = evaluateGraph(graph, Object.fromEntries(graph.inputs.map(({ name }, i) => [name, sample[i]!])))
    const expected = await reference.run(sample)
    graph.outputs.forEach(({ name }, k) =>
      values.get(name)!.data.forEach((value, i) => expect(value).to.be.closeTo(expected[k]![i]!, 1e-5)),
    )
  }
  await reference.close()
  return graph
}

/** Elements that the Softmax of a graph leaves out. */
function leftOut({ nodes }: Graph): number {
  const marks = nodes.flatMap((node) => (node.op === 'Softmax' ? Array.from(node.masked ?? []) : []))
  return marks.reduce((sum, mark) => sum + mark, 0)
}

describe('onnx: models as PyTorch exports them', function () {
  this.timeout(60_000)

  for (const [name, count] of Object.entries(EXPORTS)) {
    it(`reads ${name} as onnxruntime does, without huge numbers`, async () => {
      const graph = await expectSame(read(name))
      expect(leftOut(graph)).to.equal(count)
      for (const { data } of graph.constants.values())
        data.forEach((value) => expect(Math.abs(value)).to.be.below(2 ** 12))
    })
  }

  for (const name of ['mask-causal', 'mask-padding', 'mask-extended']) {
    it(`compiles ${name} with default options to what onnxruntime computes`, async () => {
      const onnx = read(name)
      const samples = draw(parseModel(onnx), 50, 1)
      const model = await compileModel(onnx, { samples: { samples } })
      const { relativeError } = await checkSamples(model, { samples: draw(model.graph, 100, 2) })
      expect(relativeError).to.be.at.most(0.026)
      expect(auditCircuit(model.circuit)).to.include({ deterministic: true })
    })
  }
})

describe('onnx: masks', () => {
  const softmaxOf = (mask: readonly number[], nodes: ModelSpec['nodes'], outputs: readonly string[] = ['y']) =>
    buildModel({
      inputs: [{ name: 'x', shape: [2, 3] }],
      outputs: outputs.map((name) => ({ name })),
      nodes,
      initializers: { mask: { shape: [2, 3], data: mask }, shape: ints([1, 3, 2]), flat: ints([2, 3]) },
    })
  const add = { op: 'Add', inputs: ['x', 'mask'], outputs: ['s'] }
  const softmax = { op: 'Softmax', inputs: ['s'], outputs: ['y'], attributes: { axis: 1 } }

  it('leave elements out along the axis of the Softmax, through moves', async () => {
    const moved = [
      add,
      { op: 'Reshape', inputs: ['s', 'shape'], outputs: ['r'] },
      { op: 'Transpose', inputs: ['r'], outputs: ['t'], attributes: { perm: [0, 2, 1] } },
      { ...softmax, inputs: ['t'], attributes: { axis: 1 } },
    ]
    expect(leftOut(await expectSame(softmaxOf([0, 0, -1e9, 0, 0, -Infinity], moved)))).to.equal(2)
    expect(leftOut(await expectSame(softmaxOf([-1e9, 0, -1e9, 0, -Infinity, 0], [add, softmax])))).to.equal(3)
  })

  it('leave nothing out of a row that is masked as a whole, nor of numbers that may be scores', async () => {
    expect(leftOut(parseModel(softmaxOf([0, -1e9, 0, -1e9, -1e9, -1e9], [add, softmax])))).to.equal(1)
    expect(leftOut(await expectSame(softmaxOf([0, -1e4, 0, 0, 0, 0], [add, softmax])))).to.equal(0)
  })

  it('of different size stay so in a row that is masked as a whole', async () => {
    await expectSame(softmaxOf([-1e18, -1e9, -1e18, -1e18, -1e9, 0], [add, softmax]))
  })

  it('keep their numbers where a fraction is padded to what they are multiplied with', async () => {
    const nodes = [
      { op: 'Greater', inputs: ['x', 'zero'], outputs: ['g'] },
      { op: 'Cast', inputs: ['g'], outputs: ['f'], attributes: { to: 1 } },
      { op: 'Pad', inputs: ['f', 'pads', 'least'], outputs: ['p'] },
      { op: 'Mul', inputs: ['p', 'huge'], outputs: ['s'] },
      { ...softmax, attributes: { axis: 1 } },
    ]
    const onnx = buildModel({
      inputs: [{ name: 'x', shape: [2, 3] }],
      outputs: [{ name: 'y' }],
      nodes,
      initializers: {
        zero: { shape: [], data: [0] },
        pads: ints([0, 0, 0, 1]),
        least: { shape: [], data: [2 ** -30] },
        huge: { shape: [], data: [-(2 ** 32)] },
      },
    })
    await expectSame(onnx)
  })

  it('of infinity are refused where anything else reads the scores', () => {
    const relu = { op: 'Relu', inputs: ['s'], outputs: ['z'] }
    const infinite = [0, -Infinity, 0, 0, 0, 0]
    expectCode('ONNX_NOT_FINITE', () => parseModel(softmaxOf(infinite, [add, softmax, relu], ['y', 'z'])), /"mask"/)
    expectCode('ONNX_NOT_FINITE', () => parseModel(softmaxOf(infinite, [add, softmax], ['y', 's'])), /"mask"/)
  })

  it('keep their numbers where anything else reads the scores', async () => {
    const relu = { op: 'Relu', inputs: ['s'], outputs: ['z'] }
    const { constants } = parseModel(softmaxOf([0, -1e9, 0, 0, 0, 0], [add, softmax, relu], ['y', 'z']))
    expect([...constants.values()].some(({ data }) => data.includes(-1e9))).to.equal(true)
  })
})

describe('onnx: normalization as sums, a root and a division', () => {
  it('divides once for each root', async () => {
    const onnx = buildModel({
      inputs: [{ name: 'x', shape: [2, 3] }],
      outputs: [{ name: 'y' }],
      nodes: [
        { op: 'ReduceL2', inputs: ['x'], outputs: ['n'], attributes: { axes: [1] } },
        { op: 'Div', inputs: ['x', 'n'], outputs: ['y'] },
      ],
    })
    const { nodes, values } = await expectSame(onnx)
    const divisions = nodes.filter(({ op }) => op === 'Div').map(({ output }) => values.get(output)!.shape)
    expect(divisions).to.deep.equal([[2, 1]])
  })
})
