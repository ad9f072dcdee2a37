// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedDivide } from '../../quantize'
import { elementInterval, type Feed } from '../feed'
import type { Gadget } from '../gadgets'
import type { ElementForm, Linker } from '../linker'
import { planDivide } from '../plan'
import type { CircuitStep } from './step'

export type DividePlan = {
  readonly kind: 'divide'
  readonly step: QuantizedDivide
  readonly elements: readonly Gadget[]
}

export const divide: CircuitStep<QuantizedDivide, DividePlan> = {
  plan: (program, step) => ({
    kind: 'divide',
    step,
    elements: Array.from(step.index, (j) => planDivide(step.scaleBits, elementInterval(program, step.denominator, j))),
  }),
  gadgets: ({ elements }) => elements,
  link(linker, { step, elements }) {
    linker.define(
      step.output,
      elements.map((gadget, i) => linkQuotient(linker, step, gadget, i)),
    )
  },
}

/** ⌊(numerator·2^(scaleBits+1) + denominator) / (2·denominator)⌋. */
function linkQuotient(linker: Linker, step: QuantizedDivide, gadget: Gadget, i: number): ElementForm {
  const denominator = { tensor: step.denominator, element: step.index[i]! }
  const numerator: Feed = {
    terms: [
      { tensor: step.numerator, element: i, factor: 1n << BigInt(step.scaleBits + 1) },
      { ...denominator, factor: 1n },
    ],
    constant: 0n,
  }
  const wire = linker.instance(gadget, [numerator, { terms: [{ ...denominator, factor: 2n }], constant: 0n }])
  linker.guarantee(gadget, 0, 0n, elementInterval(linker.program, step.output, i))
  return { wire, offset: 0n }
}
