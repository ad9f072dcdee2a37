// SPDX-License-Identifier: GPL-3.0-or-later

import { bitLength, type QuantizedThresholds } from '../../quantize'
import { elementFeed, elementInterval } from '../feed'
import { bucket, nonNegative, type Gadget } from '../gadgets'
import type { ElementForm } from '../linker'
import { signedBits } from '../plan'
import type { CircuitStep } from './step'

/** All comparisons of one element: its distinct thresholds in ascending order, and the gadget that yields them. */
type Comparisons = {
  readonly element: number
  readonly offset: bigint
  readonly least: readonly bigint[]
  readonly gadget: Gadget
}

export type ThresholdsPlan = {
  readonly kind: 'thresholds'
  readonly step: QuantizedThresholds
  readonly comparisons: readonly Comparisons[]
}

export const thresholds: CircuitStep<QuantizedThresholds, ThresholdsPlan> = {
  plan(program, step) {
    const byElement = new Map<number, Set<bigint>>()
    step.least.forEach((least, at) => {
      const element = step.element[at]!
      const { lo, hi } = elementInterval(program, step.source, element)
      // The others are decided by the interval.
      if (least <= lo || least > hi) return
      byElement.set(element, (byElement.get(element) ?? new Set()).add(least))
    })
    const comparisons = [...byElement].map(([element, values]): Comparisons => {
      const least = [...values].sort((a, b) => (a < b ? -1 : 1))
      const { lo, hi } = elementInterval(program, step.source, element)
      if (least.length === 1) {
        const offset = -least[0]!
        return { element, offset, least, gadget: nonNegative(signedBits({ lo: lo + offset, hi: hi + offset })) }
      }
      const relative = least.map((value) => Number(value - lo))
      return { element, offset: -lo, least, gadget: bucket(Math.max(2, bitLength(hi - lo)), relative) }
    })
    return { kind: 'thresholds', step, comparisons }
  },
  *gadgets({ comparisons }) {
    for (const { gadget } of comparisons) yield gadget
  },
  link(linker, { step, comparisons }) {
    const wires = new Map<number, ReadonlyMap<bigint, number>>()
    for (const { element, offset, least, gadget } of comparisons) {
      const first = linker.instance(gadget, [elementFeed(step.source, element, offset)])
      wires.set(element, new Map(least.map((value, i) => [value, first + i])))
    }
    const forms = step.least.map((least, at): ElementForm => {
      const element = step.element[at]!
      const wire = wires.get(element)?.get(least)
      if (wire !== undefined) return { wire, offset: 0n }
      return { constant: elementInterval(linker.program, step.source, element).lo >= least ? 1n : 0n }
    })
    linker.define(step.output, forms)
  },
}
