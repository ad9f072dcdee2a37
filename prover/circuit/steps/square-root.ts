// SPDX-License-Identifier: GPL-3.0-or-later

import { bitLength, type QuantizedSquareRoot } from '../../quantize'
import { elementInterval, planElements } from '../feed'
import { squareRoot as squareRootGadget, type Gadget } from '../gadgets'
import type { ElementForm } from '../linker'
import type { CircuitStep } from './step'

export type SquareRootPlan = {
  readonly kind: 'squareRoot'
  readonly step: QuantizedSquareRoot
  readonly elements: readonly Gadget[]
}

export const squareRoot: CircuitStep<QuantizedSquareRoot, SquareRootPlan> = {
  plan: (program, step) => ({
    kind: 'squareRoot',
    step,
    elements: planElements(program, step.source, ({ hi }) =>
      squareRootGadget(Math.max(1, (bitLength(hi << BigInt(step.shift)) + 1) >> 1)),
    ),
  }),
  gadgets: ({ elements }) => elements,
  link(linker, { step: { source, output, shift }, elements }) {
    const forms = elements.map((gadget, i): ElementForm => {
      const wire = linker.instance(gadget, [
        { terms: [{ tensor: source, element: i, factor: 1n << BigInt(shift) }], constant: 0n },
      ])
      linker.guarantee(gadget, 0, 0n, elementInterval(linker.program, output, i))
      return { wire, offset: 0n }
    })
    linker.define(output, forms)
  },
}
