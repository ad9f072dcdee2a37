// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedProgram } from '../quantize'
import { LinkError } from './constraint-builder'
import type { Interval } from './gadgets'

/** One term of a feed: a tensor element, or a wire with the interval proven for it, if one is. */
export type FeedTerm =
  | { readonly tensor: number; readonly element: number; readonly factor: bigint }
  | { readonly wire: number; readonly interval: Interval | undefined; readonly factor: bigint }

/**
 * What a gadget's input, a packed word or a wire of its own equals: Σ factor·value + constant. The linker expands it
 * into wires, the witness generator evaluates it.
 */
export type Feed = { readonly terms: readonly FeedTerm[]; readonly constant: bigint }

/** A tensor element plus a constant. */
export function elementFeed(tensor: number, element: number, constant = 0n): Feed {
  return { terms: [{ tensor, element, factor: 1n }], constant }
}

export function wireFeed(wire: number, interval?: Interval): Feed {
  return { terms: [{ wire, interval, factor: 1n }], constant: 0n }
}

export function constantFeed(constant: bigint): Feed {
  return { terms: [], constant }
}

/** Proven interval of Σ coefficients[i]·feeds[i]. Terms are taken as independent, which can only widen it. */
export function feedInterval(
  program: QuantizedProgram,
  feeds: readonly Feed[],
  coefficients: readonly bigint[],
): Interval {
  let lo = 0n
  let hi = 0n
  feeds.forEach((feed, i) => {
    const coefficient = coefficients[i]!
    lo += coefficient * feed.constant
    hi += coefficient * feed.constant
    for (const term of feed.terms) {
      const factor = term.factor * coefficient
      if (factor === 0n) continue
      const interval = 'wire' in term ? term.interval : elementInterval(program, term.tensor, term.element)
      if (!interval)
        throw new LinkError(
          `an interval is required of wire ${(term as { wire: number }).wire}, of which none is proven`,
        )
      lo += factor * (factor < 0n ? interval.hi : interval.lo)
      hi += factor * (factor < 0n ? interval.lo : interval.hi)
    }
  })
  return { lo, hi }
}

/** Proven interval of one tensor element. */
export function elementInterval(program: QuantizedProgram, tensor: number, element: number): Interval {
  const { lo, hi } = program.tensors[tensor]!.ranges
  return { lo: lo[element]!, hi: hi[element]! }
}

/** What each element of a tensor needs by its interval: neighbours mostly have the same one and share the plan. */
export function planElements<T>(program: QuantizedProgram, tensor: number, plan: (interval: Interval) => T): T[] {
  const { size, ranges } = program.tensors[tensor]!
  const plans = new Array<T>(size)
  for (let i = 0; i < size; i++) {
    const isLast = i > 0 && ranges.lo[i] === ranges.lo[i - 1] && ranges.hi[i] === ranges.hi[i - 1]
    plans[i] = isLast ? plans[i - 1]! : plan({ lo: ranges.lo[i]!, hi: ranges.hi[i]! })
  }
  return plans
}
