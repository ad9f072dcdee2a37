// SPDX-License-Identifier: GPL-3.0-or-later

import { bitLength, roundShift, type Limits } from '../quantize'
import { round, roundClamp, roundRelu, roundSplit, max, argMaxStep, type Gadget, type Interval } from './gadgets'

/**
 * How one element is rescaled: nothing to do but a shift of the value, a constant, or a gadget fed with x + inputOffset
 * whose outputs are read with outputOffset added.
 */
export type ElementPlan =
  | { readonly kind: 'alias' }
  | { readonly kind: 'constant'; readonly value: bigint }
  | { readonly kind: 'gadget'; readonly gadget: Gadget; readonly inputOffset: bigint; readonly outputOffset: bigint }

/**
 * The cheapest way to compute a rescaled element exactly, given the proven interval of its argument. A decomposition
 * is as wide as the interval needs and no wider.
 */
export function planRescale(range: Interval, shift: number, { low, high }: Limits): ElementPlan {
  const lowest = roundShift(range.lo, shift)
  const highest = roundShift(range.hi, shift)
  if (low !== undefined && highest <= low) return { kind: 'constant', value: low }
  if (high !== undefined && lowest >= high) return { kind: 'constant', value: high }
  if (lowest === highest) return { kind: 'constant', value: lowest }

  const lowBinds = low !== undefined && lowest < low
  const highBinds = high !== undefined && highest > high
  if (!lowBinds && !highBinds) {
    if (shift === 0) return { kind: 'alias' }
    return shifted(round(bitLength(highest - lowest) + shift, shift), lowest, shift)
  }
  // The gadgets clamp at 0 and at 2^bits − 1, so the value is shifted to start there.
  const base = low ?? lowest
  const width = 1 + Math.max(bitLength(highest - base), lowest < base ? bitLength(base - lowest - 1n) : 0) + shift
  if (!highBinds) return shifted(roundRelu(Math.max(width, shift + 2), shift), base, shift)
  const bits = bitLength(high! - base)
  return shifted(roundClamp(Math.max(width, shift + bits + 2), shift, bits), base, shift)
}

function shifted(gadget: Gadget, base: bigint, shift: number): ElementPlan {
  return { kind: 'gadget', gadget, inputOffset: -(base << BigInt(shift)), outputOffset: base }
}

/** The rounded value and its positive part together, when the sign is open; otherwise undefined. */
export function planSplit(range: Interval, shift: number): Gadget | undefined {
  const lowest = roundShift(range.lo, shift)
  const highest = roundShift(range.hi, shift)
  if (lowest >= 0n || highest <= 0n) return undefined
  return roundSplit(Math.max(1 + Math.max(bitLength(highest), bitLength(-lowest - 1n)) + shift, shift + 2), shift)
}

/** Width of a signed comparison a ≥ b. */
function comparisonBits(a: Interval, b: Interval): number {
  return signedBits({ lo: a.lo - b.hi, hi: a.hi - b.lo })
}

/** Digits of a signed number with this interval, 2 at least. */
export function signedBits({ lo, hi }: Interval): number {
  return Math.max(2, 1 + Math.max(hi > 0n ? bitLength(hi) : 0, lo < 0n ? bitLength(-lo - 1n) : 0))
}

/** Larger of two values: which one when their intervals decide it, otherwise a gadget. */
export function planMax(a: Interval, b: Interval): 'first' | 'second' | Gadget {
  if (a.lo >= b.hi) return 'first'
  if (b.lo > a.hi) return 'second'
  return max(comparisonBits(a, b))
}

/** Interval of max(a, b). */
export function maxInterval(a: Interval, b: Interval): Interval {
  return { lo: a.lo > b.lo ? a.lo : b.lo, hi: a.hi > b.hi ? a.hi : b.hi }
}

/** One step of a running argmax; never decided by intervals, to keep the tie rule in one place. */
export function planArgMax(best: Interval, next: Interval): Gadget {
  return argMaxStep(comparisonBits(best, next))
}
