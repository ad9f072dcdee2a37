// SPDX-License-Identifier: GPL-3.0-or-later

import type { Job } from '../store/job'
import type { ApiBackend, JobChange } from './backend'
import { isFinal } from './views'

/** Changes of one job. Those that nobody has asked for yet are merged: the newest counts. */
export type Watch = {
  /** The next change; undefined after so many milliseconds without one, or at once when the signal is aborted. */
  next(milliseconds: number): Promise<JobChange | undefined>
  close(): void
}

/** Watches a job until closed. */
export function watchJob(backend: ApiBackend, id: string, signal: AbortSignal): Watch {
  let latest: JobChange | undefined
  let wake: (() => void) | undefined
  const onAbort = () => wake?.()
  signal.addEventListener('abort', onAbort)
  const unsubscribe = backend.subscribe(id, (change) => {
    latest = change
    wake?.()
  })
  return {
    async next(milliseconds) {
      if (latest === undefined && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
        wake = undefined
      }
      const change = latest
      latest = undefined
      return change
    },
    close() {
      signal.removeEventListener('abort', onAbort)
      unsubscribe()
    },
  }
}

/** How often a job is read again while somebody waits, in case news of it got lost. Milliseconds. */
const REREAD = 1000

/**
 * Waits for a job to end.
 *
 * @returns the job as it is then, or after so many seconds, or when the signal is aborted.
 */
export async function waitForEnd(
  backend: ApiBackend,
  id: string,
  seconds: number,
  signal: AbortSignal,
): Promise<Job | undefined> {
  const end = performance.now() + seconds * 1000
  const watch = watchJob(backend, id, signal)
  try {
    let job = await backend.getInference(id)
    while (job && !isFinal(job.state) && !signal.aborted) {
      const left = end - performance.now()
      if (left <= 0) break
      const change = await watch.next(Math.min(left, REREAD))
      if (change === undefined || isFinal(change.state)) job = await backend.getInference(id)
    }
    return job
  } finally {
    watch.close()
  }
}
