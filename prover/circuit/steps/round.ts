// SPDX-License-Identifier: GPL-3.0-or-later

import { bitLength, type QuantizedRound } from '../../quantize'
import { elementFeed, elementInterval, type Feed } from '../feed'
import { round as roundGadget, roundEven, type Gadget, type Interval } from '../gadgets'
import type { ElementForm } from '../linker'
import type { CircuitStep } from './step'

/** One element: a copy, a constant, or a gadget fed with x + inputOffset whose output is read with outputOffset added. */
type RoundedElement =
  'copy' | bigint | { readonly gadget: Gadget; readonly inputOffset: bigint; readonly outputOffset: bigint }

export type RoundPlan = {
  readonly kind: 'round'
  readonly step: QuantizedRound
  readonly elements: readonly RoundedElement[]
}

export const round: CircuitStep<QuantizedRound, RoundPlan> = {
  plan: (program, step) => ({
    kind: 'round',
    step,
    elements: Array.from({ length: program.tensors[step.source]!.size }, (_, i) =>
      planElement(step, elementInterval(program, step.output, i)),
    ),
  }),
  *gadgets({ elements }) {
    for (const element of elements) if (typeof element === 'object') yield element.gadget
  },
  link(linker, { step: { source, output }, elements }) {
    const forms = elements.map((element, i): ElementForm => {
      if (element === 'copy') return { tensor: source, element: i, offset: 0n }
      if (typeof element === 'bigint') return { constant: element }
      const { gadget, inputOffset, outputOffset } = element
      const feed: Feed = elementFeed(source, i, inputOffset)
      const wire = linker.instance(gadget, [feed])
      linker.guarantee(gadget, 0, outputOffset, elementInterval(linker.program, output, i))
      return { wire, offset: outputOffset }
    })
    linker.define(output, forms)
  },
}

function planElement({ mode, shift }: QuantizedRound, { lo, hi }: Interval): RoundedElement {
  if (shift === 0) return 'copy'
  if (lo === hi) return lo
  const [scale, half] = [1n << BigInt(shift), 1n << BigInt(shift - 1)]
  // The gadgets round x + half down; a tie that goes to the even side may leave a value one above the interval.
  if (mode === 'floor') {
    const gadget = roundGadget(bitLength(hi - lo) + shift, shift)
    return { gadget, inputOffset: -lo * scale - half, outputOffset: lo }
  }
  // Only an even shift of the result keeps what is even.
  const base = lo % 2n === 0n ? lo : lo - 1n
  const gadget = roundEven(bitLength(hi + 1n - base) + shift, shift)
  return { gadget, inputOffset: -base * scale, outputOffset: base }
}
