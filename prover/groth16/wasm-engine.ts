// SPDX-License-Identifier: GPL-3.0-or-later
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TaskStep } from 'ffjavascript'

import { concatBytes } from '../binfile/container-writer'
import { FIELD_BYTES, modulo, SCALAR_FIELD, toFieldBytes } from '../binfile/field'
import { loadCurve } from './bn254-code'
import { G1_BYTES, G2_BYTES } from './bn254-wasm'
import { combineColumns } from './column-sums'
import { runSlices, type Slice, withCurve } from './curve-tasks'
import type { GroupName } from './fixed-base'
import { PointChecker } from './point-checks'
import type { EngineOptions, PointEngine } from './point-engine'
import { multiplyGenerator } from './point-pool'
import { powerModR } from './scalar-math'

const SLICE_POINTS = 1 << 10
/** Points that are combined in one task: the more, the fewer additions each takes. */
const COMBINE_POINTS = 1 << 14
/** Room for the buckets of one combination. */
const COMBINE_SCRATCH = 1 << 23
/** Time of a G2 operation in units of a G1 operation (measured). */
const G2_WEIGHT = 3
/** Cost of a point in a combination, an addition and a conversion, in multiplications of a G1 point. */
const COMBINE_COST = 0.1
const LIGHT_COST = 0.02

const bytesOf = (group: GroupName): number => (group === 'G1' ? G1_BYTES : G2_BYTES)
const prefixOf = (group: GroupName): 'g1m' | 'g2m' => (group === 'G1' ? 'g1m' : 'g2m')
const weightOf = (group: GroupName): number => (group === 'G1' ? 1 : G2_WEIGHT)

/** The engine that is always there: ffjavascript's WASM, on its threads where the work is worth starting them. */
export const wasmEngine: PointEngine = {
  name: 'wasm',

  async multiplyGenerator(group, scalars, options = {}) {
    return multiplyGenerator(await loadCurve(), group, scalars, options)
  },

  async scale(group, points, { first, step }, options = {}) {
    const size = bytesOf(group)
    const stepBytes = montgomery(step)
    const task = (from: number, count: number): TaskStep[] => [
      // First in the memory of the thread, so that the next task there overwrites them.
      { cmd: 'ALLOCSET', var: 0, buff: montgomery(first * powerModR(step, BigInt(from))) },
      { cmd: 'ALLOCSET', var: 1, buff: stepBytes },
      { cmd: 'ALLOCSET', var: 2, buff: points.slice(from * size, (from + count) * size) },
      { cmd: 'ALLOC', var: 3, len: (count * size * 3) / 2 },
      {
        cmd: 'CALL',
        fnName: `${prefixOf(group)}_batchApplyKeyMixed`,
        params: [{ var: 2 }, { val: count }, { var: 0 }, { var: 1 }, { var: 3 }],
      },
      ...toAffineSteps(group, 3, count),
    ]
    return mapPoints(group, points, weightOf(group), options, task)
  },

  async toLagrange(group, points, options = {}) {
    const count = points.byteLength / bytesOf(group)
    const cost = (weightOf(group) * count * Math.log2(count)) / 2
    const result = await withCurve(cost, options, (curve) =>
      curve[group].lagrangeEvaluations(points, 'affine', 'affine'),
    )
    options.onProgress?.(1)
    return result
  },

  async combine(group, points, scalars, scalarBytes, options = {}) {
    const size = bytesOf(group)
    const count = points.byteLength / size
    const slices = slicesOf(count, COMBINE_POINTS, (from, n) => [
      { cmd: 'ALLOCSET', var: 0, buff: points.slice(from * size, (from + n) * size) },
      { cmd: 'ALLOCSET', var: 1, buff: padded(scalars.subarray(from * scalarBytes, (from + n) * scalarBytes)) },
      { cmd: 'ALLOC', var: 2, len: (size * 3) / 2 },
      { cmd: 'ALLOC', var: 3, len: COMBINE_SCRATCH },
      {
        cmd: 'CALL',
        fnName: `${prefixOf(group)}_multiexpAffine`,
        params: [{ var: 0 }, { var: 1 }, { val: scalarBytes }, { val: n }, { var: 2 }],
      },
      { cmd: 'GET', out: 0, var: 2, len: (size * 3) / 2 },
    ])
    const cost = (count * weightOf(group) * COMBINE_COST * scalarBytes) / FIELD_BYTES
    return withCurve(cost, options, async (curve) => {
      const sums = await runSlices(curve, slices, options)
      const { add, toAffine, zero } = bound(curve[group])
      return toAffine(sums.reduce(add, zero))
    })
  },

  combineColumns,

  async add(group, points, other, options = {}) {
    const size = bytesOf(group)
    const middle = (size * 3) / 2
    return mapPoints(group, points, weightOf(group) * LIGHT_COST, options, (from, count) => [
      { cmd: 'ALLOCSET', var: 0, buff: points.slice(from * size, (from + count) * size) },
      { cmd: 'ALLOCSET', var: 1, buff: other.slice(from * size, (from + count) * size) },
      { cmd: 'ALLOC', var: 2, len: count * middle },
      ...Array.from({ length: count }, (_, i): TaskStep => ({
        cmd: 'CALL',
        fnName: `${prefixOf(group)}_addAffine`,
        params: [
          { var: 0, offset: i * size },
          { var: 1, offset: i * size },
          { var: 2, offset: i * middle },
        ],
      })),
      ...toAffineSteps(group, 2, count),
    ])
  },

  async firstInvalid(group, points, { onProgress, signal } = {}) {
    const checker = new PointChecker(await loadCurve())
    const chunk = SLICE_POINTS * bytesOf(group)
    for (let from = 0; from < points.byteLength; from += chunk) {
      signal?.throwIfAborted()
      const index = checker.firstInvalid(group, points.subarray(from, from + chunk))
      if (index >= 0) return from / bytesOf(group) + index
      onProgress?.(Math.min(1, (from + chunk) / points.byteLength))
      await nextTurn()
    }
    return -1
  },

  toUncompressed: (group, points) => convert(group, points, 'batchLEMtoU', 1),
  toCompressed: (group, points) => convert(group, points, 'batchLEMtoC', 2),
}

