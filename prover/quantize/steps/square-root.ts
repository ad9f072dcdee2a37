// SPDX-License-Identifier: GPL-3.0-or-later

import { integerSquareRoot } from '../../functions'
import { makeRanges } from '../ranges'
import { RecipeError } from '../recipe'
import { START_BITS, ceilLog2 } from '../start'
import { ofTensor, toBigInts, type StepBase, type StepKind } from './step'
import { remembering, required } from './support'

/** y = √x for x ≥ 0. */
export type SquareRootStep = StepBase & { readonly kind: 'squareRoot'; readonly source: number }

/** y = ⌊√(x·2^shift)⌋. */
export type QuantizedSquareRoot = SquareRootStep & { readonly shift: number }

/** Bits that a root may have beyond those of the largest. */
const FINER = 5

export const squareRoot: StepKind<SquareRootStep, QuantizedSquareRoot> = {
  ...ofTensor,
  evaluateFloat({ source, output }, values) {
    values[output] = values[source]!.map((x) => Math.sqrt(Math.max(x, 0)))
  },
  initial({ source, output }, { exponentOf, setExponent, seen }) {
    const largest = Math.sqrt(Math.max(seen(source).hi, 0))
    // A logarithm of a small root needs its digits as much as that of a large one.
    const smallest = Math.sqrt(Math.max(seen(source).lo, largest ** 2 * 2 ** (-2 * FINER)))
    const digits = START_BITS - ceilLog2(largest) + Math.max(0, ceilLog2(largest) - ceilLog2(smallest))
    const exponent = Math.max(Math.ceil(exponentOf(source) / 2), digits)
    setExponent(output, exponent)
    return { exponent }
  },
  quantize(step, { recipe, where, tensor, define }) {
    const { ranges, exponent: given } = tensor(step.source)
    const exponent = required(recipe.exponent, step.name, 'exponent')
    const shift = 2 * exponent - given
    if (shift < 0)
      throw new RecipeError(
        `recipe.steps["${step.name}"].exponent is ${exponent}; the root of a value in units of 2^-${given} has at least ${Math.ceil(given / 2)}`,
      )
    if (ranges.lo.some((bound) => bound < 0n))
      throw new RecipeError(`${where}: the argument of a square root may be negative; a clamp to 0 must come before it`)
    const root = remembering((q) => integerSquareRoot(q << BigInt(shift)))
    define(step.output, exponent, makeRanges(ranges.lo.map(root), ranges.hi.map(root), where))
    return { ...step, shift }
  },
  evaluate(step, { values, store }) {
    store(
      step.output,
      toBigInts(values[step.source]!).map((q) => integerSquareRoot(q << BigInt(step.shift))),
    )
  },
}
