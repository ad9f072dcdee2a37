// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedTable } from '../../quantize'
import { elementFeed, elementInterval } from '../feed'
import { table as tableGadget, type Gadget } from '../gadgets'
import type { ElementForm } from '../linker'
import type { CircuitStep } from './step'

export type TablePlan = {
  readonly kind: 'table'
  readonly step: QuantizedTable
  readonly gadget: Gadget
  readonly count: number
}

export const table: CircuitStep<QuantizedTable, TablePlan> = {
  plan: (program, step) => ({
    kind: 'table',
    step,
    gadget: tableGadget(step.bits, Array.from(step.values)),
    count: program.tensors[step.output]!.size,
  }),
  *gadgets({ gadget, count }) {
    for (let i = 0; i < count; i++) yield gadget
  },
  link(linker, { step: { source, output, lo }, gadget, count }) {
    const forms = Array.from({ length: count }, (_, i): ElementForm => {
      const wire = linker.instance(gadget, [elementFeed(source, i, -BigInt(lo))])
      linker.guarantee(gadget, 0, 0n, elementInterval(linker.program, output, i))
      return { wire, offset: 0n }
    })
    linker.define(output, forms)
  },
}
