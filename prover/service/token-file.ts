// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from '../binfile'

/** The operator's own token of the API, readable by the daemon's user only. `zkml jobs` reads it there. */
export function operatorTokenFile(stateDir: string): string {
  return join(stateDir, 'api.token')
}

/** SHA-256 of a token, as the configuration has it. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** The operator's token; made at the first start. */
export async function operatorToken(stateDir: string): Promise<string> {
  const file = operatorTokenFile(stateDir)
  if (!existsSync(file)) await writeFileAtomic(file, [Buffer.from(`${randomBytes(32).toString('base64url')}\n`)], 0o600)
  return readFileSync(file, 'utf8').trim()
}
