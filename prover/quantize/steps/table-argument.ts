// SPDX-License-Identifier: GPL-3.0-or-later

import { domainOf, saturation, type FunctionSpec } from '../../functions'
import { RecipeError, type StepRecipe } from '../recipe'
import type { RescaleStep } from './rescale'

/** What circuits/table/table.circom takes. */
const MIN_TABLE_BITS = 2
const MAX_TABLE_BITS = 12
/** What circuits/table/table_linear.circom takes besides: digits within a segment. */
const MAX_LOW_BITS = 24
/** log2 of the largest table argument: e^1024 is still quick to compute. */
const MAX_REACH = 10
/** Bits of a table's argument that calibration starts with. */
const ARGUMENT_BITS = 14
/** Tables end where their function is within 2^-SATURATION of its limit. */
const SATURATION = 12

/** Lower end of a clamp that the recipe does not state: what the mode yields at least, otherwise symmetric two's complement. */
export function clampLo(mode: RescaleStep['mode'], bits: number): number {
  return mode === 'relu' ? 0 : mode === 'positive' ? 1 : -(2 ** (bits - 1))
}

/**
 * The recipe of a table's argument that calibration starts with: the range of the samples, widened by a quarter to both
 * sides, cut where the function has become constant and where it is not defined.
 */
export function argumentRecipe(
  fn: FunctionSpec,
  mode: RescaleStep['mode'],
  available: number,
  seen: { readonly lo: number; readonly hi: number },
): { exponent: number; clampBits: number; clampLo?: number } {
  const { below = -Infinity, above = Infinity } = saturation(fn, SATURATION)
  const domain = domainOf(fn)
  const margin = Math.max((seen.hi - seen.lo) / 4, 2 ** -20)
  const lo = Math.max(below, mode === 'relu' ? 0 : -Infinity, domain.lo, Math.min(seen.lo - margin, above))
  const hi = Math.min(above, domain.hi, Math.max(seen.hi + margin, lo))
  const width = Math.max(hi - lo, 2 ** -20)
  const exponent = Math.min(available, ARGUMENT_BITS - Math.ceil(Math.log2(width)))
  const [first, last] = [Math.floor(lo * 2 ** exponent), Math.ceil(hi * 2 ** exponent)]
  // The first argument of a function that is not defined at its lower end is one unit above it.
  const start = domain.lo > -Infinity && !domain.loIncluded && first <= domain.lo * 2 ** exponent ? first + 1 : first
  const bits = Math.max(MIN_TABLE_BITS, Math.ceil(Math.log2(last - start + 1)))
  const top = Math.floor(domain.hi * 2 ** exponent) - (domain.hiIncluded ? 0 : 1)
  // All arguments of the table must lie in the domain, those that no sample needs as well.
  const clampLo = Math.min(start, top - 2 ** bits + 1)
  return { exponent, clampBits: bits, ...(mode === 'relu' && clampLo === 0 ? {} : { clampLo }) }
}

/**
 * A table's argument needs as many bits as a table can have, and ends where e^x is still quick to compute.
 *
 * @throws RecipeError
 */
export function checkArgument(step: string, { clampBits, clampLo }: StepRecipe, exponent: number): void {
  const at = `recipe.steps["${step}"]`
  if (clampBits === undefined) throw new RecipeError(`${at}.clampBits is missing; a table needs a bounded argument`)
  const most = MAX_TABLE_BITS + MAX_LOW_BITS
  if (clampBits < MIN_TABLE_BITS || clampBits > most)
    throw new RecipeError(`${at}.clampBits is ${clampBits}; a table takes ${MIN_TABLE_BITS} to ${most} bits`)
  const first = clampLo ?? 0
  const reach = Math.max(Math.abs(first), Math.abs(first + 2 ** clampBits))
  if (reach * 2 ** -exponent > 2 ** MAX_REACH)
    throw new RecipeError(
      `${at} reaches to 2^${Math.ceil(Math.log2(reach)) - exponent}; tables end at 2^${MAX_REACH}: raise the exponent of the recipe, or scale the argument down (for log Σ e^x use ReduceLogSumExp)`,
    )
}

/**
 * Digits of an argument within a segment; 0 for a table with an entry for every argument.
 *
 * @throws RecipeError when there is no such table.
 */
export function lowBits(step: string, bits: number, { segmentBits = bits }: StepRecipe): number {
  const low = bits - segmentBits
  if (segmentBits < MIN_TABLE_BITS || segmentBits > MAX_TABLE_BITS || low < 0 || low > MAX_LOW_BITS)
    throw new RecipeError(
      `recipe.steps["${step}"].segmentBits is ${segmentBits} of an argument of ${bits} bits; a table has ${MIN_TABLE_BITS} to ${MAX_TABLE_BITS} bits, and segments of up to ${MAX_LOW_BITS}`,
    )
  return low
}
