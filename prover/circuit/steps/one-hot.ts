// SPDX-License-Identifier: GPL-3.0-or-later

import type { OneHotStep } from '../../quantize'
import { elementFeed, elementInterval } from '../feed'
import { oneHot, type Gadget } from '../gadgets'
import type { ElementForm } from '../linker'
import type { CircuitStep } from './step'

/** The selectors of one index: those of a gadget, the first of which stands for `first`; or a known index. */
type Selectors = { readonly gadget: Gadget; readonly first: bigint; readonly count: number } | bigint

export type OneHotPlan = {
  readonly kind: 'onehot'
  readonly step: OneHotStep
  readonly elements: readonly Selectors[]
}

export const onehot: CircuitStep<OneHotStep, OneHotPlan> = {
  plan: (program, step) => ({
    kind: 'onehot',
    step,
    elements: Array.from({ length: program.tensors[step.source]!.size }, (_, i): Selectors => {
      const { lo, hi } = elementInterval(program, step.source, i)
      if (lo === hi) return lo
      // A selector for every value that is proven possible, those beyond the depth as well.
      const count = Number(hi - lo + 1n)
      return { gadget: oneHot(count), first: lo, count }
    }),
  }),
  *gadgets({ elements }) {
    for (const element of elements) if (typeof element !== 'bigint') yield element.gadget
  },
  link(linker, { step: { source, output, depth }, elements }) {
    const forms = elements.flatMap((element, i) => {
      const values = Array.from({ length: depth }, (_, k) => BigInt(k))
      if (typeof element === 'bigint') return values.map((k): ElementForm => ({ constant: k === element ? 1n : 0n }))
      const { gadget, first, count } = element
      const wire = linker.instance(gadget, [elementFeed(source, i, -first)])
      return values.map((k, at): ElementForm => {
        if (k < first || k >= first + BigInt(count)) return { constant: 0n }
        const selector = Number(k - first)
        linker.guarantee(gadget, selector, 0n, elementInterval(linker.program, output, i * depth + at))
        return { wire: wire + selector, offset: 0n }
      })
    })
    linker.define(output, forms)
  },
}
