// SPDX-License-Identifier: GPL-3.0-or-later

import { bitLength } from '../../quantize'
import { below, one, type Gadget, type Interval } from './gadget'

/** `bits[i]` is 1 when index = i, else 0; `count` of them. */
export function oneHot(count: number): Gadget {
  return {
    template: 'OneHot',
    file: 'select/one_hot.circom',
    parameters: [count],
    inputs: [one('index')],
    outputs: [{ name: 'bits', size: count }],
    requires: [{ coefficients: [1n], lo: 0n, hi: BigInt(count - 1) }],
    guarantees: Array.from({ length: count }, () => DIGIT),
    rows: count + 2,
    digits: 0,
  }
}

/**
 * `above[j]` is 1 when x ≥ thresholds[j], else 0, for 0 ≤ x < 2^bits and ascending thresholds strictly between the two
 * bounds. There are at least two: one alone costs less as the sign of x − threshold.
 */
export function bucket(bits: number, thresholds: readonly number[]): Gadget {
  const count = thresholds.length
  const bounds = [0n, ...thresholds.map(BigInt), below(bits).hi + 1n]
  const widths = bounds.slice(1).map((bound, i) => bound - bounds[i]!)
  const offsetBits = Math.max(...widths.map((width) => bitLength(width - 1n)))
  const isUniform = widths.every((width) => width === 1n << BigInt(offsetBits))
  return {
    template: 'Bucket',
    file: 'select/bucket.circom',
    parameters: [bits, count, thresholds],
    inputs: [one('x')],
    outputs: [{ name: 'above', size: count }],
    requires: [{ coefficients: [1n], ...below(bits) }],
    guarantees: thresholds.map(() => DIGIT),
    rows: count + (isUniform ? 1 : 2) * offsetBits + 2,
    digits: offsetBits,
  }
}

const DIGIT: Interval = { lo: 0n, hi: 1n }
