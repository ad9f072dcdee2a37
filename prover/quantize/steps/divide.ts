// SPDX-License-Identifier: GPL-3.0-or-later

import { makeRanges } from '../ranges'
import { RecipeError } from '../recipe'
import { START_BITS, ceilLog2 } from '../start'
import { toBigInts, type StepBase, type StepKind } from './step'
import { larger, smaller, required } from './support'

/**
 * y_i = numerator[of_i] / denominator[by_i], the denominator at least one unit in integers. `floor` is the quotient
 * rounded down to a whole number; `nearest` rounds to the recipe's exponent.
 */
export type DivideStep = StepBase & {
  readonly kind: 'divide'
  readonly rounding: 'nearest' | 'floor'
  readonly numerator: number
  readonly denominator: number
  readonly of: Int32Array
  readonly by: Int32Array
}

/**
 * With N = numerator·2^shift and D = denominator·2^divisorShift: y = ⌊(2N + D) / 2D⌋ for `nearest`, ⌊N / D⌋ for `floor`.
 * Only `floor` shifts the divisor, where the numerator is in finer units.
 */
export type QuantizedDivide = DivideStep & { readonly shift: number; readonly divisorShift: number }

const MAX_SHIFT = 128

export const divide: StepKind<DivideStep, QuantizedDivide> = {
  sources: ({ numerator, denominator }) => [numerator, denominator],
  outputs: ({ output }) => [output],
  reads({ numerator, denominator, of, by }, _, read) {
    of.forEach((i) => read(numerator, i))
    by.forEach((j) => read(denominator, j))
  },
  evaluateFloat({ rounding, numerator, denominator, of, by, output }, values) {
    values[output] = Float64Array.from(of, (i, at) => {
      const divisor = values[denominator]![by[at]!]!
      // The circuit divides by one unit at least, which is small; here anything that is finite will do.
      const quotient = values[numerator]![i]! / (divisor === 0 ? 2 ** -START_BITS : divisor)
      return rounding === 'floor' ? Math.floor(quotient) : quotient
    })
  },
  initial({ rounding, numerator, denominator, output }, { exponentOf, setExponent, seen }) {
    if (rounding === 'floor') {
      setExponent(output, 0)
      return {}
    }
    const [above, below] = [seen(numerator), seen(denominator)]
    const quotient = Math.max(-above.lo, above.hi) / Math.max(below.lo, 2 ** -START_BITS)
    const least = exponentOf(numerator) - exponentOf(denominator)
    const exponent = Math.max(least, START_BITS - ceilLog2(quotient))
    setExponent(output, exponent)
    return { exponent }
  },
  quantize(step, { recipe, where, tensor, define }) {
    const [numerator, denominator] = [tensor(step.numerator), tensor(step.denominator)]
    const least = numerator.exponent - denominator.exponent
    const isFloor = step.rounding === 'floor'
    const exponent = isFloor ? 0 : required(recipe.exponent, step.name, 'exponent')
    const shift = isFloor ? Math.max(-least, 0) : exponent - least
    if (shift < 0 || shift > MAX_SHIFT)
      throw new RecipeError(
        `recipe.steps["${step.name}"].exponent is ${exponent}; it must be from ${least} to ${least + MAX_SHIFT}`,
      )
    const quantized = { ...step, shift, divisorShift: isFloor ? Math.max(least, 0) : 0 }
    const corners = Array.from(step.of, (i, at) => {
      const j = step.by[at]!
      const [dl, dh] = [denominator.ranges.lo[j]!, denominator.ranges.hi[j]!]
      if (dl < 1n)
        throw new RecipeError(`${where}: a divisor may be ${dl}; a clamp to at least one unit must come before it`)
      const quotientOf = (n: bigint, d: bigint) => quotient(quantized, n, d)
      const [nl, nh] = [numerator.ranges.lo[i]!, numerator.ranges.hi[i]!]
      return [smaller(quotientOf(nl, dl), quotientOf(nl, dh)), larger(quotientOf(nh, dl), quotientOf(nh, dh))] as const
    })
    define(
      step.output,
      exponent,
      makeRanges(
        corners.map(([lo]) => lo),
        corners.map(([, hi]) => hi),
        where,
      ),
    )
    return quantized
  },
  evaluate(step, { values, store }) {
    const [numerator, denominator] = [toBigInts(values[step.numerator]!), toBigInts(values[step.denominator]!)]
    store(
      step.output,
      Array.from(step.of, (i, at) => quotient(step, numerator[i]!, denominator[step.by[at]!]!)),
    )
  },
}

/** The rounded quotient of integers. */
function quotient(step: QuantizedDivide, numerator: bigint, denominator: bigint): bigint {
  const { rounding, shift, divisorShift } = step
  if (rounding === 'floor') return floorDiv(numerator << BigInt(shift), denominator << BigInt(divisorShift))
  return floorDiv((numerator << BigInt(shift + 1)) + denominator, 2n * denominator)
}

function floorDiv(a: bigint, b: bigint): bigint {
  const truncated = a / b
  return a < 0n && truncated * b !== a ? truncated - 1n : truncated
}
