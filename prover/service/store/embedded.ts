// SPDX-License-Identifier: GPL-3.0-or-later

import { PGlite, type Transaction } from '@electric-sql/pglite'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Queryable } from './database'
import { DURABLE_PARAMETERS, DurableFolder, syncPath, syncTree } from './durable-folder'
import type { Engine } from './engine'
import { StoreFolderError, StoreUnavailableError } from './errors'
import { lockFolder } from './folder-lock'
import { TransactionScope } from './transaction-scope'
import { parameters, PARSERS } from './values'

/**
 * Opens PostgreSQL within this process, its data in `<stateDir>/pg`. The folder belongs to this process until `close`, or its end.
 *
 * @throws StoreInUseError when another process has it; StoreFolderError when it cannot be made or read.
 */
export async function openEmbedded(stateDir: string): Promise<Engine> {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new StoreFolderError(`the state folder "${stateDir}" cannot be made; check "stateDir" and its rights`, {
      cause,
    })
  }
  const unlock = await lockFolder(stateDir)
  try {
    const folder = join(stateDir, 'pg')
    if (!existsSync(folder)) await initialise(stateDir, folder)
    return engine(await open(folder), unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

/** Makes the database beside its place first: what a crash left half made would be taken for a database. */
async function initialise(stateDir: string, folder: string): Promise<void> {
  const draft = `${folder}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  await (await open(draft)).close()
  syncTree(draft)
  renameSync(draft, folder)
  syncPath(stateDir)
}

async function open(folder: string): Promise<PGlite> {
  try {
    return await PGlite.create({
      fs: new DurableFolder(folder),
      startParams: DURABLE_PARAMETERS,
      parsers: { ...PARSERS },
    })
  } catch (cause) {
    throw new StoreFolderError(`the database in "${folder}" does not start; restore it from a backup`, { cause })
  }
}

function engine(pg: PGlite, unlock: () => void): Engine {
  const scope = new TransactionScope()
  const connection = (): PGlite => {
    scope.assertOutside()
    if (pg.closed || !pg.ready)
      throw new StoreUnavailableError('the embedded database is closed; start the daemon again')
    return pg
  }
  return {
    kind: 'embedded',
    query: async (sql, values) => await queryable(connection()).query(sql, values),
    transaction: async (run) => await connection().transaction((tx) => scope.run(queryable(tx), run)),
    // A script that brings its own BEGIN and COMMIT must not leave the one connection within a failed transaction.
    script: async (sql) => await connection().transaction(async (tx) => (await tx.exec(sql)).at(-1)?.rows ?? []),
    listen: async (channel, wake) => {
      const stop = await connection().listen(channel, (payload) => scope.leave(() => wake(payload)))
      return async () => {
        if (!pg.closed) await stop()
      }
    },
    close: async () => {
      if (pg.closed) return
      await pg.close()
      unlock()
    },
  }
}

function queryable(target: PGlite | Transaction): Queryable {
  return {
    query: async <T extends object>(sql: string, values: readonly unknown[] = []) =>
      (await target.query<T>(sql, parameters(values))).rows,
  }
}
