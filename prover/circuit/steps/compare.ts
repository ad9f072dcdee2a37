// SPDX-License-Identifier: GPL-3.0-or-later

import { decided, type CompareStep } from '../../quantize'
import { elementFeed, elementInterval } from '../feed'
import { isZero, nonNegative, type Gadget } from '../gadgets'
import type { ElementForm } from '../linker'
import { signedBits } from '../plan'
import type { CircuitStep } from './step'

export type ComparePlan = {
  readonly kind: 'compare'
  readonly step: CompareStep
  /** The gadget of each element, or its answer where the interval alone gives it. */
  readonly elements: readonly (Gadget | bigint)[]
}

export const compare: CircuitStep<CompareStep, ComparePlan> = {
  plan(program, step) {
    const elements = Array.from({ length: program.tensors[step.source]!.size }, (_, i) => {
      const { lo, hi } = elementInterval(program, step.source, i)
      const answer = decided(step.relation, lo, hi)
      if (answer !== undefined) return answer ? 1n : 0n
      return step.relation === 'zero' ? isZero() : nonNegative(signedBits({ lo, hi }))
    })
    return { kind: 'compare', step, elements }
  },
  *gadgets({ elements }) {
    for (const element of elements) if (typeof element !== 'bigint') yield element
  },
  link(linker, { step: { source, output, relation }, elements }) {
    const forms = elements.map((element, i): ElementForm => {
      if (typeof element === 'bigint') return { constant: element }
      const feed = elementFeed(source, i)
      // A value minus a copy of itself: the audit cannot follow a zero test of it, and there is nothing to test.
      const known = linker.constantOf(feed)
      if (known !== undefined) return { constant: decided(relation, known, known) ? 1n : 0n }
      const wire = linker.instance(element, [feed])
      linker.guarantee(element, 0, 0n, elementInterval(linker.program, output, i))
      return { wire, offset: 0n }
    })
    linker.define(output, forms)
  },
}
