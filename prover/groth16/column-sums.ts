// SPDX-License-Identifier: GPL-3.0-or-later
import type { TaskStep } from 'ffjavascript'

import { concatBytes } from '../binfile/container-writer'
import { FIELD_BYTES, fromFieldBytes, SCALAR_FIELD, toFieldBytes } from '../binfile/field'
import { loadPlainCurve } from './bn254-code'
import { G1_BYTES, G2_BYTES } from './bn254-wasm'
import { runSlices, type Slice, withCurve } from './curve-tasks'
import type { PointEngine } from './point-engine'

const SLICE_TERMS = 1 << 12
/** Room for the buckets of a sum: their number grows with that of its terms, and stays below it. */
const scratchFor = (bytes: number): number => Math.max(1 << 22, 4 * bytes)

/** Coefficients by their magnitudes, the least of c and r − c, which for most circuits are a byte or two. */
type Magnitudes = { readonly bytes: Uint8Array; readonly isNegated: Uint8Array; readonly lengths: Uint8Array }

/** The sparse sums of the WASM engine: one multi-exponentiation a column, with scalars as short as they can be. */
export const combineColumns: PointEngine['combineColumns'] = async (group, points, columns, options = {}) => {
  const size = group === 'G1' ? G1_BYTES : G2_BYTES
  const prefix = group === 'G1' ? 'g1m' : 'g2m'
  const magnitudes = magnitudesOf(columns.table)
  const negate = (await loadPlainCurve())[group]
  const { start, row, coefficient } = columns
  const middle = (size * 3) / 2

  const task = (from: number, to: number): TaskStep[] => {
    const base = start[from]!
    const terms = start[to]! - base
    const bases = new Uint8Array(terms * size)
    const scalars = new Uint8Array(terms * FIELD_BYTES + 8)
    const calls: TaskStep[] = []
    let scalarAt = 0
    for (let column = from; column < to; column++) {
      const [first, end] = [start[column]!, start[column + 1]!]
      let length = 1
      for (let k = first; k < end; k++) length = Math.max(length, magnitudes.lengths[coefficient[k]!]!)
      const scalarsAt = scalarAt
      for (let k = first; k < end; k++) {
        const c = coefficient[k]!
        const point = points.subarray(row[k]! * size, (row[k]! + 1) * size)
        bases.set(magnitudes.isNegated[c] === 1 ? negate.neg(point) : point, (k - base) * size)
        scalars.set(magnitudes.bytes.subarray(c * FIELD_BYTES, c * FIELD_BYTES + length), scalarAt)
        scalarAt += length
      }
      const target = { var: 2, offset: (column - from) * middle }
      if (end === first) calls.push({ cmd: 'CALL', fnName: `${prefix}_zero`, params: [target] })
      else {
        calls.push({
          cmd: 'CALL',
          fnName: `${prefix}_multiexpAffine`,
          params: [
            { var: 0, offset: (first - base) * size },
            { var: 1, offset: scalarsAt },
            { val: length },
            { val: end - first },
            target,
          ],
        })
      }
    }
    return [
      { cmd: 'ALLOCSET', var: 0, buff: bases },
      { cmd: 'ALLOCSET', var: 1, buff: scalars },
      { cmd: 'ALLOC', var: 2, len: (to - from) * middle },
      { cmd: 'ALLOC', var: 3, len: scratchFor(bases.byteLength) },
      ...calls,
      { cmd: 'CALL', fnName: `${prefix}_batchToAffine`, params: [{ var: 2 }, { val: to - from }, { var: 2 }] },
      { cmd: 'GET', out: 0, var: 2, len: (to - from) * size },
    ]
  }
  const slices = slicesOf(start, task)
  const cost = row.length * (group === 'G1' ? 0.5 : 1.5)
  return withCurve(cost, options, async (curve) => concatBytes(await runSlices(curve, slices, options)))
}

function slicesOf(start: Uint32Array, task: (from: number, to: number) => TaskStep[]): Slice[] {
  const slices: Slice[] = []
  const columns = start.length - 1
  for (let from = 0; from < columns;) {
    let to = from + 1
    while (to < columns && to - from < SLICE_TERMS && start[to + 1]! - start[from]! <= SLICE_TERMS) to++
    const [first, last] = [from, to]
    slices.push({ task: () => task(first, last), weight: start[to]! - start[from]! + (to - from) })
    from = to
  }
  return slices
}

function magnitudesOf(table: Uint8Array): Magnitudes {
  const count = table.byteLength / FIELD_BYTES
  const out = {
    bytes: new Uint8Array(table.byteLength),
    isNegated: new Uint8Array(count),
    lengths: new Uint8Array(count),
  }
  for (let i = 0; i < count; i++) {
    const value = fromFieldBytes(table, i * FIELD_BYTES)
    const isNegated = value > SCALAR_FIELD >> 1n
    out.isNegated[i] = isNegated ? 1 : 0
    toFieldBytes(isNegated ? SCALAR_FIELD - value : value, out.bytes, i * FIELD_BYTES)
    let length = FIELD_BYTES
    while (length > 1 && out.bytes[i * FIELD_BYTES + length - 1] === 0) length--
    out.lengths[i] = length
  }
  return out
}
