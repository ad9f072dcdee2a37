// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto'

import { isBaseElement, wordsOf } from '../binfile/field'
import { type CurveCode, CurveWasm, G1_BYTES, G2_BYTES } from './bn254-wasm'
import type { GroupName } from './fixed-base'

/** Points handled by one call. */
const CHUNK = 1 << 12

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

/** Checks points as `.zkey` files hold them: affine, Montgomery coordinates, infinity all zeros. */
export class PointChecker {
  private readonly points: number
  private readonly wasm: CurveWasm

  constructor(code: CurveCode) {
    this.wasm = new CurveWasm(code)
    this.points = this.wasm.alloc(CHUNK * G2_BYTES)
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
}
