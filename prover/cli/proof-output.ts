// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { writeJsonAtomic } from '../binfile'
import type { IoSchema } from '../encodings'
import type { ProvedInference } from '../pipeline'
import { FileError } from './errors'

const OWNER_ONLY = 0o600

/**
 * Writes a proof and, before it, the secrets of its hashed tensors: no proof is left whose commitments nobody can open.
 *
 * @returns The path of the secrets, or null when there are none.
 */
export async function writeProof(path: string, schema: IoSchema, proven: ProvedInference): Promise<string | null> {
  const { proofToJson, secretsToJson } = await import('../pipeline')
  const secrets = proven.secrets.length > 0 ? `${path}.secrets.json` : null
  if (secrets !== null && existsSync(secrets))
    throw new FileError(`${secrets} holds the secrets of another proof; move it away, or give another --out`)
  if (secrets !== null) await writeJsonAtomic(secrets, secretsToJson(proven.modelHash, proven.secrets), OWNER_ONLY)
  try {
    await writeJsonAtomic(path, proofToJson(schema, proven))
  } catch (error) {
    if (secrets !== null) await rm(secrets, { force: true })
    throw error
  }
  return secrets
}
