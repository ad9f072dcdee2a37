// SPDX-License-Identifier: GPL-3.0-or-later

import { setTimeout as sleep } from 'node:timers/promises'
import { ZkmlError } from '../../errors'
import { JobConflictError } from '../store'
import type { Job } from '../store/job'
import type { QueueName, TakenJob } from '../store/store'
import { PROOFS_AHEAD } from '../pool/types'
import type { PlannerContext } from './context'
import { takeInLoops } from './loops'
import { planStep } from './plan'
import { proveStep } from './prove'

/** What the input is to blame for, and no repetition mends. */
const HOPELESS: ReadonlySet<string> = new Set([
  'INPUT_RANGE',
  'INPUT_MISMATCH',
  'INPUT_MISSING',
  'ENCODING_PACKING',
  'WITNESS_UNSATISFIED',
])

/** How often work of the API is tried. Market jobs whose lock is ours are tried until their deadline. */
const API_ATTEMPTS = 5

/** Seconds by which the clocks of chains and machines are taken to differ at most. */
const LONGEST_SKEW = 86_400

/** Longest pause, in seconds, until a step is tried again that a bond depends on. */
const LOCKED_PAUSE = 5

/** Milliseconds until the end of a step is recorded again. */
const PAUSE = 1000

/** What is done with a job of a queue. */
type Step = (jobId: string, signal: AbortSignal) => Promise<void>

/** Takes work off the queues and does it. */
export type Workers = {
  /** Aborts the proof of a job if this process makes it. */
  abort(jobId: string): void
  /** Takes nothing more and waits for what runs; after `graceMilliseconds` proofs are aborted and given back. */
  stop(graceMilliseconds: number): Promise<void>
}

/**
 * Starts the workers, which take as many proofs off their queue as the pool wants.
 *
 * @param planners how many market jobs are decided at once
 */
export function startWorkers(context: PlannerContext, planners: number): Workers {
  const { pool, store, log } = context
  const stopping = new AbortController()
  const running = new Map<string, AbortController>()
  let isGraceOver = false
  const abortable = (step: Step) => async (id: string) => {
    const abort = new AbortController()
    if (isGraceOver) abort.abort()
    running.set(id, abort)
    try {
      await step(id, abort.signal)
    } finally {
      running.delete(id)
    }
  }
  const start = (name: QueueName, loops: number, mayTake: (inHand: number) => boolean, step: Step): Promise<void> =>
    takeInLoops({
      queue: store.queue,
      name,
      loops,
      mayTake,
      run: (taken) => run(context, taken, abortable(step), stopping.signal),
      onError: (error) => {
        // The database is away; it is asked again.
        count(context, error)
        log.warn({ queue: name, error }, 'queue cannot be reached')
      },
      stopping: stopping.signal,
    })
  const loops = [
    start(
      'plan',
      planners,
      () => true,
      (id, signal) => planStep(context, id, signal),
    ),
    start(
      'prove',
      pool.capacity * PROOFS_AHEAD,
      (inHand) => inHand < pool.wanted,
      (id, signal) => proveStep(context, id, signal),
    ),
  ]
  return {
    abort: (jobId) => running.get(jobId)?.abort(),
    stop: async (graceMilliseconds) => {
      stopping.abort()
      const timer = setTimeout(() => {
        // Also for what is taken by a question that was under way.
        isGraceOver = true
        running.forEach((abort) => abort.abort())
      }, graceMilliseconds)
      await Promise.all(loops)
      clearTimeout(timer)
    },
  }
}

async function run(
  context: PlannerContext,
  taken: TakenJob,
  step: (jobId: string) => Promise<void>,
  stopping: AbortSignal,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined
  try {
    await step(taken.jobId)
  } catch (error) {
    failure = { error }
  }
  // While this process lives nobody else is given the job, so its end is recorded, however long the database is away.
  for (;;) {
    try {
      await (failure === undefined ? taken.complete() : fail(context, taken, failure.error, stopping))
      return
    } catch (error) {
      if (stopping.aborted) throw error
      count(context, error)
      context.log.warn({ job: taken.jobId, error }, 'the end of a step cannot be recorded; trying again')
      await sleep(PAUSE, undefined, { signal: stopping }).catch(() => undefined)
    }
  }
}

/** A step failed: it is tried again where that may help, and otherwise the job ends. */
async function fail(context: PlannerContext, taken: TakenJob, error: unknown, stopping: AbortSignal): Promise<void> {
  const { store, board, log } = context
  // Somebody else moved the job meanwhile, which is their business, or it was cancelled.
  if (error instanceof JobConflictError) return taken.complete()
  count(context, error)
  const job = await store.jobs.get(store.db, taken.jobId)
  if (job === undefined || !canFail(job)) return taken.complete()
  const code = error instanceof ZkmlError ? error.code : 'INTERNAL'
  const message = error instanceof Error ? error.message : String(error)
  if (stopping.aborted || mayHelp(job, error, code, taken.retries)) {
    log.warn({ job: job.id, code, error, retries: taken.retries }, 'step failed; trying again')
    return taken.retry(code, job.times.locked === undefined ? {} : { atMostSeconds: LOCKED_PAUSE })
  }
  const failed = await store.db.transaction((tx) =>
    board.move(tx, job.id, job.state, 'failed', { error: { code, message } }),
  )
  board.finished(failed)
  if (job.origin.kind === 'market' && job.times.locked !== undefined)
    context.metrics.jobsMissed.inc({ chain: job.origin.chainId })
  log.error({ job: job.id, code, error }, 'job failed')
  await taken.complete()
}

function canFail({ state }: Job): boolean {
  return state === 'received' || state === 'waiting' || state === 'proving'
}

function mayHelp({ origin, times }: Job, error: unknown, code: string, retries: number): boolean {
  if (HOPELESS.has(code)) return false
  // With a bond at stake everything is tried until the deadline, which the step itself finds passed.
  if (origin.kind === 'market' && times.locked !== undefined) return true
  const transient = error instanceof ZkmlError ? error.transient : true
  if (!transient) return false
  if (origin.kind === 'api') return retries < API_ATTEMPTS
  // A chain that nobody serves any more tells nobody that the deadline passed.
  return Date.now() / 1000 < Number(origin.request.deadline) + LONGEST_SKEW
}

function count({ metrics }: PlannerContext, error: unknown): void {
  metrics.errors.inc({ code: error instanceof ZkmlError ? error.code : 'INTERNAL', module: 'planner' })
}
