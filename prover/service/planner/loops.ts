// SPDX-License-Identifier: GPL-3.0-or-later

import { setTimeout as sleep } from 'node:timers/promises'
import type { JobQueue, QueueName, TakenJob } from '../store/store'

/** Milliseconds until a queue is asked again that could not be reached. */
const PAUSE = 1000

export type LoopOptions = {
  readonly queue: Pick<JobQueue, 'take' | 'onWork'>
  readonly name: QueueName
  /** How many jobs may be in hand at once. */
  readonly loops: number
  /** Whether a further job may be taken while so many are in hand; asked again whenever there is news of the queue. */
  readonly mayTake: (inHand: number) => boolean
  readonly run: (taken: TakenJob) => Promise<void>
  /** The queue could not be asked, or a job not be ended. */
  readonly onError: (error: unknown) => void
  readonly stopping: AbortSignal
}

/**
 * Takes jobs off a queue and runs them until it is stopped. Of the loops that have nothing to do, news of the queue wake one, and that
 * wakes the next when it has found something: asking an empty queue costs as much as asking a full one.
 */
export async function takeInLoops(options: LoopOptions): Promise<void> {
  const { queue, name, loops, mayTake, run, onError, stopping } = options
  const idle: (() => void)[] = []
  let inHand = 0
  /** News that found every loop asking or at work. */
  let missed = false

  const wake = (): void => {
    // One that may not take would use up the news.
    const next = mayTake(inHand) ? idle.pop() : undefined
    if (next === undefined) missed = true
    else next()
  }
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      if (stopping.aborted) resolve()
      else idle.push(resolve)
    })
  const turn = async (): Promise<void> => {
    if (!mayTake(inHand)) return await pause()
    inHand++
    let taken
    try {
      taken = await queue.take(name)
      if (taken !== undefined) {
        wake()
        await run(taken)
      }
    } finally {
      inHand--
    }
    if (taken !== undefined) return
    if (missed) missed = false
    else await pause()
  }
  const loop = async (): Promise<void> => {
    while (!stopping.aborted) {
      try {
        await turn()
      } catch (error) {
        onError(error)
        await sleep(PAUSE, undefined, { signal: stopping }).catch(() => undefined)
      }
    }
  }

  const stopListening = queue.onWork(name, wake)
  stopping.addEventListener('abort', () => idle.splice(0).forEach((resume) => resume()), { once: true })
  await Promise.all(Array.from({ length: loops }, loop))
  stopListening()
}
