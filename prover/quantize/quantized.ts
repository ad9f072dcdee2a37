// SPDX-License-Identifier: GPL-3.0-or-later

import type { InputRecipe, OutputRecipe } from './recipe'
import type { LinearMap } from './linear-map'
import type { ArgMaxStep, DivideStep, LinearStep, MaxStep, ProductStep, RescaleStep, TableStep } from './program'
import type { Ranges } from './ranges'

/** A tensor of integers q with real value ≈ q · 2^-exponent and a proven interval for every element. */
export type QuantizedTensor = {
  readonly id: number
  readonly name: string
  readonly shape: readonly number[]
  readonly size: number
  readonly exponent: number
  readonly ranges: Ranges
}

/** y = W·x + bias over the integers. `exactSums`: every partial sum is below 2^52, so doubles compute it exactly. */
export type QuantizedLinear = Omit<LinearStep, 'map'> & {
  /** Weights and biases are integers. */
  readonly map: LinearMap
  readonly weightExponent: number
  readonly exactSums: boolean
}

/** Interval a rescaled value is clamped to: [lo, lo + 2^bits − 1]. */
export type Clamp = { readonly lo: number; readonly bits: number }

/** z = ⌊(x + 2^(shift−1)) / 2^shift⌋ (shift 0: z = x), then max(z, 0) for `relu`, then the clamp. */
export type QuantizedRescale = RescaleStep & { readonly shift: number; readonly clamp?: Clamp }

/** y = values[x − lo]; the argument's proven interval lies in [lo, lo + 2^bits − 1]. */
export type QuantizedTable = TableStep & {
  readonly bits: number
  readonly lo: number
  readonly values: Float64Array
}

/** y = ⌊(numerator·2^(scaleBits+1) + denominator) / (2·denominator)⌋: the quotient in units of 2^-scaleBits, rounded. */
export type QuantizedDivide = DivideStep & { readonly scaleBits: number }

export type QuantizedStep =
  QuantizedLinear | QuantizedRescale | QuantizedTable | QuantizedDivide | MaxStep | ArgMaxStep | ProductStep

/** A program over the integers: what the circuit proves, element by element. */
export type QuantizedProgram = {
  readonly tensors: readonly QuantizedTensor[]
  readonly inputs: readonly { readonly tensor: number; readonly recipe: InputRecipe }[]
  readonly outputs: readonly { readonly tensor: number; readonly recipe: OutputRecipe }[]
  readonly steps: readonly QuantizedStep[]
}
