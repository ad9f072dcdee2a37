// SPDX-License-Identifier: GPL-3.0-or-later

import { hasClasses, type Sample } from './accuracy'
import type { Program } from './program'

/** What the margins between classes ask for. */
export type ClassMargins = {
  /** The largest mean error that flips few enough. */
  readonly error: number
  /** 1 when a sample is so close to another class that such an error may decide it, which is no fault; else 0. */
  readonly ties: number
}

/** The margins of this share of the samples, the smallest ones, tell how dense they are near 0. */
const NEAR_SHARE = 0.1
/** Least share of flips that is asked for before any are seen. */
const LEAST_FLIPS = 0.003

/**
 * Few samples show no flips where many would. But margins m between the best two classes are spread evenly near 0, so errors
 * of mean size e in each of the two flip NEAR_SHARE/m · E[max(e1 − e2, 0)] ≈ NEAR_SHARE/m · e/√2 of all samples, where m is
 * the largest margin of that share. Outputs of classes have one axis, with an element for each.
 */
export function classMargins(program: Program, reference: readonly Sample[], maxFlips: number): ClassMargins {
  let most: ClassMargins = { error: Infinity, ties: 0 }
  program.outputs.forEach((tensor, i) => {
    if (!hasClasses(program.tensors[tensor]!.shape)) return
    const margins = reference.map((outputs) => {
      const [best, next] = Float64Array.from(outputs[i]!).sort().slice(-2).reverse()
      return best! - next!
    })
    const near = margins.toSorted((a, b) => a - b)[Math.floor(NEAR_SHARE * margins.length)]!
    const error = (near * Math.SQRT2 * Math.max(maxFlips, LEAST_FLIPS)) / NEAR_SHARE
    if (error > 0 && error < most.error) most = { error, ties: Number(margins.some((margin) => margin < 4 * error)) }
  })
  return most
}
