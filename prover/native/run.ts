// SPDX-License-Identifier: GPL-3.0-or-later
import { availableParallelism } from 'node:os'

/** How native work is watched and ended. */
export type NativeOptions = {
  /** Threads to use; one a core when absent. */
  readonly threads?: number
  /** Called with the share done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void
  /** Ends the work soon after it is aborted, with the signal's reason. */
  readonly signal?: AbortSignal
}

const POLL_MILLISECONDS = 50

/**
 * Runs one function of the addon with the control words that it takes last.
 *
 * @throws the reason of the signal, when the work was cancelled for it
 */
export async function runNative<T>(
  { threads = availableParallelism(), onProgress, signal }: NativeOptions,
  start: (threads: number, words: Uint32Array) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const words = new Uint32Array(2)
  const onAbort = (): void => {
    words[0] = 1
  }
  signal?.addEventListener('abort', onAbort)
  const timer = onProgress && setInterval(() => onProgress(words[1]! / 1000), POLL_MILLISECONDS)
  try {
    const result = await start(threads, words)
    onProgress?.(1)
    return result
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    clearInterval(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
