// SPDX-License-Identifier: GPL-3.0-or-later

import { uniformRanges } from '../ranges'
import { RecipeError } from '../recipe'
import { START_EXPONENT } from '../start'
import { toBigInts, type StepBase, type StepKind } from './step'
import { required } from './support'

/** y_i = numerator_i / denominator[index_i], where 0 ≤ numerator_i ≤ denominator and denominator ≥ 1 in integers. */
export type DivideStep = StepBase & {
  readonly kind: 'divide'
  readonly numerator: number
  readonly denominator: number
  readonly index: Int32Array
}

/** y = ⌊(numerator·2^(scaleBits+1) + denominator) / (2·denominator)⌋: the quotient in units of 2^-scaleBits, rounded. */
export type QuantizedDivide = DivideStep & { readonly scaleBits: number }

const MAX_QUOTIENT_BITS = 64

export const divide: StepKind<DivideStep, QuantizedDivide> = {
  sources: ({ numerator, denominator }) => [numerator, denominator],
  outputs: ({ output }) => [output],
  reads: ({ numerator, denominator, index }, _, read) =>
    index.forEach((j, i) => (read(numerator, i), read(denominator, j))),
  evaluateFloat({ numerator, denominator, index, output }, values) {
    values[output] = values[numerator]!.map((value, i) => value / values[denominator]![index[i]!]!)
  },
  initial({ output }, { setExponent }) {
    setExponent(output, START_EXPONENT)
    return { exponent: START_EXPONENT }
  },
  quantize(step, { recipe, where, tensor, sizeOf, define }) {
    const scaleBits = required(recipe.exponent, step.name, 'exponent')
    if (scaleBits < 0 || scaleBits > MAX_QUOTIENT_BITS)
      throw new RecipeError(
        `recipe.steps["${step.name}"].exponent is ${scaleBits}; it must be from 0 to ${MAX_QUOTIENT_BITS}`,
      )
    if (tensor(step.numerator).exponent !== tensor(step.denominator).exponent)
      throw new RecipeError(
        `recipe.steps scales the numerator and the denominator of "${step.name}" apart; leave out the weightExponent of the sum`,
      )
    define(step.output, scaleBits, uniformRanges(sizeOf(step.output), 0n, 1n << BigInt(scaleBits), where))
    return { ...step, scaleBits }
  },
  evaluate(step, { values, store }) {
    const [numerator, denominator] = [toBigInts(values[step.numerator]!), toBigInts(values[step.denominator]!)]
    const scale = BigInt(step.scaleBits + 1)
    store(
      step.output,
      Array.from(step.index, (j, i) => ((numerator[i]! << scale) + denominator[j]!) / (2n * denominator[j]!)),
    )
  },
}
