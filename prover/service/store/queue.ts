// SPDX-License-Identifier: GPL-3.0-or-later

import PgBoss from 'pg-boss'
import type { Log } from '../log'
import type { Queryable } from './database'
import type { Engine } from './engine'
import { OwnTakes } from './own-takes'
import type { Report } from './report'
import type { JobQueue, QueueName, TakenJob } from './store'
import { LONGEST_WAIT } from './values'

/** Where pg-boss has its tables. */
export const QUEUE_SCHEMA = 'zkml_queue'
const CHANNEL = 'zkml_work'
const QUEUES: readonly QueueName[] = ['plan', 'prove']
/** What wakes workers when a notification was lost, and when a job's time has come. */
const POLL_MS = 1000
/** Seconds after which a job is tried again at the latest. */
const LONGEST_PAUSE = 300
/** Longest that pg-boss takes; what a dead daemon had taken is given back long before. */
const EXPIRE_SECONDS = 23 * 3600
/** A delay in seconds: pg-boss takes what was due before now, and the clock of the embedded database ticks in milliseconds. */
const AT_ONCE = -1
/** Messages wait as long as their jobs. */
const KEEP_DAYS = 3650

type Message = { readonly jobId: string; readonly retries: number }
type Take = Message & { readonly id: string; readonly queue: QueueName; readonly messageId: string }
/** When, and before what. */
type Rank = { readonly delay: number; readonly priority: number }

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
    schema: QUEUE_SCHEMA,
    schedule: false,
    archiveCompletedAfterSeconds: 60,
    deleteAfterSeconds: 60,
    expireInSeconds: EXPIRE_SECONDS,
    retentionDays: KEEP_DAYS,
    retryLimit: 1_000_000,
  })
  let closed = false
  const own = new OwnTakes(report)
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

  /** Enqueues a message, or makes the one that waits due as early and as urgent. */
  const enqueue = async (tx: Queryable, queue: QueueName, message: Message, rank: Rank): Promise<void> => {
    const { priority } = rank
    const due = Math.max(rank.delay, AT_ONCE).toFixed(3)
    // A message that was taken or sent by somebody between the two statements makes neither succeed.
    for (let sent = false; !sent;) {
      // The row is locked until the end of this transaction, so nobody takes it before seeing what the transaction did.
      const [row] = await tx.query<{ waiting: number }>(
        `WITH waiting AS (
           UPDATE ${QUEUE_SCHEMA}.job
           SET start_after = least(start_after, now() + $3 * interval '1 s'), priority = greatest(priority, $4)
           WHERE name = $1 AND coalesce(singleton_key, '') = $2 AND state = 'created' AND policy = 'short' RETURNING id
         )
         SELECT count(*) AS waiting, pg_notify('${CHANNEL}', $1) FROM waiting`,
        [queue, message.jobId, due, priority],
      )
      sent = row!.waiting > 0
      if (sent) break
      const id = await boss.send(queue, message, {
        db: borrowed(tx),
        singletonKey: message.jobId,
        startAfter: `${due} seconds`,
        priority,
      })
      sent = id !== null
    }
  }

  type Ended = { readonly isSentAgain: boolean; readonly priority: number }

  /** Ends a take, unless it was given to somebody else meanwhile. */
  const end = async (tx: Queryable, take: Take, after: (ended: Ended) => Promise<void>): Promise<void> => {
    const [row] = await tx.query<{ again_at: Date | null; priority: number }>(
      'DELETE FROM zkml.takes WHERE queue = $1 AND job_id = $2 AND id = $3 RETURNING again_at, priority',
      [take.queue, take.jobId, take.id],
    )
    if (row === undefined) return
    await boss.deleteJob(take.queue, take.messageId, { db: borrowed(tx) })
    await after({ isSentAgain: row.again_at !== null, priority: row.priority })
  }

  const taken = (take: Take): TakenJob => {
    const { queue, jobId, retries } = take
    return {
      jobId,
      retries,
      complete: async () => {
        const complete = (tx: Queryable): Promise<void> =>
          end(tx, take, async ({ isSentAgain, priority }) => {
            if (isSentAgain) await enqueue(tx, queue, { jobId, retries: 0 }, { delay: AT_ONCE, priority })
          })
        await own.end(take.id, () => engine.transaction(complete))
      },
      retry: async (reason, { atMostSeconds = LONGEST_PAUSE } = {}) => {
        const pause = Math.min(2 ** retries, atMostSeconds)
        log.debug({ queue, job: jobId, retries, reason, delay: pause }, 'job is tried again later')
        const retry = (tx: Queryable): Promise<void> =>
          end(tx, take, ({ isSentAgain, priority }) =>
            enqueue(tx, queue, { jobId, retries: retries + 1 }, { delay: isSentAgain ? AT_ONCE : pause, priority }),
          )
        await own.end(take.id, () => engine.transaction(retry))
      },
    }
  }

  /** Takes the next message; `busy` when its job is being worked on, whose end sends it again. */
  const takeOne = (queue: QueueName): Promise<Take | 'busy' | undefined> =>
    own.begin(
      (id) => engine.transaction((tx) => takeIn(tx, queue, id)),
      (take) => typeof take === 'object',
    )

  const takeIn = async (tx: Queryable, queue: QueueName, id: string): Promise<Take | 'busy' | undefined> => {
    let failure: unknown
    const [message] = await boss.fetch<Message>(queue, {
      db: borrowed(tx, (error) => (failure = error)),
      includeMetadata: true,
    })
    // pg-boss hides the errors of this query.
    if (failure !== undefined) throw failure
    if (message === undefined) return undefined
    const { jobId, retries } = message.data
    const { priority } = message
    const taken = await tx.query(
      `INSERT INTO zkml.takes (queue, job_id, id, message_id, daemon_id, retries, priority)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id`,
      [queue, jobId, id, message.id, daemonId, retries, priority],
    )
    if (taken.length === 1) return { id, queue, messageId: message.id, jobId, retries }
    const noted = await tx.query(
      `UPDATE zkml.takes SET again_at = now(), priority = greatest(priority, $3)
       WHERE queue = $1 AND job_id = $2 RETURNING queue`,
      [queue, jobId, priority],
    )
    await boss.deleteJob(queue, message.id, { db: borrowed(tx) })
    // The other one ended between the two statements.
    if (noted.length === 0) await enqueue(tx, queue, message.data, { delay: AT_ONCE, priority })
    return 'busy'
  }

  /** Gives back takes for which a condition holds. @returns how many. */
  const giveBack = async (tx: Queryable, condition: string, values: readonly unknown[] = []): Promise<number> => {
    const rows = await tx.query<{
      queue: QueueName
      job_id: string
      message_id: string
      retries: number
      priority: number
    }>(`DELETE FROM zkml.takes t WHERE ${condition} RETURNING queue, job_id, message_id, retries, priority`, values)
    for (const { queue, job_id, message_id, retries, priority } of rows) {
      await boss.deleteJob(queue, message_id, { db: borrowed(tx) })
      await enqueue(tx, queue, { jobId: job_id, retries: retries + 1 }, { delay: AT_ONCE, priority })
    }
    return rows.length
  }

  const giveBackLost = (): Promise<void> =>
    engine.transaction(async (tx) => {
      const rows = await tx.query<{ id: string }>('SELECT id FROM zkml.takes WHERE daemon_id = $1', [daemonId])
      // Read before it is asked which of them live: a take lives before it is in the database.
      const lost = rows.filter(({ id }) => !own.has(id)).map(({ id }) => id)
      const jobs = await giveBack(tx, 'id = ANY ($1::uuid[])', [lost])
      if (jobs > 0) log.warn({ jobs }, 'work that was taken while the database failed is given back')
    })

  return {
    async send(tx, queue, jobId, { delayMs, priority = 0 } = {}) {
      const delay = delayMs === undefined ? AT_ONCE : Math.min(delayMs, LONGEST_WAIT) / 1000
      await enqueue(tx, queue, { jobId, retries: 0 }, { delay, priority })
    },

    async take(queue) {
      await own.recover(giveBackLost)
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
        `SELECT count(*) AS depth FROM ${QUEUE_SCHEMA}.job WHERE name = $1 AND state < 'active' AND start_after <= now()`,
        [queue],
      )
      return row!.depth
    },

    giveBack: (tx) => giveBack(tx, 'NOT EXISTS (SELECT FROM zkml.daemons d WHERE d.id = t.daemon_id)'),

    async close() {
      closed = true
      own.close()
      clearInterval(poll)
      await stopListening()
      await boss.stop({ graceful: false })
    },
  }
}

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
