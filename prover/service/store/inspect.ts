// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../log'
import { openEmbedded } from './embedded'
import type { Engine } from './engine'
import { StoreVersionError } from './errors'
import { MIGRATIONS } from './migrations'
import type { StorePlace } from './open'
import { isDataKey } from './secrets'
import { openServer } from './server'

/** What is found in a database that nobody has changed for it. */
export type StoreFindings = {
  /** Version of PostgreSQL. */
  readonly postgres: string
  /** Version of the schema; 0 before the first start of a daemon. */
  readonly version: number
  /** Version to which this program brings it. */
  readonly newest: number
  /** Whether the role may make schemas. */
  readonly mayCreate: boolean
  /** Whether the data key is that of the database; undefined when it has none yet, or no key was given. */
  readonly keyFits: boolean | undefined
}

/**
 * Opens a database as a daemon would, and looks.
 *
 * @returns undefined when the folder has no database yet.
 * @throws StoreUnavailableError when the server does not answer; StoreInUseError when a daemon has the folder; StoreVersionError
 * when the database is newer than this program.
 */
export async function inspectStore(
  place: StorePlace,
  { dataKey, log }: { readonly dataKey: Uint8Array | undefined; readonly log: Log },
): Promise<StoreFindings | undefined> {
  if ('stateDir' in place && !existsSync(join(place.stateDir, 'pg'))) return undefined
  const engine =
    'stateDir' in place ? await openEmbedded(place.stateDir, log) : await openServer(place.databaseUrl, log)
  try {
    return await look(engine, dataKey)
  } finally {
    await engine.close()
  }
}

async function look(engine: Engine, dataKey: Uint8Array | undefined): Promise<StoreFindings> {
  const [server] = await engine.query<{ postgres: string; mayCreate: boolean; isUsed: boolean }>(
    `SELECT current_setting('server_version') AS postgres,
            has_database_privilege(current_database(), 'CREATE') AS "mayCreate",
            to_regclass('zkml.migrations') IS NOT NULL AS "isUsed"`,
  )
  const { postgres, mayCreate, isUsed } = server!
  const newest = MIGRATIONS.at(-1)?.version ?? 0
  const found = { postgres, mayCreate, newest }
  if (!isUsed) return { ...found, version: 0, keyFits: undefined }
  const [row] = await engine.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM zkml.migrations',
  )
  const { version } = row!
  if (version > newest) throw new StoreVersionError(version, newest)
  const keyFits = version === 0 || dataKey === undefined ? undefined : await isDataKey(engine, dataKey)
  return { ...found, version, keyFits }
}
