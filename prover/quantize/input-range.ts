// SPDX-License-Identifier: GPL-3.0-or-later

import type { Visibility } from '../encodings'
import { ZkmlError } from '../errors'
import type { IntegerRange } from '../onnx'
import { InputRangeError } from './evaluate'
import type { InputRecipe } from './recipe'
import { maxMagnitude } from './start'

/** Thrown for an input range or bit width that cannot be used, or that is missing. */
export class InputOptionError extends ZkmlError {
  readonly code = 'INPUT_OPTION'
}

/** What the caller decides of an input; the rest is calibrated. */
export type InputOptions = {
  readonly visibility?: Visibility
  /** Real interval every value must lie in. */
  readonly range?: readonly [lo: number, hi: number]
  readonly bits?: number
  /** Set for an input of integers or bools, to those it holds: no digit stands for a fraction. */
  readonly whole?: IntegerRange | undefined
}

/** Bits an input may have at most. */
export const MAX_INPUT_BITS = 40

/** Bits an input starts calibration with when its values are not whole numbers. */
const START_BITS = 12

/**
 * The digits of an input. Whole-number samples are kept exactly; otherwise the step is the power of two that divides
 * the range into at most 2^bits. Without a range, that of the samples widened to the next power of two is taken.
 */
export function inputRecipe(name: string, samples: readonly Float64Array[], options: InputOptions): InputRecipe {
  const [lo, hi] = checkRange(name, options.range ?? sampleRange(name, samples))
  if (options.whole) return wholeRecipe(name, samples, options, options.whole, Math.ceil(lo), Math.floor(hi))
  const whole = samples.length > 0 && samples.every((sample) => sample.every(Number.isInteger))
  const exact = whole && Number.isInteger(lo) && Number.isInteger(hi)
  const visibility = options.visibility ?? 'public'
  if (!exact || options.bits !== undefined)
    return digitsFor(name, visibility, lo, hi, options.bits ?? START_BITS + extraBits(samples))
  // A sample at the very end needs a digit of its own.
  const span = hi - lo + (samples.some((sample) => sample.includes(hi)) ? 1 : 0)
  return { name, visibility, bits: Math.max(1, Math.ceil(Math.log2(span))), exponent: 0, lo }
}

/** The digits of an input of integers, which are integers that its type holds. */
function wholeRecipe(
  name: string,
  samples: readonly Float64Array[],
  { visibility = 'public', bits: least = 1, range }: InputOptions,
  { min, max }: IntegerRange,
  lo: number,
  hi: number,
): InputRecipe {
  const holds = (value: number) => Number.isInteger(value) && value >= min && value <= max
  if (lo > hi || !samples.every((sample) => sample.every(holds)) || (range && !(holds(lo) && holds(hi))))
    throw new InputOptionError(
      `input "${name}" takes whole numbers from ${min} to ${max}; its range and samples must have some, and no others`,
    )
  // The range of samples ends at a power of two, which the type may not hold.
  const [first, last] = [Math.max(lo, min), Math.min(hi, max)]
  const span = last - first + (samples.length === 0 || samples.some((sample) => sample.includes(last)) ? 1 : 0)
  const bits = Math.max(least, 1, Math.ceil(Math.log2(span)))
  if (2 ** bits > max - min + 1)
    throw new InputOptionError(`input "${name}" takes whole numbers from ${min} to ${max}, which are no ${bits} bits`)
  return { name, visibility, bits, exponent: 0, lo: Math.min(first, max - 2 ** bits + 1) }
}

/** Bits that private weights start calibration with. */
const WEIGHT_BITS = 9

/**
 * The recipe of a tensor of private weights: without a range symmetric about 0, up to the power of two that holds the largest.
 * Weights of another model that are larger do not fit.
 */
export function weightRecipe(name: string, values: Float64Array, options: InputOptions): InputRecipe {
  const reach = 2 ** Math.ceil(Math.log2(Math.max(maxMagnitude(values), 2 ** -20)))
  const [lo, hi] = checkRange(name, options.range ?? [-reach, reach])
  return digitsFor(name, 'weights', lo, hi, options.bits ?? WEIGHT_BITS)
}

