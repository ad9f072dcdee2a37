// SPDX-License-Identifier: GPL-3.0-or-later

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Log } from '../log'
import type { Queryable } from './database'
import type { Engine } from './engine'
import { DataKeyError, SecretUnreadableError } from './errors'
import { FINAL_STATES } from './job'
import type { SecretStore } from './store'

const CIPHER = 'aes-256-gcm'
const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 1 + NONCE_BYTES + TAG_BYTES
/** Place and content of the sample by which a data key is known again. */
const SAMPLE = 'data key'

/** Encrypts for a place: version (1) ‖ nonce (12) ‖ tag (16) ‖ ciphertext. It can be decrypted for the same place only. */
export function seal(key: Uint8Array, place: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(place))
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed])
}

/** Decrypts what {@link seal} made; undefined with another key, another place, or changed bytes. */
export function unseal(key: Uint8Array, place: string, blob: Uint8Array): Buffer | undefined {
  if (blob.length < HEADER_BYTES || blob[0] !== VERSION) return undefined
  const nonce = blob.subarray(1, 1 + NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(place)).setAuthTag(blob.subarray(1 + NONCE_BYTES, HEADER_BYTES))
  try {
    return Buffer.concat([decipher.update(blob.subarray(HEADER_BYTES)), decipher.final()])
  } catch {
    return undefined
  }
}

/** Secrets in the table `zkml.secrets`. Values are anything that JSON can say. */
export function secretStore(key: Uint8Array): SecretStore {
  const place = (jobId: string, name: string): string => `${jobId}/${name}`
  return {
    async put(tx, jobId, name, value) {
      await tx.query(
        `INSERT INTO zkml.secrets (job_id, name, blob) VALUES ($1, $2, $3)
         ON CONFLICT (job_id, name) DO UPDATE SET blob = excluded.blob`,
        [jobId, name, seal(key, place(jobId, name), Buffer.from(JSON.stringify(value)))],
      )
    },

    async get(tx, jobId, name) {
      const [row] = await tx.query<{ blob: Buffer }>('SELECT blob FROM zkml.secrets WHERE job_id = $1 AND name = $2', [
        jobId,
        name,
      ])
      if (row === undefined) return undefined
      const plain = unseal(key, place(jobId, name), row.blob)
      if (plain === undefined) throw new SecretUnreadableError(jobId, name)
      return JSON.parse(plain.toString()) as unknown
    },

    async has(tx, jobId, name) {
      const rows = await tx.query('SELECT FROM zkml.secrets WHERE job_id = $1 AND name = $2', [jobId, name])
      return rows.length === 1
    },

    async erase(tx, ageMs) {
      const rows = await tx.query(
        `DELETE FROM zkml.secrets s USING zkml.jobs j
         WHERE j.id = s.job_id AND j.state = ANY ($1) AND j.final_at < now() - $2 * interval '1 ms'
         RETURNING s.name`,
        [FINAL_STATES, ageMs],
      )
      return rows.length
    },
  }
}

/** Whether this is the key that a database was first used with; undefined when none was yet. */
export async function isDataKey(db: Queryable, key: Uint8Array): Promise<boolean | undefined> {
  const [row] = await db.query<{ sample: Buffer }>('SELECT sample FROM zkml.data_key')
  return row && unseal(key, SAMPLE, row.sample) !== undefined
}

/**
 * Checks the data key against a sample that the first daemon left. A fleet must share one; the key of an embedded database may have
 * been lost, so there only the secrets that it encrypted are unreadable.
 *
 * @throws DataKeyError when the key is another one, on a server.
 */
export async function checkDataKey(engine: Engine, key: Uint8Array, log: Log): Promise<void> {
  const sample = seal(key, SAMPLE, Buffer.from(SAMPLE))
  await engine.query('INSERT INTO zkml.data_key (sample) VALUES ($1) ON CONFLICT DO NOTHING', [sample])
  if (await isDataKey(engine, key)) return
  if (engine.kind === 'server') {
    throw new DataKeyError(
      'the data key is not the one this database was first used with; set ZKML_DATA_KEY to that one, or, if it is lost, delete the rows of zkml.secrets and zkml.data_key',
    )
  }
  log.error({}, 'the data key is another one than before; inputs that are stored cannot be read until it is restored')
  await engine.query('UPDATE zkml.data_key SET sample = $1', [sample])
}
