// SPDX-License-Identifier: GPL-3.0-or-later

import { RecipeError, type StepRecipe } from '../recipe'

/** Smooth functions that are evaluated by a table; `decay` is exp(−x) for x ≥ 0. All are monotone. */
export type TableFunction = 'sigmoid' | 'tanh' | 'decay'

/** What circuits/table/table.circom takes. */
const MIN_TABLE_BITS = 2
const MAX_TABLE_BITS = 12
/** Bits of a table's argument that calibration starts with. */
const TABLE_BITS = 10
/** log2 of the largest table argument: e^1024 is still quick to compute. */
const MAX_REACH = 10
/** log2 of where a table's argument ends: beyond it sigmoid, tanh and decay are flat to 2^-10 or better. */
const TABLE_REACH: Record<TableFunction, number> = { sigmoid: 3, tanh: 2, decay: 4 }

/** Smallest argument of a table of 2^bits entries. */
export function argumentLo(fn: TableFunction, bits: number): number {
  return fn === 'decay' ? 0 : -(2 ** (bits - 1))
}

/** The recipe of a table's argument that calibration starts with. */
export function argumentRecipe(fn: TableFunction, available: number): { exponent: number; clampBits: number } {
  const reach = TABLE_REACH[fn]
  const signed = fn === 'decay' ? 0 : 1
  const exponent = Math.min(available, TABLE_BITS - signed - reach)
  return { exponent, clampBits: exponent + reach + signed }
}

/**
 * A table's argument needs as many bits as a table can have, and ends where the function has long been flat.
 *
 * @throws RecipeError
 */
export function checkArgument(step: string, { clampBits }: StepRecipe, exponent: number): void {
  const at = `recipe.steps["${step}"]`
  if (clampBits === undefined) throw new RecipeError(`${at}.clampBits is missing; a table needs a bounded argument`)
  if (clampBits < MIN_TABLE_BITS || clampBits > MAX_TABLE_BITS)
    throw new RecipeError(`${at}.clampBits is ${clampBits}; a table takes ${MIN_TABLE_BITS} to ${MAX_TABLE_BITS} bits`)
  if (clampBits - exponent > MAX_REACH)
    throw new RecipeError(
      `${at} reaches to 2^${clampBits - exponent}; tables end at 2^${MAX_REACH}, so raise the exponent`,
    )
}
