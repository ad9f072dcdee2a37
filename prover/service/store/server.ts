// SPDX-License-Identifier: GPL-3.0-or-later

import { Pool, types, type PoolClient } from 'pg'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log'
import type { Queryable } from './database'
import type { Engine } from './engine'
import { StoreUnavailableError } from './errors'
import { Listener } from './listener'
import { outageOf } from './outage'
import { TransactionScope } from './transaction-scope'
import { parameters, PARSERS } from './values'

const CONNECTIONS = 10
const CONNECT_MS = 5000
/** No query of ours takes nearly as long; what does hangs on a dead connection. */
const QUERY_MS = 60_000
const TRANSACTION_ATTEMPTS = 5
/** Key of the advisory lock under which one daemon changes the schema: "zkml" in ASCII. */
const SCHEMA_LOCK = 0x7a6b6d6c

/** How connections of this program read columns; other users of `pg` in the process keep theirs. */
export const TYPES: typeof types = {
  ...types,
  getTypeParser: ((id: number, format: 'text' | 'binary') =>
    (format !== 'binary' && PARSERS[id]) || types.getTypeParser(id, format)) as typeof types.getTypeParser,
}

/**
 * Connects to a PostgreSQL server.
 *
 * @throws StoreUnavailableError when it does not answer.
 */
export async function openServer(databaseUrl: string, log: Log): Promise<Engine> {
  const options = {
    connectionString: databaseUrl,
    application_name: 'zkml',
    types: TYPES,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: QUERY_MS,
    query_timeout: QUERY_MS + 5000,
    idle_in_transaction_session_timeout: QUERY_MS,
  }
  const pool = new Pool({ ...options, max: CONNECTIONS })
  // Idle connections and those at work lose their server alike; neither may end the process.
  pool.on('error', (error) => log.warn({ reason: error.message }, 'an idle database connection was lost'))
  pool.on('connect', (client) => client.on('error', () => undefined))
  const listener = new Listener(options, log)
  const scope = new TransactionScope()
  let closed = false

  const connect = async (): Promise<PoolClient> => {
    scope.assertOutside()
    if (closed) throw new StoreUnavailableError('the connection to the database is closed; start the daemon again')
    return await translated(() => pool.connect())
  }
  const borrow = async <T>(use: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await connect()
    try {
      const result = await translated(() => use(client))
      client.release()
      return result
    } catch (error) {
      // A connection in doubt is not used again.
      client.release(error instanceof StoreUnavailableError)
      throw error
    }
  }
  const once = async <T>(run: (tx: Queryable) => Promise<T>): Promise<T> =>
    await borrow(async (client) => {
      await client.query('BEGIN')
      try {
        const result = await scope.run(queryable(client), run)
        const { command } = await client.query('COMMIT')
        if (command !== 'COMMIT') throw new Error('the transaction was undone, because an error in it was swallowed')
        return result
      } catch (error) {
        if (outageOf(error) === undefined) await client.query('ROLLBACK')
        throw error
      }
    })

  const engine: Engine = {
    kind: 'server',
    query: async (sql, values) => await borrow((client) => queryable(client).query(sql, values)),
    transaction: async (run) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(run)
        } catch (error) {
          if (!isRace(error) || attempt === TRANSACTION_ATTEMPTS) throw error
          await sleep(Math.random() * 20 * 2 ** attempt)
        }
      }
    },
    script: async (sql) =>
      await borrow(async (client) => {
        await client.query('BEGIN')
        try {
          const results = await client.query(sql)
          await client.query('COMMIT')
          return (Array.isArray(results) ? results.at(-1) : results).rows
        } catch (error) {
          if (outageOf(error) === undefined) await client.query('ROLLBACK')
          throw error
        }
      }),
    exclusively: async (run) =>
      await borrow(async (client) => {
        await client.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK])
        try {
          return await run()
        } finally {
          await client.query('SELECT pg_advisory_unlock($1)', [SCHEMA_LOCK])
        }
      }),
    listen: (channel, wake) => listener.listen(channel, (payload) => scope.leave(() => wake(payload))),
    close: async () => {
      if (closed) return
      closed = true
      await listener.close()
      await pool.end()
    },
  }
  try {
    await engine.query('SELECT 1')
    return engine
  } catch (error) {
    await engine.close()
    throw error
  }
}

function queryable(client: PoolClient): Queryable {
  return {
    query: async <T extends object>(sql: string, values: readonly unknown[] = []) =>
      await translated(async () => (await client.query<T>(sql, parameters(values))).rows),
  }
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw outageOf(error) ?? error
  }
}

function isRace(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === '40001' || code === '40P01'
}
