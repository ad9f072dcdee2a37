// SPDX-License-Identifier: GPL-3.0-or-later

import { RecipeError } from '../recipe'

/** A number that the recipe of a step must have. */
export function required(value: number | undefined, step: string, field: string): number {
  if (value === undefined)
    throw new RecipeError(`recipe.steps["${step}"].${field} is missing; recalibrate with --samples`)
  return value
}

export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

export function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

/** The same function, quicker where an argument is that of the call before: neighbours mostly have the same bounds. */
export function remembering(compute: (value: bigint) => bigint): (value: bigint) => bigint {
  let [argument, result]: readonly [bigint | undefined, bigint] = [undefined, 0n]
  return (value) => {
    if (value !== argument) [argument, result] = [value, compute(value)]
    return result
  }
}
