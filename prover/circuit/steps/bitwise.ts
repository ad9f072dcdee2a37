// SPDX-License-Identifier: GPL-3.0-or-later

import { bitLength, type BitwiseStep } from '../../quantize'
import { elementFeed, elementInterval } from '../feed'
import { bitwiseAnd, type Gadget } from '../gadgets'
import type { ElementForm } from '../linker'
import type { CircuitStep } from './step'

export type BitwisePlan = {
  readonly kind: 'bitwise'
  readonly step: BitwiseStep
  readonly elements: readonly Gadget[]
}

export const bitwise: CircuitStep<BitwiseStep, BitwisePlan> = {
  plan: (program, step) => ({
    kind: 'bitwise',
    step,
    elements: Array.from(step.indexA, (i, at) => {
      const [a, b] = [elementInterval(program, step.a, i), elementInterval(program, step.b, step.indexB[at]!)]
      return bitwiseAnd(Math.max(1, bitLength(a.hi), bitLength(b.hi)))
    }),
  }),
  gadgets: ({ elements }) => elements,
  link(linker, { step: { a, b, indexA, indexB, output }, elements }) {
    const forms = elements.map((gadget, at): ElementForm => {
      const wire = linker.instance(gadget, [elementFeed(a, indexA[at]!), elementFeed(b, indexB[at]!)])
      linker.guarantee(gadget, 0, 0n, elementInterval(linker.program, output, at))
      return { wire, offset: 0n }
    })
    linker.define(output, forms)
  },
}
