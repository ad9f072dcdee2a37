// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { maskUrl, type Config } from '../../service/config'
import { createLog } from '../../service/log'
import { DataKeyError, loadDataKey, StoreInUseError } from '../../service/store'
import { dataKeyFile } from '../../service/store/data-key'
import { inspectStore, type StoreFindings } from '../../service/store/inspect'
import { checkFolder, type Check } from './check'

type Environment = Readonly<Record<string, string | undefined>>

/** Folder, data key and database. */
export function storeChecks({ stateDir, database: { url } }: Config, env: Environment): readonly Check[] {
  const folder = resolve(stateDir)
  const ownFolder = url === undefined ? folder : undefined
  let dataKey: Uint8Array | undefined
  return [
    { name: 'state', run: () => checkFolder(folder, 'set stateDir to another') },
    {
      name: 'data key',
      run: () => {
        const inFile = env.ZKML_DATA_KEY === undefined && ownFolder !== undefined
        if (inFile && !existsSync(dataKeyFile(ownFolder))) return `${dataKeyFile(ownFolder)} is made at the first start`
        dataKey = loadDataKey({ stateDir: ownFolder, env })
        return inFile ? `${dataKeyFile(ownFolder)}, for its owner only` : 'in ZKML_DATA_KEY'
      },
    },
    {
      name: 'database',
      run: async () => {
        const place = url === undefined ? { stateDir: folder } : { databaseUrl: url }
        const what = url === undefined ? 'embedded' : maskUrl(url)
        try {
          return describeStore(what, await inspectStore(place, { dataKey, log: createLog('silent') }))
        } catch (error) {
          if (!(error instanceof StoreInUseError)) throw error
          return `${what}, in use by ${error.pid === undefined ? 'another process' : `process ${error.pid}`}`
        }
      },
    },
  ]
}

function describeStore(what: string, found: StoreFindings | undefined): string {
  if (found === undefined) return `${what}, made at the first start`
  const { postgres, version, newest, mayCreate, keyFits } = found
  if (keyFits === false)
    throw new DataKeyError(
      'the data key is not the one this database was first used with; restore that one, or inputs that are stored stay unreadable',
    )
  if (version < newest && !mayCreate)
    throw new Error(`the role of ${what} may not make schemas; make it the owner of the database`)
  const schema = version === 0 ? 'no schema yet' : `schema version ${version}`
  return `${what}, PostgreSQL ${postgres}, ${schema}${version < newest ? `; the next start brings it to version ${newest}` : ''}`
}
