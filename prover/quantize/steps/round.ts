// SPDX-License-Identifier: GPL-3.0-or-later

import { makeRanges } from '../ranges'
import { ofTensor, toBigInts, toWholeNumbers, type StepBase, type StepKind } from './step'
import { roundShift } from './rescale'

/** Rounding of real numbers to whole ones: down, or to the nearest with ties to the even one. */
export type RoundStep = StepBase & { readonly kind: 'round'; readonly mode: 'floor' | 'even'; readonly source: number }

/** The argument is in units of 2^-shift. */
export type QuantizedRound = RoundStep & { readonly shift: number }

export const round: StepKind<RoundStep, QuantizedRound> = {
  ...ofTensor,
  ...toWholeNumbers,
  evaluateFloat({ mode, source, output }, values) {
    values[output] = values[source]!.map((x) => (mode === 'floor' ? Math.floor(x) : evenDouble(x)))
  },
  quantize(step, { where, tensor, define }) {
    const { ranges, exponent } = tensor(step.source)
    // An argument in units of more than 1 is whole already.
    const quantized = { ...step, shift: Math.max(0, exponent) }
    const bound = (q: bigint) => rounded(quantized, q)
    define(step.output, Math.min(0, exponent), makeRanges(ranges.lo.map(bound), ranges.hi.map(bound), where))
    return quantized
  },
  evaluate(step, { values, store }) {
    store(
      step.output,
      toBigInts(values[step.source]!).map((q) => rounded(step, q)),
    )
  },
}

function rounded({ mode, shift }: QuantizedRound, q: bigint): bigint {
  if (mode === 'floor') return q >> BigInt(shift)
  const nearest = roundShift(q, shift)
  const isTie = shift > 0 && (nearest << BigInt(shift)) - q === 1n << BigInt(shift - 1)
  return isTie && nearest % 2n !== 0n ? nearest - 1n : nearest
}

function evenDouble(x: number): number {
  const nearest = Math.floor(x + 0.5)
  return nearest - x === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest
}
