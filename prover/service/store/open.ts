// SPDX-License-Identifier: GPL-3.0-or-later

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Log } from '../log'
import type { Metrics } from '../metrics'
import { cursorStore } from './cursors'
import { joinDaemons } from './daemons'
import { openEmbedded } from './embedded'
import { idempotencyStore } from './idempotency'
import { jobStore } from './jobs'
import { leaseStore } from './leases'
import { keepMaintained } from './maintenance'
import { migrate } from './migrate'
import { openQueue } from './queue'
import { reporter } from './report'
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
  readonly metrics?: Pick<Metrics, 'errors'>
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
  { dataKey, log, daemonName = hostname(), metrics }: StoreOptions,
): Promise<Store> {
  const engine =
    'stateDir' in place ? await openEmbedded(place.stateDir, log) : await openServer(place.databaseUrl, log)
  const daemonId = randomUUID()
  const report = reporter(log, metrics)
  const closers: (() => Promise<void>)[] = [() => engine.close()]
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) {
      await closer().catch((error: unknown) =>
        report(error, 'the store could not be closed in order; others see to it'),
      )
    }
  }
  try {
    const queue = await engine.exclusively(async () => {
      await migrate(engine)
      await checkDataKey(engine, dataKey, log)
      return await openQueue(engine, { daemonId, log, report })
    })
    closers.push(() => queue.close())
    const membership = await joinDaemons(engine, queue, { id: daemonId, name: daemonName, log, report })
    closers.push(() => membership.close())
    if (engine.kind === 'embedded') closers.push(keepMaintained(engine, report))
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
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
