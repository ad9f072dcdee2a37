// SPDX-License-Identifier: GPL-3.0-or-later

import type { Config } from './config'
import type { Log } from './log'
import type { Metrics } from './metrics'
import type { JobBoard } from './planner'
import type { ProverPool } from './pool/types'
import { ZkmlError } from '../errors'
import type { Store } from './store/store'

const GAUGES_EVERY = 5_000
const HOUSEKEEPING_EVERY = 15_000
const LEASE = 60_000
/** A job that is due and has not moved for so long is put into its queue again, in case its message was lost. */
const STALLED = 600_000
const STALLED_AT_ONCE = 500
const HOUR = 3_600_000
const DAY = 86_400_000

/** What the housekeeping works on. */
export type MaintenanceContext = {
  readonly store: Store
  readonly board: JobBoard
  readonly pool: ProverPool
  /** Whether all parts can do their work. */
  readonly readiness: () => Promise<{ readonly ready: boolean }>
  readonly metrics: Metrics
  readonly log: Log
  readonly retention: Config['retention']
}

/**
 * Keeps gauges fresh; and on one daemon of the database, erases inputs, forgets old jobs and looks for stalled ones.
 *
 * @returns stops, after the round that runs.
 */
export function startMaintenance(context: MaintenanceContext): () => Promise<void> {
  const stops = [
    every(GAUGES_EVERY, context, () => refreshGauges(context)),
    every(HOUSEKEEPING_EVERY, context, () => keepHouse(context)),
  ]
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}

function every(
  milliseconds: number,
  { log, metrics }: MaintenanceContext,
  round: () => Promise<void>,
): () => Promise<void> {
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  const run = async () => {
    try {
      await round()
    } catch (error) {
      metrics.errors.inc({ code: error instanceof ZkmlError ? error.code : 'INTERNAL', module: 'maintenance' })
      log.warn({ error }, 'housekeeping failed; it is tried again')
    }
    if (isStopped) return
    timer = setTimeout(() => {
      running = run()
    }, milliseconds)
  }
  let running = run()
  return async () => {
    isStopped = true
    clearTimeout(timer)
    await running
  }
}

async function refreshGauges({ store, pool, readiness, metrics }: MaintenanceContext): Promise<void> {
  // First, because the database may be what is away.
  metrics.ready.set((await readiness()).ready ? 1 : 0)
  const counts = await store.jobs.count(store.db)
  for (const [state, count] of Object.entries(counts)) metrics.jobs.set({ state }, count)
  for (const queue of ['plan', 'prove'] as const) metrics.queueDepth.set({ queue }, await store.queue.depth(queue))
  const usage = await pool.usage()
  metrics.proverProcesses.set(usage.processes)
  metrics.proverBusy.set(usage.busy)
  metrics.proverBytes.set(usage.residentBytes)
}

async function keepHouse(context: MaintenanceContext): Promise<void> {
  const { store, log, retention } = context
  if (!(await store.leases.hold('housekeeping', LEASE))) return
  const erased = await store.secrets.erase(store.db, retention.inputHours * HOUR)
  const purged = await store.jobs.purge(store.db, retention.jobDays * DAY)
  await store.idempotency.purge(store.db, DAY)
  if (erased + purged > 0) log.info({ erased, purged }, 'inputs erased and old jobs forgotten')
  await sendStalled(context)
}

async function sendStalled({ store, board, log }: MaintenanceContext): Promise<void> {
  for (const job of await store.jobs.stalled(store.db, STALLED, STALLED_AT_ONCE)) {
    log.warn({ job: job.id, state: job.state }, 'job does not move; it is taken up again')
    await store.db.transaction(async (tx) => {
      if (job.state === 'proving') return board.sendProve(tx, job)
      if (job.origin.kind === 'api') {
        const error = { code: 'SUBMISSION_FAILED', message: 'its transaction is gone; ask again' }
        return board.move(tx, job.id, job.state, 'failed', { error })
      }
      // Its transaction is gone, with an account or a database: where it stands is found out anew.
      if (job.state === 'locking' || job.state === 'submitting') await board.move(tx, job.id, job.state, 'received')
      await store.queue.send(tx, 'plan', job.id)
    })
  }
}
