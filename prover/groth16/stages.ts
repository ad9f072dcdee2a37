// SPDX-License-Identifier: GPL-3.0-or-later
import type { EngineOptions } from './point-engine'

/**
 * Splits the progress of some work among its stages by weight: `stagesOf(options, [1, 3])(1)` are options for the second
 * stage, which reports from a quarter of the whole on.
 */
export function stagesOf(options: EngineOptions, weights: readonly number[]): (stage: number) => EngineOptions {
  const { threads, onProgress, signal } = options
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return (stage) => {
    const before = weights.slice(0, stage).reduce((sum, weight) => sum + weight, 0)
    return {
      ...(threads !== undefined && { threads }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress: (share) => onProgress((before + weights[stage]! * share) / total) }),
    }
  }
}
