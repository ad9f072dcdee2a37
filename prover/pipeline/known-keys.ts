// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256File, type FileBytes, type R1cs } from '../binfile'
import { checkKeyMatchesCircuit } from '../groth16'
import { cacheFolder } from '../project'
import type { UniversalSystem } from '../universal'
import { ArtefactError } from './artefacts'

/**
 * Nobody proves hidden data under a key that was not checked (DESIGN 5.8). This machine remembers, by content, which
 * proving keys it made itself or has checked against which circuit.
 */
function recordOf(zkeyHash: string, r1csHash: string): string {
  return join(cacheFolder(), 'keys', createHash('sha256').update(`${zkeyHash}:${r1csHash}`).digest('hex'))
}

/** Remembers a key made here, or found consistent. */
export async function rememberKey(zkey: string, r1csHash: string): Promise<void> {
  remember(recordOf(await sha256File(zkey), r1csHash))
}

function remember(record: string): void {
  try {
    mkdirSync(join(cacheFolder(), 'keys'), { recursive: true, mode: 0o700 })
    writeFileSync(record, '')
  } catch {
    // Without a cache the key is only checked again.
  }
}

/**
 * Checks that a proving key of unknown origin is consistent with the circuit, once.
 *
 * @returns whether a check was needed.
 * @throws KeyMismatchError, UnsafeVerifyingKeyError
 */
export async function requireKnownKey(
  zkey: FileBytes,
  r1cs: R1cs,
  r1csHash: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const record = recordOf(createHash('sha256').update(zkey.bytes).digest('hex'), r1csHash)
  if (existsSync(record)) return false
  await checkKeyMatchesCircuit(zkey, r1cs, signal && { signal })
  remember(record)
  return true
}

/**
 * Refuses a universal key that was not made on this machine: circuit and powers of tau give it again, which is the check.
 *
 * @throws ArtefactError
 */
export async function requireOwnKey(zkey: string, r1csHash: string, system: UniversalSystem): Promise<void> {
  if (existsSync(recordOf(await sha256File(zkey), r1csHash))) return
  throw new ArtefactError(
    `${zkey} was not made on this machine, and the model hides data from others; make it again from the same ` +
      `powers of tau with "zkml setup --system ${system} --ptau FILE"`,
  )
}
