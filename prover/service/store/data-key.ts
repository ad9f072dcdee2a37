// SPDX-License-Identifier: GPL-3.0-or-later

import { hkdfSync, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { syncPath } from './durable-folder'
import { DataKeyError } from './errors'

const KEY_BYTES = 32
const VARIABLE = 'ZKML_DATA_KEY'

/** Where the data key is, unless `ZKML_DATA_KEY` holds it. */
export function dataKeyFile(stateDir: string): string {
  return join(stateDir, 'data.key')
}

/**
 * The key that inputs are encrypted with at rest: the environment variable `ZKML_DATA_KEY`, 32 bytes in hex or base64; without it
 * the file `<stateDir>/data.key`, made when it is missing. On a database server there is no `stateDir`: all daemons must be given
 * the same key.
 *
 * @throws DataKeyError when it is missing, malformed, or readable by others.
 * @example
 * ```ts
 * const dataKey = loadDataKey({ stateDir: '/var/lib/zkml', env: process.env })
 * ```
 */
export function loadDataKey({
  stateDir,
  env,
}: {
  readonly stateDir?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}): Uint8Array {
  const value = env[VARIABLE]
  if (value !== undefined) return parsed(value, `the environment variable ${VARIABLE}`)
  if (stateDir === undefined) {
    throw new DataKeyError(
      `a database server needs ${VARIABLE}, the same for all daemons; make one by "openssl rand -hex 32"`,
    )
  }
  const path = dataKeyFile(stateDir)
  if (statSync(path, { throwIfNoEntry: false }) === undefined) create(stateDir, path)
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new DataKeyError(`the file "${path}" can be read by others; run "chmod 600" on it`)
  }
  return parsed(readFileSync(path, 'utf8'), `the file "${path}"`)
}

/** A key for another purpose, which tells nothing of the data key and nothing of those for further purposes. */
export function deriveKey(dataKey: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', dataKey, '', `zkml ${purpose}`, KEY_BYTES))
}

function parsed(value: string, where: string): Uint8Array {
  const trimmed = value.trim()
  const hex = /^(0x)?[0-9a-f]{64}$/i.test(trimmed)
  const base64 = /^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)
  if (!hex && !base64) throw new DataKeyError(`${where} is not a key of ${KEY_BYTES} bytes in hex or base64`)
  return hex ? Buffer.from(trimmed.slice(-2 * KEY_BYTES), 'hex') : Buffer.from(trimmed, 'base64')
}

/** Appears whole or not at all; the first of two processes wins. */
function create(stateDir: string, path: string): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const descriptor = openSync(draft, 'wx', 0o600)
  try {
    writeSync(descriptor, `${randomBytes(KEY_BYTES).toString('hex')}\n`)
    fsyncSync(descriptor)
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    closeSync(descriptor)
    rmSync(draft)
  }
  syncPath(stateDir)
}
