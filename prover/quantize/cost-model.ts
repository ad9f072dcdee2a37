// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedProgram } from './program'
import type { Origin } from './steps'

/** Constraints one step of a program takes. */
export type StepCost = { readonly step: string; readonly origin: Origin; readonly constraints: number }

/**
 * Prices a quantised program without building it. `quantize` declares it, `circuit` implements it, and the caller
 * hands it to calibration, so that the search spends bits where they cost least.
 */
export type CostModel = (program: QuantizedProgram) => {
  readonly constraints: number
  readonly steps: readonly StepCost[]
}
