// SPDX-License-Identifier: GPL-3.0-or-later

import { PGlite } from '@electric-sql/pglite'
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheFolder, packageVersion } from '../../project'
import { DURABLE_PARAMETERS, DurableFolder, syncPath, syncTree } from './durable-folder'
import { StoreFolderError, StoreUnavailableError } from './errors'
import { Statements } from './statements'
import { PARSERS } from './values'

/** PGlite that says nothing more to a PostgreSQL that gave up: such a one may write anything, or wait for ever. */
export class DurablePGlite extends PGlite {
  readonly statements = new Statements(this)

  /** Whether it is of no more use. */
  get aborted(): boolean {
    return (this.fs as DurableFolder | undefined)?.aborted ?? false
  }

  override execProtocolRawSync(message: Uint8Array): Uint8Array {
    if (this.aborted) throw stopped()
    return super.execProtocolRawSync(message)
  }
}

/** What queries get whose database gave up. */
export function stopped(cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError('the embedded database stopped, as on a full or failing disk; check the disk', {
    cause,
  })
}

/**
 * Starts PostgreSQL on a folder, making it first where it is missing.
 *
 * @throws StoreFolderError when it does not start.
 */
export async function startPGlite(folder: string): Promise<DurablePGlite> {
  if (!existsSync(folder)) await initialise(folder)
  return await start(folder)
}

/** Makes the database beside its place first: what a crash left half made would be taken for a database. */
async function initialise(folder: string): Promise<void> {
  const draft = `${folder}.new`
  rmSync(draft, { recursive: true, force: true })
  const template = templateFolder()
  if (existsSync(template)) cpSync(template, draft, { recursive: true })
  else {
    mkdirSync(draft, { mode: 0o700 })
    await (await start(draft)).close()
    keepTemplate(draft, template)
  }
  chmodSync(draft, 0o700)
  syncTree(draft)
  renameSync(draft, folder)
  syncPath(dirname(folder))
}

/** An empty database to copy, because making one takes seconds; beside the compiled gadgets. */
function templateFolder(): string {
  return join(cacheFolder(), 'postgres', packageVersion('@electric-sql/pglite'))
}

function keepTemplate(database: string, template: string): void {
  const draft = `${template}.${process.pid}`
  try {
    cpSync(database, draft, { recursive: true })
    renameSync(draft, template)
  } catch {
    // Without a cache, or when another process was faster, nothing is lost but time.
    rmSync(draft, { recursive: true, force: true })
  }
}

async function start(folder: string): Promise<DurablePGlite> {
  const fs = new DurableFolder(folder)
  const pg = new DurablePGlite({ fs, startParams: DURABLE_PARAMETERS, parsers: { ...PARSERS } })
  try {
    await pg.waitReady
    return pg
  } catch (cause) {
    fs.abandon()
    throw new StoreFolderError(
      `the database in "${folder}" does not start; check that the disk has room, or restore it from a backup`,
      { cause },
    )
  }
}