/** The Montgomery form of a scalar. */
function montgomery(value: bigint): Uint8Array {
  return toFieldBytes(modulo(modulo(value, SCALAR_FIELD) << 256n, SCALAR_FIELD))
}

/** With the bytes after the last scalar that the WASM reads too. */
function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.byteLength + 8)
  out.set(bytes)
  return out
}

function bound(group: {
  add(a: Uint8Array, b: Uint8Array): Uint8Array
  toAffine(a: Uint8Array): Uint8Array
  zero: Uint8Array
}) {
  return {
    add: (a: Uint8Array, b: Uint8Array): Uint8Array => group.add(a, b),
    toAffine: (a: Uint8Array): Uint8Array => group.toAffine(a),
    zero: group.zero,
  }
}

function slicesOf(count: number, size: number, task: (from: number, count: number) => readonly TaskStep[]): Slice[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => {
    const from = i * size
    const n = Math.min(size, count - from)
    return { task: () => task(from, n), weight: n }
  })
}

async function mapPoints(
  group: GroupName,
  points: Uint8Array,
  costOfOne: number,
  options: EngineOptions,
  task: (from: number, count: number) => readonly TaskStep[],
): Promise<Uint8Array> {
  const count = points.byteLength / bytesOf(group)
  return withCurve(count * costOfOne, options, async (curve) =>
    concatBytes(await runSlices(curve, slicesOf(count, SLICE_POINTS, task), options)),
  )
}

/** Turns `count` Jacobian points of a buffer into affine ones, and gives them back. */
function toAffineSteps(group: GroupName, variable: number, count: number): TaskStep[] {
  return [
    {
      cmd: 'CALL',
      fnName: `${prefixOf(group)}_batchToAffine`,
      params: [{ var: variable }, { val: count }, { var: variable }],
    },
    { cmd: 'GET', out: 0, var: variable, len: count * bytesOf(group) },
  ]
}

async function convert(
  group: GroupName,
  points: Uint8Array,
  name: 'batchLEMtoU' | 'batchLEMtoC',
  shrink: number,
): Promise<Uint8Array> {
  const size = bytesOf(group)
  return mapPoints(group, points, weightOf(group) * LIGHT_COST, {}, (from, count) => [
    { cmd: 'ALLOCSET', var: 0, buff: points.slice(from * size, (from + count) * size) },
    { cmd: 'ALLOC', var: 1, len: (count * size) / shrink },
    { cmd: 'CALL', fnName: `${prefixOf(group)}_${name}`, params: [{ var: 0 }, { val: count }, { var: 1 }] },
    { cmd: 'GET', out: 0, var: 1, len: (count * size) / shrink },
  ])
}
