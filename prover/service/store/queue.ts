// SPDX-License-Identifier: GPL-3.0-or-later

import PgBoss from 'pg-boss'
import type { Log } from '../log'
import type { Queryable } from './database'
import type { Engine } from './engine'
import type { Report } from './report'
import type { JobQueue, QueueName, TakenJob } from './store'

const SCHEMA = 'zkml_queue'
const CHANNEL = 'zkml_work'
const QUEUES: readonly QueueName[] = ['plan', 'prove']
/** What wakes workers when a notification was lost, and when a job's time has come. */
const POLL_MS = 1000
/** Delays after 1, 2, 3, … failures: 1 s, 2 s, 4 s, … at most this. */
const MAX_DELAY_SECONDS = 300
/** Longest that pg-boss takes; what a dead daemon had taken is given back long before. */
const EXPIRE_SECONDS = 23 * 3600
/** pg-boss takes what was due before now, and the clock of the embedded database ticks in milliseconds. */
const AT_ONCE_SECONDS = -1
/** Messages wait as long as their jobs. */
const KEEP_DAYS = 3650

type Message = { readonly jobId: string; readonly retries: number; readonly priority: number }
type Take = Message & { readonly id: string; readonly queue: QueueName; readonly messageId: string }

/** The queue, and what the store does with it besides. */
export type WorkQueue = JobQueue & {
  /** Gives back what daemons had taken that are not in `zkml.daemons` (any more). @returns how many jobs. */
  giveBack(tx: Queryable): Promise<number>
  close(): Promise<void>
}

/**
 * Opens the queue: pg-boss holds the messages, `zkml.takes` says which daemon works on which job. Of one job there is at most one
 * waiting message, and at most one that is being worked on; what is sent meanwhile is sent on when that ends.
 */
