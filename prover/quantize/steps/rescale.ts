// SPDX-License-Identifier: GPL-3.0-or-later

import type { FunctionSpec } from '../../functions'
import { bitLength, makeRanges } from '../ranges'
import { RecipeError } from '../recipe'
import { START_BITS, ceilLog2 } from '../start'
import { ofTensor, type IntegerValues, type StepBase, type StepKind } from './step'
import { larger, remembering, required } from './support'
import { argumentRecipe, checkArgument, clampLo } from './table-argument'

/**
 * Rounding to a coarser scale with an optional ReLU and clamp, one decomposition an element.
 * `split` yields the rounded value as `output` and its positive part as `positive`; `positive` is a value of at least one
 * unit, fit to divide by.
 */
export type RescaleStep = StepBase & {
  readonly kind: 'rescale'
  readonly mode: 'identity' | 'relu' | 'split' | 'positive'
  readonly source: number
  readonly positive?: number
  /** Whole numbers stay as they are: only the ReLU applies. */
  readonly whole?: true
  /** A bound on the magnitude of the true value, which rounding alone may exceed: the result is clamped to it. */
  readonly bound?: number
  /** What whole numbers are clamped to: a recipe does not change it. */
  readonly span?: Clamp
  /** Bits of the largest value that calibration starts with; 12 by default. */
  readonly startBits?: number
  /** Set when the next step is a table of this function: the argument is clamped to the table's range. */
  readonly tableFor?: FunctionSpec
}

/** Interval a rescaled value is clamped to: [lo, lo + 2^bits − 1]. */
export type Clamp = { readonly lo: number; readonly bits: number }

/**
 * z = ⌊(x + 2^(shift−1)) / 2^shift⌋ (shift 0: z = x), then max(z, 0) for `relu` or max(z, 1) for `positive`, then the clamp,
 * which does not reach below what the mode yields.
 */
export type QuantizedRescale = RescaleStep & { readonly shift: number; readonly clamp?: Clamp }

/** Bits that a divisor may have beyond those of the largest. */
const FINER = 5
/** Shifts beyond this leave nothing of any value below 2^251. */
const MAX_SHIFT = 250

