// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { evaluateGraph } from '../support/graph-evaluator'
import { type AttributeSpec, buildModel, ints, seededRandom } from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'

type Case = {
  readonly shape: readonly number[]
  readonly k: number
  readonly attributes?: Readonly<Record<string, AttributeSpec>>
  readonly opset?: number
  /** By comparing all pairs, or by rounds of ArgMax: whichever is cheaper. */
  readonly way: 'OneHot' | 'ArgMax'
}

const CASES: readonly Case[] = [
  { shape: [2, 6], k: 4, opset: 9, way: 'OneHot' },
  { shape: [2, 6], k: 3, opset: 10, way: 'OneHot' },
  { shape: [2, 12], k: 2, way: 'ArgMax' },
  { shape: [20, 2], k: 3, attributes: { axis: 0, largest: 0 }, way: 'ArgMax' },
  { shape: [5, 3], k: 5, attributes: { axis: 0, largest: 0, sorted: 1 }, way: 'OneHot' },
]

describe('onnx: TopK against onnxruntime, with equal elements', () => {
  for (const [seed, { shape, k, attributes, opset = 17, way }] of CASES.entries()) {
    it(`${k} of [${shape.join()}] ${JSON.stringify(attributes ?? {})} opset ${opset}`, async () => {
      const asAttribute = opset < 10
      const bytes = buildModel({
        opset,
        inputs: [{ name: 'x', shape }],
        outputs: [{ name: 'values' }, { name: 'indices', type: 'int64' }],
        nodes: [
          {
            op: 'TopK',
            inputs: asAttribute ? ['x'] : ['x', 'k'],
            outputs: ['values', 'indices'],
            attributes: { ...attributes, ...(asAttribute ? { k } : {}) },
          },
        ],
        initializers: asAttribute ? {} : { k: ints([k]) },
      })
      const random = seededRandom(seed + 1)
      const count = shape.reduce((product, size) => product * size, 1)
      const data = Float32Array.from({ length: count }, () => Math.floor(random() * 4) - 2)
      const reference = await runInOnnxruntime(bytes, { x: { shape, data } })
      const graph = parseModel(bytes)
      const ours = evaluateGraph(graph, { x: data })
      for (const name of ['values', 'indices']) {
        expect([...ours.get(name)!.data], name).to.deep.equal([...reference.get(name)!.data].map(Number))
        expect(ours.get(name)!.shape).to.deep.equal(reference.get(name)!.dims)
      }
      expect(graph.nodes.some(({ op }) => op === 'ArgMax')).to.equal(way === 'ArgMax')
    })
  }
})