export async function openQueue(
  engine: Engine,
  { daemonId, log, report }: { readonly daemonId: string; readonly log: Log; readonly report: Report },
): Promise<WorkQueue> {
  const boss = new PgBoss({
    db: { executeSql: async (sql, values) => ({ rows: [...(await execute(engine, sql, values))] }) },
    schema: SCHEMA,
    schedule: false,
    archiveCompletedAfterSeconds: 60,
    deleteAfterSeconds: 60,
    expireInSeconds: EXPIRE_SECONDS,
    retentionDays: KEEP_DAYS,
    retryLimit: 1_000_000,
  })
  let closed = false
  boss.on('error', (error) => {
    if (!closed) report(error, 'the queue could not be maintained; it is tried again')
  })
  try {
    await boss.start()
    // "short" allows one message of a job in state "created", and another that is active.
    for (const name of QUEUES) await boss.createQueue(name, { name, policy: 'short' })
  } catch (error) {
    await boss.stop({ graceful: false })
    throw error
  }

  const listeners = new Map<QueueName, Set<() => void>>(QUEUES.map((queue) => [queue, new Set()]))
  const wake = (queue: string): void => {
    for (const listener of listeners.get(queue as QueueName) ?? []) listener()
  }
  const stopListening = await engine.listen(CHANNEL, wake)
  const poll = setInterval(() => QUEUES.forEach(wake), POLL_MS)
  poll.unref()

  /** Enqueues a message, or makes the one that waits due as early. */
  const enqueue = async (tx: Queryable, queue: QueueName, message: Message, delaySeconds: number): Promise<void> => {
    const due = Math.max(delaySeconds, AT_ONCE_SECONDS).toFixed(3)
    // A message that was taken or sent by somebody between the two statements makes neither succeed.
    for (let sent = false; !sent;) {
      // The row is locked until the end of this transaction, so nobody takes it before seeing what the transaction did.
      const [row] = await tx.query<{ waiting: number }>(
        `WITH waiting AS (
           UPDATE ${SCHEMA}.job SET start_after = least(start_after, now() + $3 * interval '1 s')
           WHERE name = $1 AND coalesce(singleton_key, '') = $2 AND state = 'created' AND policy = 'short' RETURNING id
         )
         SELECT count(*) AS waiting, pg_notify('${CHANNEL}', $1) FROM waiting`,
        [queue, message.jobId, due],
      )
      sent = row!.waiting > 0
      if (sent) break
      const id = await boss.send(queue, message, {
        db: borrowed(tx),
        singletonKey: message.jobId,
        startAfter: `${due} seconds`,
        priority: message.priority,
      })
      sent = id !== null
    }
  }

  /** Ends a take, unless it was given to somebody else meanwhile. */
  const end = async (tx: Queryable, take: Take, after: (again: Date | null) => Promise<void>): Promise<void> => {
    const [row] = await tx.query<{ again_at: Date | null }>(
      'DELETE FROM zkml.takes WHERE queue = $1 AND job_id = $2 AND id = $3 RETURNING again_at',
      [take.queue, take.jobId, take.id],
    )
    if (row === undefined) return
    await boss.deleteJob(take.queue, take.messageId, { db: borrowed(tx) })
    await after(row.again_at)
  }

  const taken = (take: Take): TakenJob => ({
    jobId: take.jobId,
    retries: take.retries,
    async complete(tx) {
      if (tx === undefined) return await engine.transaction((own) => this.complete(own))
      await end(tx, take, async (again) => {
        if (again !== null) await enqueue(tx, take.queue, { ...messageOf(take), retries: 0 }, AT_ONCE_SECONDS)
      })
    },
    async retry(reason, { atMostSeconds = MAX_DELAY_SECONDS } = {}) {
      const delay = Math.min(2 ** take.retries, atMostSeconds)
      log.debug(
        { queue: take.queue, job: take.jobId, retries: take.retries, reason, delay },
        'job is tried again later',
      )
      await engine.transaction((tx) =>
        end(tx, take, async (again) => {
          const next = { ...messageOf(take), retries: take.retries + 1 }
          await enqueue(tx, take.queue, next, again === null ? delay : AT_ONCE_SECONDS)
        }),
      )
    },
  })

  /** Takes the next message; `busy` when its job is being worked on, whose end sends it again. */
  const takeOne = async (queue: QueueName): Promise<Take | 'busy' | undefined> =>
    await engine.transaction(async (tx) => {
      let failure: unknown
      const [message] = await boss.fetch<Message>(queue, {
        db: borrowed(tx, (error) => (failure = error)),
        priority: true,
      })
      // pg-boss hides the errors of this query.
      if (failure !== undefined) throw failure
      if (message === undefined) return undefined
      const { jobId, retries, priority } = message.data
      const [row] = await tx.query<{ id: string }>(
        `INSERT INTO zkml.takes AS other (queue, job_id, message_id, daemon_id, retries, priority) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING RETURNING id`,
        [queue, jobId, message.id, daemonId, retries, priority],
      )
      if (row !== undefined) return { id: row.id, queue, messageId: message.id, jobId, retries, priority }
      const noted = await tx.query(
        'UPDATE zkml.takes SET again_at = now() WHERE queue = $1 AND job_id = $2 RETURNING queue',
        [queue, jobId],
      )
      await boss.deleteJob(queue, message.id, { db: borrowed(tx) })
      // The other one ended between the two statements.
      if (noted.length === 0) await enqueue(tx, queue, message.data, AT_ONCE_SECONDS)
      return 'busy'
    })

  return {
    async send(tx, queue, jobId, { delayMs, priority = 0 } = {}) {
      const delay = delayMs === undefined ? AT_ONCE_SECONDS : delayMs / 1000
      await enqueue(tx, queue, { jobId, retries: 0, priority }, delay)
    },

    async take(queue) {
      for (;;) {
        const take = await takeOne(queue)
        if (take !== 'busy') return take && taken(take)
      }
    },

    onWork(queue, listener) {
      listeners.get(queue)!.add(listener)
      return () => listeners.get(queue)!.delete(listener)
    },

    async depth(queue) {
      const [row] = await engine.query<{ depth: number }>(
        `SELECT count(*) AS depth FROM ${SCHEMA}.job WHERE name = $1 AND state < 'active' AND start_after <= now()`,
        [queue],
      )
      return row!.depth
    },

    async giveBack(tx) {
      const rows = await tx.query<{
        queue: QueueName
        job_id: string
        message_id: string
        retries: number
        priority: number
      }>(
        `DELETE FROM zkml.takes t WHERE NOT EXISTS (SELECT FROM zkml.daemons d WHERE d.id = t.daemon_id)
         RETURNING queue, job_id, message_id, retries, priority`,
      )
      for (const { queue, job_id, message_id, retries, priority } of rows) {
        await boss.deleteJob(queue, message_id, { db: borrowed(tx) })
        await enqueue(tx, queue, { jobId: job_id, retries: retries + 1, priority }, AT_ONCE_SECONDS)
      }
      return rows.length
    },

    async close() {
      closed = true
      clearInterval(poll)
      await stopListening()
      await boss.stop({ graceful: false })
    },
  }
}

const messageOf = ({ jobId, retries, priority }: Take): Message => ({ jobId, retries, priority })

/** How pg-boss reaches a transaction of ours. */
function borrowed(tx: Queryable, failed?: (error: unknown) => void): PgBoss.Db {
  return {
    executeSql: async (sql, values) => {
      try {
        return { rows: [...(await tx.query(sql, values))] }
      } catch (error) {
        failed?.(error)
        throw error
      }
    },
  }
}

/** Statements of pg-boss without values may be scripts. */
async function execute(engine: Engine, sql: string, values: readonly unknown[] = []): Promise<readonly unknown[]> {
  return values.length === 0 ? await engine.script(sql) : await engine.query(sql, values)
}
