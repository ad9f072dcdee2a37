// SPDX-License-Identifier: GPL-3.0-or-later

import type { Log } from '../log'
import type { Engine } from './engine'
import type { WorkQueue } from './queue'
import type { Report } from './report'

const BEAT_MS = 4000
/** A daemon that was not heard of for so long is taken for dead. */
const DEAD_SECONDS = 20
/** Key of the advisory lock under which one daemon buries the dead: "zkmd" in ASCII. */
const LOCK = 0x7a6b6d64

/** Keeps this process known among the daemons of the database, and gives back the work of those that died. */
export type Membership = {
  /** Leaves, giving back what this process had taken. */
  close(): Promise<void>
}

/** Joins. In an embedded database nobody else can be alive: what is there of others is of the dead. */
export async function joinDaemons(
  engine: Engine,
  queue: WorkQueue,
  { id, name, log, report }: { readonly id: string; readonly name: string; readonly log: Log; readonly report: Report },
): Promise<Membership> {
  const beat = async (): Promise<void> => {
    await engine.query(
      `INSERT INTO zkml.daemons (id, name, seen_at) VALUES ($1, $2, clock_timestamp())
       ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
      [id, name],
    )
  }
  /** Of daemons for which the condition holds. */
  const bury = async (condition: string): Promise<void> => {
    const jobs = await engine.transaction(async (tx) => {
      const [lock] = await tx.query<{ held: boolean }>(`SELECT pg_try_advisory_xact_lock(${LOCK}) AS held`)
      if (!lock!.held) return 0
      await tx.query(`DELETE FROM zkml.daemons WHERE ${condition}`)
      return await queue.giveBack(tx)
    })
    if (jobs > 0) log.warn({ jobs }, 'work of a daemon that ended is given back')
  }

  if (engine.kind === 'embedded') {
    await engine.query('DELETE FROM zkml.leases')
    await bury('true')
  }
  await beat()

  let steadySince = -Infinity
  let lastBeat = performance.now()
  const tend = async (): Promise<void> => {
    try {
      await beat()
      const now = performance.now()
      // After an outage everybody looks dead for a while.
      if (now - lastBeat > 2 * BEAT_MS) steadySince = now
      lastBeat = now
      if (now - steadySince > DEAD_SECONDS * 1000) {
        await bury(`seen_at < clock_timestamp() - interval '${DEAD_SECONDS} seconds'`)
      }
    } catch (error) {
      report(error, 'the database did not take the sign of life; it is tried again')
    }
  }
  let tending: Promise<void> = Promise.resolve()
  const tendNext = (): void => {
    tending = tending.then(tend)
  }
  const timer = engine.kind === 'server' ? setInterval(tendNext, BEAT_MS).unref() : undefined

  return {
    async close() {
      clearInterval(timer)
      await tending
      await engine.transaction(async (tx) => {
        await tx.query('DELETE FROM zkml.daemons WHERE id = $1', [id])
        await tx.query('DELETE FROM zkml.leases WHERE daemon_id = $1', [id])
        await queue.giveBack(tx)
      })
    },
  }
}
