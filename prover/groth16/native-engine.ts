// SPDX-License-Identifier: GPL-3.0-or-later
import { toFieldBytes } from '../binfile/field'
import { type NativeAddon, runNative } from '../native'
import { G1_BYTES, G2_BYTES } from './bn254-wasm'
import type { GroupName } from './fixed-base'
import type { PointEngine } from './point-engine'

const groupOf = (group: GroupName): 1 | 2 => (group === 'G1' ? 1 : 2)
const bytesOf = (group: GroupName): number => (group === 'G1' ? G1_BYTES : G2_BYTES)

/** The engine that computes in C++; see prover/native. */
export function nativeEngine(addon: NativeAddon): PointEngine {
  return {
    name: 'native',

    async multiplyGenerator(group, scalars, options = {}) {
      const out = new Uint8Array((scalars.byteLength / 32) * bytesOf(group))
      await runNative(options, (...run) => addon.multiplyGenerator(groupOf(group), scalars, out, ...run))
      return out
    },

    async scale(group, points, { first, step }, options = {}) {
      const [firstBytes, stepBytes] = [toFieldBytes(first), toFieldBytes(step)]
      const out = new Uint8Array(points.byteLength)
      try {
        await runNative(options, (...run) => addon.scale(groupOf(group), points, firstBytes, stepBytes, out, ...run))
      } finally {
        firstBytes.fill(0)
        stepBytes.fill(0)
      }
      return out
    },

    async toLagrange(group, points, options = {}) {
      const out = new Uint8Array(points.byteLength)
      await runNative(options, (...run) => addon.toLagrange(groupOf(group), points, out, ...run))
      return out
    },

    async combine(group, points, scalars, scalarBytes, options = {}) {
      const out = new Uint8Array(bytesOf(group))
      await runNative(options, (...run) => addon.combine(groupOf(group), points, scalars, scalarBytes, out, ...run))
      return out
    },

    async combineColumns(group, points, { start, row, coefficient, table }, options = {}) {
      const out = new Uint8Array((start.length - 1) * bytesOf(group))
      await runNative(options, (...run) =>
        addon.combineColumns(groupOf(group), points, start, row, coefficient, table, out, ...run),
      )
      return out
    },

    async add(group, points, other, options = {}) {
      const out = new Uint8Array(points.byteLength)
      await runNative(options, (...run) => addon.add(groupOf(group), points, other, out, ...run))
      return out
    },

    async firstInvalid(group, points, options = {}) {
      return runNative(options, (...run) => addon.firstInvalid(groupOf(group), points, ...run))
    },

    async toUncompressed(group, points) {
      const out = new Uint8Array(points.byteLength)
      await runNative({}, (...run) => addon.encode(groupOf(group), points, 0, out, ...run))
      return out
    },

    async toCompressed(group, points) {
      const out = new Uint8Array(points.byteLength / 2)
      await runNative({}, (...run) => addon.encode(groupOf(group), points, 1, out, ...run))
      return out
    },
  }
}
