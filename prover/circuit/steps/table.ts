// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedTable } from '../../quantize'
import { elementFeed, elementInterval } from '../feed'
import { table as tableGadget, tableLinear, type Gadget } from '../gadgets'
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
    gadget: gadgetOf(step),
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

function gadgetOf({ bits, lowBits, values, slopes }: QuantizedTable): Gadget {
  if (!slopes) return tableGadget(bits, Array.from(values))
  return tableLinear(bits - lowBits, lowBits, Array.from(values), Array.from(slopes))
}
