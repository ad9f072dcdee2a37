// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedProgram } from '../../quantize'
import type { Gadget } from '../gadgets'
import type { Linker } from '../linker'

/** How the circuit computes one kind of step. */
export type CircuitStep<S, P> = {
  /** Which gadget computes each element. Pricing adds these up; linking instantiates them. */
  readonly plan: (program: QuantizedProgram, step: S) => P
  /** Every gadget instance of a plan, in order. */
  readonly gadgets: (plan: P) => Iterable<Gadget>
  /** Adds the rows of the step. */
  readonly link: (linker: Linker, plan: P) => void
}