function checkRange(name: string, [lo, hi]: readonly [number, number]): readonly [number, number] {
  if (!Number.isFinite(lo) || !Number.isFinite(hi) || !(lo < hi))
    throw new InputOptionError(`--input-range ${name}=${lo},${hi}: the lower bound must be below the upper one`)
  return [lo, hi]
}

/** Samples from which on the size of each element can be told. */
const TELLING_SAMPLES = 16

/** Bits to start with on top, where one tensor holds features of very different sizes: the small ones need digits too. */
function extraBits(samples: readonly Float64Array[]): number {
  if (samples.length < TELLING_SAMPLES) return 0
  const sizes = Float64Array.from(samples[0]!, (_, at) =>
    samples.reduce((size, sample) => Math.max(size, Math.abs(sample[at]!)), 0),
  )
  const used = sizes.filter((size) => size > 0)
  const [least, most] = used.reduce(([lo, hi], size) => [Math.min(lo, size), Math.max(hi, size)], [Infinity, 0])
  const spread = Math.log2(most! / least!)
  return spread > 4 ? Math.min(MAX_INPUT_BITS - START_BITS, Math.ceil(spread)) : 0
}

/** The recipe with the finest power-of-two step that covers [lo, hi] with 2^bits digits. */
export function digitsFor(
  name: string,
  visibility: InputRecipe['visibility'],
  lo: number,
  hi: number,
  bits: number,
): InputRecipe {
  let exponent = bits - Math.ceil(Math.log2(hi - lo))
  // Rounding lo down to a digit may leave hi above the last one.
  while (Math.floor(lo * 2 ** exponent) + 2 ** bits < hi * 2 ** exponent) exponent--
  const first = Math.floor(lo * 2 ** exponent)
  if (Math.abs(exponent) > 64 || Math.abs(first) > 2 ** 40)
    throw new InputOptionError(
      `input "${name}": the range [${lo}, ${hi}] cannot be split into 2^${bits} digits; scale the input closer to 1`,
    )
  return { name, visibility, bits, exponent, lo: first }
}

/** Whether an input's values are kept as they are: those are not made coarser to save constraints. */
export function isExactInput(recipe: InputRecipe, samples: readonly Float64Array[]): boolean {
  return samples.every((sample) => sample.every((value) => Number.isInteger(value * 2 ** recipe.exponent)))
}

function sampleRange(name: string, samples: readonly Float64Array[]): [number, number] {
  if (samples.length === 0)
    throw new InputOptionError(`input "${name}" has no known range; give --samples FILE or --input-range ${name}=lo,hi`)
  let [lo, hi] = [Infinity, -Infinity]
  for (const sample of samples) {
    for (const value of sample) {
      if (value < lo) lo = value
      if (value > hi) hi = value
    }
  }
  const bound = 2 ** Math.ceil(Math.log2(Math.max(-lo, hi, 2 ** -20)))
  return lo < 0 ? [-bound, bound] : [0, bound]
}

/** Real interval of an input: values up to one step above the last digit round down to it. */
export function realRange(recipe: InputRecipe): readonly [lo: number, hi: number] {
  const unit = 2 ** -recipe.exponent
  return [recipe.lo * unit, (recipe.lo + 2 ** recipe.bits) * unit]
}

/**
 * Rounds real inputs to the integers the circuit takes.
 *
 * @throws InputRangeError for NaN, infinities and values outside the range the circuit accepts.
 */
export function quantizeInput(recipe: InputRecipe, values: ArrayLike<number>): Float64Array {
  const [lo, hi] = realRange(recipe)
  const top = recipe.lo + 2 ** recipe.bits - 1
  return Float64Array.from(values, (value, i) => {
    if (!(value >= lo && value <= hi))
      throw new InputRangeError(
        recipe.visibility === 'weights'
          ? `weight "${recipe.name}"[${i}] = ${value} is outside [${lo}, ${hi}], the range of this architecture; compile one with --input-range ${recipe.name}=lo,hi`
          : `input "${recipe.name}"[${i}] = ${value} is outside [${lo}, ${hi}], the range this circuit accepts; scale the input, or recompile with --input-range ${recipe.name}=lo,hi`,
      )
    return Math.min(Math.max(Math.round(value * 2 ** recipe.exponent), recipe.lo), top)
  })
}
