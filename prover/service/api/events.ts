// SPDX-License-Identifier: GPL-3.0-or-later

import { Readable } from 'node:stream'
import type { Job, JobState } from '../store/job'
import type { ApiBackend, JobProgress } from './backend'
import { OverloadedError } from './errors'
import { isFinal } from './views'
import { watchJob } from './watch'

/** Data of a `progress` event. */
export type ProgressEvent = {
  readonly state: JobState
  /** Stage of the proof while there is one, otherwise the state. */
  readonly stage: string
  /** Of the stage; null when it cannot be known. */
  readonly percent: number | null
  /** Milliseconds since the job was asked for. */
  readonly elapsed: number
}

/** Counts open event streams, so that idle listeners cannot use up the daemon. */
export class StreamLimiter {
  private total = 0
  private readonly clients = new Map<string, number>()

  constructor(private readonly max: { readonly total: number; readonly client: number }) {}

  /**
   * Takes a place.
   *
   * @returns gives it back.
   * @throws OverloadedError
   */
  take(client: string): () => void {
    const own = this.clients.get(client) ?? 0
    if (this.total >= this.max.total || own >= this.max.client)
      throw new OverloadedError('Too many event streams are open; close some, or ask for the inference instead.')
    this.total++
    this.clients.set(client, own + 1)
    return () => {
      this.total--
      const left = this.clients.get(client)! - 1
      if (left > 0) this.clients.set(client, left)
      else this.clients.delete(client)
    }
  }
}

const RETRY_MILLISECONDS = 2000

/**
 * Server-sent events of a job: where it stands now, its progress, and `end`. When the daemon shuts down, `closing` comes last.
 *
 * @param closing aborted when the daemon shuts down
 * @param heartbeat milliseconds between comments that keep the connection open
 * @param onClose called once, when the stream has ended or the client has gone
 */
export function eventStream(
  backend: ApiBackend,
  job: Job,
  closing: AbortSignal,
  heartbeat: number,
  onClose: () => void,
): Readable {
  const stop = new AbortController()
  const onClosing = () => stop.abort()
  closing.addEventListener('abort', onClosing)
  const stream = Readable.from(jobEvents(backend, job, stop.signal, heartbeat), { objectMode: false })
  stream.once('close', () => {
    closing.removeEventListener('abort', onClosing)
    stop.abort()
    onClose()
  })
  return stream
}

async function* jobEvents(backend: ApiBackend, job: Job, stop: AbortSignal, heartbeat: number): AsyncGenerator<string> {
  const watch = watchJob(backend, job.id, stop)
  const show = (state: JobState, progress: JobProgress | null) => event('progress', eventData(job, state, progress))
  try {
    // What happened between reading the job and watching it is not missed: it is read again.
    let current = (await backend.getInference(job.id)) ?? job
    yield `retry: ${RETRY_MILLISECONDS}\n\n`
    if (!isFinal(current.state)) yield show(current.state, backend.progress(job.id) ?? null)
    while (!isFinal(current.state) && !stop.aborted) {
      const change = await watch.next(heartbeat)
      if (stop.aborted) break
      if (change === undefined) yield ': still here\n\n'
      else if (!isFinal(change.state)) yield show(change.state, change.progress)
      if (change === undefined || isFinal(change.state)) {
        const before = current.state
        current = (await backend.getInference(job.id)) ?? current
        if (change === undefined && current.state !== before && !isFinal(current.state))
          yield show(current.state, backend.progress(job.id) ?? null)
      }
    }
    if (isFinal(current.state)) yield event('end', { ...eventData(job, current.state, null), error: current.error })
    else yield event('closing', {})
  } finally {
    watch.close()
  }
}

function eventData(job: Job, state: JobState, progress: JobProgress | null): ProgressEvent {
  const fraction = progress?.fraction ?? null
  return {
    state,
    stage: progress?.stage ?? state,
    percent: fraction === null ? null : Math.round(100 * fraction),
    elapsed: Math.max(0, Date.now() - job.createdAt),
  }
}

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
