// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedLinear } from '../../quantize'
import type { CircuitStep } from './step'

/** Affine maps take no rows: the linker writes them into those of the gadgets that read them. */
export type LinearPlan = { readonly kind: 'linear'; readonly step: QuantizedLinear }

export const linear: CircuitStep<QuantizedLinear, LinearPlan> = {
  plan: (_, step) => ({ kind: 'linear', step }),
  gadgets: () => [],
  link: () => undefined,
}
