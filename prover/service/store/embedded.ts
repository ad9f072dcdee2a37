// SPDX-License-Identifier: GPL-3.0-or-later

import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../log'
import type { Queryable } from './database'
import type { DurableFolder } from './durable-folder'
import type { Engine } from './engine'
import { StoreFolderError, StoreUnavailableError } from './errors'
import { lockFolder } from './folder-lock'
import { outageOf } from './outage'
import { startPGlite, stopped, type DurablePGlite } from './pglite'
import { TransactionScope } from './transaction-scope'

/** How long a database that did not start again is left alone. */
const RESTART_MS = 1000

type Listener = { readonly channel: string; readonly wake: (payload: string) => void }

/**
 * Opens PostgreSQL within this process, its data in `<stateDir>/pg`. The folder belongs to this process until `close`, or its end.
 * When the database gives up, on a full disk for example, it is started again by the next query.
 *
 * @throws StoreInUseError when another process has it; StoreFolderError when it cannot be made or read.
 */
export async function openEmbedded(stateDir: string, log: Log): Promise<Engine> {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    chmodSync(stateDir, 0o700)
  } catch (cause) {
    throw new StoreFolderError(`the state folder "${stateDir}" cannot be made; check "stateDir" and its rights`, {
      cause,
    })
  }
  const unlock = await lockFolder(stateDir)
  try {
    const embedded = new EmbeddedDatabase(join(stateDir, 'pg'), log, unlock)
    await embedded.query('SELECT 1')
    return embedded
  } catch (error) {
    unlock()
    throw error
  }
}

class EmbeddedDatabase implements Engine {
  readonly kind = 'embedded'
  readonly #scope = new TransactionScope()
  readonly #listeners = new Map<Listener, () => Promise<void>>()
  readonly #folder: string
  readonly #log: Log
  readonly #unlock: () => void
  #pg: DurablePGlite | undefined
  #starting: Promise<DurablePGlite> | undefined
  #failedAt = -Infinity
  #closed = false

  constructor(folder: string, log: Log, unlock: () => void) {
    this.#folder = folder
    this.#log = log
    this.#unlock = unlock
  }

  async query<T extends object>(sql: string, values?: readonly unknown[]): Promise<readonly T[]> {
    return await this.#use((pg) => pg.runExclusive(() => pg.statements.run<T>(sql, values)))
  }

  async transaction<T>(run: (tx: Queryable) => Promise<T>): Promise<T> {
    return await this.#use((pg) =>
      pg.runExclusive(async () => {
        const { statements } = pg
        await statements.run('BEGIN')
        try {
          const result = await this.#scope.run({ query: (sql, values) => statements.run(sql, values) }, run)
          await statements.commit()
          return result
        } catch (error) {
          // One that stopped has nothing to roll back.
          if (!pg.aborted) await statements.run('ROLLBACK')
          throw error
        }
      }),
    )
  }

  async script(sql: string): Promise<readonly unknown[]> {
    // A script that brings its own BEGIN and COMMIT must not leave the one connection within a failed transaction.
    return await this.#use((pg) => pg.transaction(async (tx) => (await tx.exec(sql)).at(-1)?.rows ?? []))
  }

  async exclusively<T>(run: () => Promise<T>): Promise<T> {
    return await run()
  }

  async listen(channel: string, wake: (payload: string) => void): Promise<() => Promise<void>> {
    const listener = { channel, wake: (payload: string) => this.#scope.leave(() => wake(payload)) }
    await this.#use(async (pg) => this.#listeners.set(listener, await pg.listen(channel, listener.wake)))
    return async () => {
      const stop = this.#listeners.get(listener)
      this.#listeners.delete(listener)
      if (!this.#closed) await stop?.()
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#starting?.catch(() => undefined)
    if (this.#pg?.aborted === false) await this.#pg.close()
    this.#unlock()
  }

  async #use<T>(run: (pg: DurablePGlite) => Promise<T>): Promise<T> {
    this.#scope.assertOutside()
    if (this.#closed) throw new StoreUnavailableError('the embedded database is closed; start the daemon again')
    const pg = await this.#started()
    try {
      return await run(pg)
    } catch (error) {
      if (pg.aborted) throw stopped(error)
      throw outageOf(error) ?? error
    }
  }

  async #started(): Promise<DurablePGlite> {
    if (this.#pg?.aborted === false) return this.#pg
    if (performance.now() - this.#failedAt < RESTART_MS) throw stopped()
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined))
    return await this.#starting
  }

  async #start(): Promise<DurablePGlite> {
    const again = this.#pg !== undefined
    if (again) {
      const { code, message } = stopped()
      if (this.#failedAt === -Infinity) this.#log.error({ code, folder: this.#folder }, message)
      ;(this.#pg!.fs as DurableFolder).abandon()
    }
    try {
      const pg = await startPGlite(this.#folder)
      for (const listener of this.#listeners.keys()) {
        this.#listeners.set(listener, await pg.listen(listener.channel, listener.wake))
      }
      if (again) this.#log.warn({ folder: this.#folder }, 'the embedded database runs again')
      this.#failedAt = -Infinity
      this.#pg = pg
      return pg
    } catch (error) {
      this.#failedAt = performance.now()
      throw again ? stopped(error) : error
    }
  }
}
