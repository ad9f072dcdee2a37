// SPDX-License-Identifier: GPL-3.0-or-later

import type { Accuracy } from './accuracy'

/** What a calibrated model must meet on the samples. */
export type AccuracyTarget = {
  /** Largest share of samples whose argmax may change. */
  readonly maxFlips: number
  /**
   * Largest mean absolute error of each output, as a share of the spread of its float values. Of the mean size of all
   * outputs it may be twice as much, or {@link RELATIVE_ERROR} where that is more, so that outputs which spread about 0 are
   * not lost in their own range.
   */
  readonly maxMeanError: number
}

export const DEFAULT_TARGET: AccuracyTarget = { maxFlips: 0.002, maxMeanError: 0.01 }

/** Share of the mean size of the outputs that the mean error may always be. */
const RELATIVE_ERROR = 0.02

/** Whether a share of what the target allows is enough. */
export function meetsTarget(accuracy: Accuracy, target: AccuracyTarget, share = 1): boolean {
  const flips = Math.floor(target.maxFlips * accuracy.samples * share)
  const { maxMeanError } = target
  return (
    accuracy.flips <= flips &&
    accuracy.meanErrorOfRange <= maxMeanError * share &&
    accuracy.relativeError <= Math.max(2 * maxMeanError, RELATIVE_ERROR) * share
  )
}
