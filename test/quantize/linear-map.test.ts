// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import {
  composeMaps,
  diagonalMap,
  isDiagonal,
  MapBuilder,
  selectionMap,
  type LinearMap,
  type MapSource,
} from '../../prover/quantize/linear-map'
import { broadcastIndex, stridesOf } from '../../prover/quantize/linear-ops'
import { seededRandom } from '../support/onnx-builder'

type Values = Readonly<Record<number, readonly number[]>>

function apply(map: LinearMap, values: Values): number[] {
  const x = map.sources.flatMap(({ tensor }) => values[tensor]!)
  return Array.from({ length: map.rows }, (_, row) => {
    let sum = map.bias[row]!
    for (let i = map.start[row]!; i < map.start[row + 1]!; i++) sum += map.weight[i]! * x[map.column[i]!]!
    return sum
  })
}

/** Small whole weights, about a third of them 0, so that sums are exact and terms cancel. */
function randomMap(sources: readonly MapSource[], rows: number, random: () => number): LinearMap {
  const builder = new MapBuilder(sources, rows)
  const columns = sources.reduce((sum, { size }) => sum + size, 0)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns * 2; i++) builder.term(Math.floor(random() * columns), Math.floor(random() * 3) - 1)
    builder.constant(Math.floor(random() * 9) - 4)
    builder.endRow()
  }
  return builder.finish()
}

describe('linear maps', () => {
  it('add up terms of a column and drop those that cancel', () => {
    const builder = new MapBuilder([{ tensor: 0, size: 3 }], 3)
    builder.term(1, 2)
    builder.term(2, 5)
    builder.term(1, -2)
    builder.endRow()
    builder.term(1, 4)
    builder.term(1, 4)
    builder.endRow()
    builder.endRow()
    const map = builder.finish()
    expect([...map.start]).to.deep.equal([0, 1, 2, 2])
    expect([...map.column]).to.deep.equal([2, 1])
    expect([...map.weight]).to.deep.equal([5, 8])
  })

  it('grow beyond their first thousand terms', () => {
    const size = 3000
    const map = diagonalMap({ tensor: 0, size }, new Float64Array(size).fill(2), new Float64Array(size).fill(1))
    const x = Array.from({ length: size }, (_, i) => i)
    expect(apply(map, { 0: x })).to.deep.equal(x.map((value) => 2 * value + 1))
    expect(isDiagonal(map)).to.equal(true)
  })

  it('compose: outer ∘ inner is what one after the other gives, with shared and several sources', () => {
    const random = seededRandom(5)
    for (let round = 0; round < 40; round++) {
      const [a, b] = [
        { tensor: 0, size: 3 },
        { tensor: 1, size: 4 },
      ]
      const inner = randomMap(random() < 0.5 ? [a] : [b, a], 5, random)
      const through = { tensor: 2, size: 5 }
      const outer = randomMap(random() < 0.5 ? [a, through] : [through, b], 6, random)
      const values: Record<number, number[]> = {
        0: [random(), random(), random()].map((v) => Math.floor(v * 20)),
        1: [1, -2, 3, Math.floor(random() * 50)],
      }
      values[2] = apply(inner, values)
      const composed = composeMaps(outer, 2, inner)
      expect(composed.sources.map(({ tensor }) => tensor)).to.not.include(2)
      expect(apply(composed, values)).to.deep.equal(apply(outer, values))
      for (let row = 0; row < composed.rows; row++) {
        const columns = [...composed.column.subarray(composed.start[row], composed.start[row + 1])]
        expect(new Set(columns).size).to.equal(columns.length)
      }
    }
  })

  it('select elements, with a constant where there is none', () => {
    const map = selectionMap({ tensor: 0, size: 3 }, Int32Array.of(2, -1, 0), 7)
    expect(apply(map, { 0: [1, 2, 3] })).to.deep.equal([3, 7, 1])
  })

  it('know numpy broadcasting and strides', () => {
    expect(stridesOf([2, 3, 4])).to.deep.equal([12, 4, 1])
    expect([...broadcastIndex([3], [2, 3])]).to.deep.equal([0, 1, 2, 0, 1, 2])
    expect([...broadcastIndex([2, 1], [2, 3])]).to.deep.equal([0, 0, 0, 1, 1, 1])
    expect([...broadcastIndex([], [2, 2])]).to.deep.equal([0, 0, 0, 0])
  })
})
