// SPDX-License-Identifier: GPL-3.0-or-later

import { bitLength, type QuantizedDivide } from '../../quantize'
import { elementInterval, type Feed } from '../feed'
import { divide as divideGadget, type Gadget } from '../gadgets'
import type { ElementForm, Linker } from '../linker'
import type { CircuitStep } from './step'

/** One quotient; `offset` times the divisor is added to the numerator, so that neither is negative. */
type Quotient = { readonly gadget: Gadget; readonly offset: bigint }

export type DividePlan = {
  readonly kind: 'divide'
  readonly step: QuantizedDivide
  readonly elements: readonly Quotient[]
}

export const divide: CircuitStep<QuantizedDivide, DividePlan> = {
  plan(program, step) {
    const elements = Array.from(step.by, (j, at): Quotient => {
      const { lo, hi } = elementInterval(program, step.output, at)
      const offset = lo < 0n ? -lo : 0n
      const divisor = elementInterval(program, step.denominator, j).hi * divisorFactor(step)
      return { gadget: divideGadget(Math.max(1, bitLength(hi + offset)), bitLength(divisor)), offset }
    })
    return { kind: 'divide', step, elements }
  },
  *gadgets({ elements }) {
    for (const { gadget } of elements) yield gadget
  },
  link(linker, { step, elements }) {
    linker.define(
      step.output,
      elements.map((element, at) => linkQuotient(linker, step, element, at)),
    )
  },
}

/** `nearest`: ⌊(2N + D + 2D·offset) / 2D⌋ − offset; `floor`: ⌊(N + D·offset) / D⌋ − offset. */
function linkQuotient(linker: Linker, step: QuantizedDivide, { gadget, offset }: Quotient, at: number): ElementForm {
  const denominator = { tensor: step.denominator, element: step.by[at]! }
  const nearest = step.rounding === 'nearest'
  const factor = divisorFactor(step)
  const numerator: Feed = {
    terms: [
      { tensor: step.numerator, element: step.of[at]!, factor: (nearest ? 2n : 1n) << BigInt(step.shift) },
      { ...denominator, factor: (nearest ? 1n : 0n) + factor * offset },
    ],
    constant: 0n,
  }
  const wire = linker.instance(gadget, [numerator, { terms: [{ ...denominator, factor }], constant: 0n }])
  linker.guarantee(gadget, 0, -offset, elementInterval(linker.program, step.output, at))
  return { wire, offset: -offset }
}

/** What the gadget divides by: this many times the denominator. */
function divisorFactor({ rounding, divisorShift }: QuantizedDivide): bigint {
  return rounding === 'nearest' ? 2n : 1n << BigInt(divisorShift)
}
