// SPDX-License-Identifier: GPL-3.0-or-later

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Log } from '../log'
import { cursorStore } from './cursors'
import { joinDaemons } from './daemons'
import { openEmbedded } from './embedded'
import { idempotencyStore } from './idempotency'
import { jobStore } from './jobs'
import { leaseStore } from './leases'
import { migrate } from './migrate'
import { openQueue } from './queue'
import { checkDataKey, secretStore } from './secrets'
import { openServer } from './server'
import type { Store } from './store'
import { transactionStore } from './transactions'

/** Where the daemon remembers: a folder of its own, or a PostgreSQL server that many daemons share. */
export type StorePlace = { readonly stateDir: string } | { readonly databaseUrl: string }

export type StoreOptions = {
  /** 32 bytes; see {@link loadDataKey}. */
  readonly dataKey: Uint8Array
  readonly log: Log
  /** What operators call this daemon; by default the host's name. */
  readonly daemonName?: string
}

/**
 * Opens the store, bringing its schema up to date.
 *
 * @throws StoreUnavailableError when the server does not answer; StoreInUseError when another process has the folder;
 * StoreVersionError when the database is newer than this program; DataKeyError when the data key is another one.
 * @example
 * ```ts
 * const store = await openStore({ stateDir }, { dataKey: loadDataKey({ stateDir, env: process.env }), log })
 * await store.db.transaction(async (tx) => {
 *   const job = await store.jobs.insertMarket(tx, origin)
 *   if (job !== undefined) await store.queue.send(tx, 'plan', job.id)
 * })
 * ```
 */
export async function openStore(
  place: StorePlace,
  { dataKey, log, daemonName = hostname() }: StoreOptions,
): Promise<Store> {
  const engine = 'stateDir' in place ? await openEmbedded(place.stateDir) : await openServer(place.databaseUrl, log)
  const daemonId = randomUUID()
  try {
    await migrate(engine)
    await checkDataKey(engine, dataKey)
    const queue = await openQueue(engine, daemonId, log)
    const membership = await joinDaemons(engine, queue, { id: daemonId, name: daemonName, log })
    return {
      db: engine,
      daemonId,
      jobs: jobStore,
      queue,
      cursors: cursorStore,
      transactions: transactionStore,
      secrets: secretStore(dataKey),
      idempotency: idempotencyStore(daemonId),
      leases: leaseStore(engine, daemonId),
      ping: async () => void (await engine.query('SELECT 1')),
      close: async () => {
        await membership.close().catch((error: unknown) => {
          log.warn({ reason: (error as Error).message }, 'taken work could not be given back; others will find it')
        })
        await queue.close()
        await engine.close()
      },
    }
  } catch (error) {
    await engine.close()
    throw error
  }
}
