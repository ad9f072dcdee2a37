// SPDX-License-Identifier: GPL-3.0-or-later

import { makeRanges } from '../ranges'
import { RecipeError } from '../recipe'
import { toBigInts, toWholeNumbers, type StepBase, type StepKind } from './step'

/** y_i = [x[element_i] ≥ threshold_i], or [x > threshold] where `strict`: all comparisons of a forest at once. */
export type ThresholdsStep = StepBase & {
  readonly kind: 'thresholds'
  readonly source: number
  readonly element: Int32Array
  readonly threshold: Float64Array
  /** 1 where the comparison is strict. */
  readonly strict: Uint8Array
}

/** y_i = [x[element_i] ≥ least_i] over the integers: the same comparisons of the values that the tensor can have. */
export type QuantizedThresholds = ThresholdsStep & { readonly least: readonly bigint[] }

export const thresholds: StepKind<ThresholdsStep, QuantizedThresholds> = {
  ...toWholeNumbers,
  sources: ({ source }) => [source],
  outputs: ({ output }) => [output],
  // Each gadget reads its element, whatever the number of its thresholds.
  reads: ({ source, element }, _, read) => new Set(element).forEach((i) => (read(source, i), read(source, i))),
  evaluateFloat({ source, element, threshold, strict, output }, values) {
    const x = values[source]!
    values[output] = Float64Array.from(element, (i, at) =>
      Number(strict[at] ? x[i]! > threshold[at]! : x[i]! >= threshold[at]!),
    )
  },
  quantize(step, { where, tensor, define }) {
    const { ranges, exponent } = tensor(step.source)
    // Thresholds are baked into the circuit as doubles.
    if (!ranges.exact)
      throw new RecipeError(`${where}: a value that is compared with constants may reach 2^52; use a coarser input`)
    const least = Array.from(step.threshold, (threshold, at) => {
      // Powers of two scale a double exactly, unless it leaves their range; beyond ±2^53 there is no value of the tensor.
      const scaled = Math.min(Math.max(threshold * 2 ** exponent, -(2 ** 53)), 2 ** 53)
      return BigInt(step.strict[at] ? Math.floor(scaled) + 1 : Math.ceil(scaled))
    })
    const lo = least.map((value, at) => (ranges.lo[step.element[at]!]! >= value ? 1n : 0n))
    const hi = least.map((value, at) => (ranges.hi[step.element[at]!]! >= value ? 1n : 0n))
    define(step.output, 0, makeRanges(lo, hi, where))
    return { ...step, least }
  },
  evaluate({ source, element, least, output }, { values, storeDoubles }) {
    const x = toBigInts(values[source]!)
    storeDoubles(
      output,
      Float64Array.from(least, (value, at) => Number(x[element[at]!]! >= value)),
    )
  },
}