export const rescale: StepKind<RescaleStep, QuantizedRescale> = {
  ...ofTensor,
  outputs: ({ output, positive }) => (positive === undefined ? [output] : [output, positive]),
  evaluateFloat({ source, mode, output, positive, bound, span }, values) {
    const [least, most] = span ? [span.lo, span.lo + 2 ** span.bits - 1] : [-(bound ?? Infinity), bound ?? Infinity]
    const x = most === Infinity ? values[source]! : values[source]!.map((v) => Math.min(Math.max(v, least), most))
    values[output] = mode === 'relu' || mode === 'positive' ? x.map((value) => Math.max(value, 0)) : x
    if (positive !== undefined) values[positive] = x.map((value) => Math.max(value, 0))
  },
  initial(step, { exponentOf, setExponent, seen }) {
    const available = exponentOf(step.source)
    if (step.whole) {
      setExponent(step.output, available)
      return {}
    }
    const { lo, hi } = seen(step.source)
    // What divides is as fine as its smallest value asks for, within reason.
    const size = step.mode === 'positive' ? Math.max(lo, hi * 2 ** -FINER) : Math.max(-lo, hi)
    const recipe =
      step.tableFor === undefined
        ? { exponent: Math.min(available, (step.startBits ?? START_BITS) - ceilLog2(size)) }
        : argumentRecipe(step.tableFor, step.mode, available, { lo, hi })
    setExponent(step.output, recipe.exponent)
    if (step.positive !== undefined) setExponent(step.positive, recipe.exponent)
    return recipe
  },
  quantize(step, { recipe, where, tensor, define }) {
    const source = tensor(step.source)
    const exponent = step.whole ? source.exponent : required(recipe.exponent, step.name, 'exponent')
    const shift = source.exponent - exponent
    if (shift > MAX_SHIFT)
      throw new RecipeError(
        `recipe.steps["${step.name}"].exponent is ${exponent}, ${shift} bits coarser than the value it rounds; at most ${MAX_SHIFT} are possible`,
      )
    if (shift < 0)
      throw new RecipeError(
        `recipe.steps["${step.name}"].exponent is ${exponent}, finer than the ${source.exponent} of the value it rounds`,
      )
    if (step.tableFor) checkArgument(step.name, recipe, exponent)
    // Only the rounded value would be clamped, not its positive part: the circuit has no such gadget.
    if (step.mode === 'split' && recipe.clampBits !== undefined)
      throw new RecipeError(
        `recipe.steps["${step.name}"].clampBits is set, but ${step.origin.op} cannot be clamped; leave it out`,
      )
    const clampBits = recipe.clampBits ?? (step.bound === undefined ? undefined : bitsOf(step.bound, exponent))
    const clamp =
      step.span ??
      (clampBits === undefined ? undefined : { lo: recipe.clampLo ?? clampLo(step.mode, clampBits), bits: clampBits })
    const least = leastOf(step.mode)
    // The gadget that clamps yields 2^bits values from the lower end on: one end cannot be the mode's and the other the clamp's.
    if (clamp && least !== undefined && BigInt(clamp.lo) < least)
      throw new RecipeError(
        `recipe.steps["${step.name}"].clampLo is ${clamp.lo}; ${step.origin.op} yields at least ${least}, so it must not be below that`,
      )
    const quantized = { ...step, shift, ...(clamp && { clamp }) }
    const limits = limitsOf(quantized)
    const bound = remembering((q) => limited(roundShift(q, shift), limits))
    const { lo, hi } = source.ranges
    define(step.output, exponent, makeRanges(lo.map(bound), hi.map(bound), where))
    if (step.positive !== undefined) {
      const positive = remembering((q) => larger(roundShift(q, shift), 0n))
      define(step.positive, exponent, makeRanges(lo.map(positive), hi.map(positive), where))
    }
    return quantized
  },
  evaluate(step, { values, store, storeDoubles }) {
    const source: IntegerValues = values[step.source]!
    const limits = limitsOf(step)
    if (source instanceof Float64Array) {
      const half = step.shift === 0 ? 0 : 2 ** (step.shift - 1)
      const unit = 2 ** -step.shift
      const rounded = source.map((q) => Math.floor((q + half) * unit))
      // An upper limit that no double holds is above all values here.
      const [low, high] = [Number(limits.low ?? -Infinity), Number(limits.high ?? Infinity)]
      storeDoubles(
        step.output,
        rounded.map((z) => Math.min(Math.max(z, low), high)),
      )
      if (step.positive !== undefined)
        storeDoubles(
          step.positive,
          rounded.map((z) => Math.max(z, 0)),
        )
      return
    }
    const rounded = source.map((q) => roundShift(q, step.shift))
    store(
      step.output,
      rounded.map((z) => limited(z, limits)),
    )
    if (step.positive !== undefined)
      store(
        step.positive,
        rounded.map((z) => larger(z, 0n)),
      )
  },
}

/** Bits of the least symmetric clamp that holds ±bound. */
function bitsOf(bound: number, exponent: number): number {
  return 1 + bitLength(BigInt(Math.ceil(bound * 2 ** exponent)))
}

/** ⌊(q + 2^(shift−1)) / 2^shift⌋: round half up. */
export function roundShift(q: bigint, shift: number): bigint {
  return shift === 0 ? q : (q + (1n << BigInt(shift - 1))) >> BigInt(shift)
}

/** Smallest value that a mode yields. */
function leastOf(mode: RescaleStep['mode']): bigint | undefined {
  return mode === 'relu' ? 0n : mode === 'positive' ? 1n : undefined
}

/** The ends of what a rescaled value can be; absent where there is none. */
export type Limits = { readonly low?: bigint; readonly high?: bigint }

/** What mode and clamp limit a value to. */
export function limitsOf({ mode, clamp }: Pick<QuantizedRescale, 'mode' | 'clamp'>): Limits {
  const least = leastOf(mode)
  if (!clamp) return least === undefined ? {} : { low: least }
  const low = BigInt(clamp.lo)
  return { low, high: low + (1n << BigInt(clamp.bits)) - 1n }
}

function limited(value: bigint, { low, high }: Limits): bigint {
  if (low !== undefined && value < low) return low
  return high !== undefined && value > high ? high : value
}
