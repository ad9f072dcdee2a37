// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto'

import { isBaseElement, wordsOf } from '../binfile/field'
import { type CurveCode, CurveWasm, G1_BYTES, G2_BYTES } from './bn254-wasm'
import type { GroupName } from './fixed-base'

/** Points handled by one call; its buckets fit the scratch space below. */
const CHUNK = 1 << 12
const SCRATCH = 1 << 22

/** Bytes of a random coefficient. */
export const COEFFICIENT_SIZE = 4

/** Random 32-bit coefficients for `count` points; `isUsed` can leave points out. */
export function randomCoefficients(count: number, isUsed: (index: number) => boolean = () => true): Uint8Array {
  const bytes = new Uint8Array(randomBytes(count * COEFFICIENT_SIZE))
  for (let i = 0; i < count; i++) {
    if (!isUsed(i)) bytes.fill(0, i * COEFFICIENT_SIZE, (i + 1) * COEFFICIENT_SIZE)
  }
  return bytes
}

/** Checks and combines points as `.zkey` files hold them: affine, Montgomery coordinates, infinity all zeros. */
export class PointChecker {
  private readonly points: number
  private readonly coefficients: number
  private readonly part: number
  private readonly sum: number

  private readonly wasm: CurveWasm

  constructor(code: CurveCode) {
    const wasm = new CurveWasm(code)
    this.wasm = wasm
    this.points = wasm.alloc(CHUNK * G2_BYTES)
    this.coefficients = wasm.alloc(CHUNK * COEFFICIENT_SIZE + 8)
    this.part = wasm.alloc(2 * G2_BYTES)
    this.sum = wasm.alloc(2 * G2_BYTES)
    wasm.scratch(SCRATCH)
  }

  /** The index of the first point with a coordinate that is not below q, or that is neither on the curve nor infinity; −1 if none. */
  firstInvalid(group: GroupName, points: Uint8Array): number {
    const size = group === 'G1' ? G1_BYTES : G2_BYTES
    const isOnCurve = this.wasm.call[group === 'G1' ? 'g1m_inCurveAffine' : 'g2m_inCurveAffine']
    const isInfinity = this.wasm.call[group === 'G1' ? 'g1m_isZeroAffine' : 'g2m_isZeroAffine']
    const words = wordsOf(points)
    for (let at = 0; at < words.length; at += 8) if (!isBaseElement(words, at)) return Math.floor((at * 4) / size)
    for (let from = 0; from < points.byteLength; from += CHUNK * size) {
      const chunk = points.subarray(from, from + CHUNK * size)
      this.wasm.write(this.points, chunk)
      for (let at = 0; at < chunk.byteLength; at += size) {
        const point = this.points + at
        if (isOnCurve(point) === 0 && isInfinity(point) === 0) return (from + at) / size
      }
    }
    return -1
  }

  /** Σ coefficient·point, affine. */
  combine(group: GroupName, points: Uint8Array, coefficients: Uint8Array): Uint8Array {
    const { wasm } = this
    const size = group === 'G1' ? G1_BYTES : G2_BYTES
    const g = group === 'G1' ? 'g1m' : 'g2m'
    const count = points.byteLength / size
    wasm.fill(this.sum, 2 * G2_BYTES)
    wasm.call[`${g}_toJacobian`](this.sum, this.sum)
    for (let from = 0; from < count; from += CHUNK) {
      const n = Math.min(CHUNK, count - from)
      wasm.write(this.points, points.subarray(from * size, (from + n) * size))
      wasm.write(this.coefficients, coefficients.subarray(from * COEFFICIENT_SIZE, (from + n) * COEFFICIENT_SIZE))
      wasm.call[`${g}_multiexpAffine`](this.points, this.coefficients, COEFFICIENT_SIZE, n, this.part)
      wasm.call[`${g}_add`](this.sum, this.part, this.sum)
    }
    wasm.call[`${g}_toAffine`](this.sum, this.sum)
    return wasm.read(this.sum, size)
  }
}
