// SPDX-License-Identifier: GPL-3.0-or-later
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Curve, TaskStep } from 'ffjavascript'

import { loadPlainCurve } from './bn254-code'
import type { EngineOptions } from './point-engine'
import { withSnarkjs } from './snarkjs-session'

/** Work below this many multiplications in G1 is done before threads would have started. */
const WORTH_THREADS = 8192

/** Runs `use` on a curve with threads where `cost`, in multiplications of a point of G1, is worth them. */
export async function withCurve<T>(
  cost: number,
  options: EngineOptions,
  use: (curve: Curve) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted()
  if (options.threads === 1 || cost < WORTH_THREADS) return use(await loadPlainCurve())
  return withSnarkjs(use, options.threads === undefined ? {} : { threads: options.threads })
}

/** A part of some work: what a thread has to do, and its share of the whole. */
export type Slice = { readonly task: () => readonly TaskStep[]; readonly weight: number }

/**
 * Does the tasks on the threads of a curve, as many at a time as there are threads, so that little is built ahead.
 *
 * @returns What each task got, in their order.
 */
export async function runSlices(
  curve: Curve,
  slices: readonly Slice[],
  { onProgress, signal }: EngineOptions,
): Promise<Uint8Array[]> {
  const results: Uint8Array[] = []
  const total = slices.reduce((sum, { weight }) => sum + weight, 0)
  let next = 0
  let done = 0
  const work = async (): Promise<void> => {
    while (next < slices.length) {
      signal?.throwIfAborted()
      const index = next++
      const { task, weight } = slices[index]!
      const [result] = await curve.tm.queueAction(task())
      results[index] = result!
      done += weight
      onProgress?.(done / total)
      // Without threads, the only chance for signals to arrive.
      await nextTurn()
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: curve.tm.concurrency }, work))
  const failed = ended.find((end) => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return results
}
