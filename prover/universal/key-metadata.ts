// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs'

import { KeyMetadataError, ZERO_HASH } from '../groth16/key-metadata'
import { type ProofSystem, UNIVERSAL_SYSTEMS, type UniversalSystem } from './system'

/** What is known of a universal key, kept beside it; hashes are 0x strings of 32 bytes. */
export type UniversalKeyMetadata = {
  readonly schema: typeof UNIVERSAL_KEY_SCHEMA
  readonly system: UniversalSystem
  /** The powers of tau are of unknown origin: whoever knows their secret can forge, so the key is `dev` (DESIGN 5.7). */
  readonly kind: 'unknown-ptau'
  /** 0 as long as the powers of tau are not those of a public ceremony; part of the circuit hash. */
  readonly setupHash: string
  /** SHA-256 of the powers-of-tau file. The key follows from it and the circuit: anyone can make it again. */
  readonly ptauHash: string
  /** SHA-256 of the `.r1cs` file. */
  readonly r1csHash: string
  /** SHA-256 of the `.zkey` file. */
  readonly zkeyHash: string
  /** keccak256 of the canonical key bytes of the system. */
  readonly vkHash: string
  readonly nPublic: number
  /** Rows of the circuit. */
  readonly nConstraints: number
  /** Rows of the gate table, and those of them that affine maps cost. */
  readonly gates: number
  readonly additions: number
  readonly domainSize: number
  readonly tools: Readonly<Record<string, string>>
}

export const UNIVERSAL_KEY_SCHEMA = 'zkml/universal-key/1'

const HASH = /^0x[0-9a-f]{64}$/
const HASHES = ['setupHash', 'ptauHash', 'r1csHash', 'zkeyHash', 'vkHash'] as const
const COUNTS = ['nPublic', 'nConstraints', 'gates', 'additions', 'domainSize'] as const

/**
 * The proof system that a key's metadata is of.
 *
 * @throws KeyMetadataError when it cannot be read.
 */
export function readKeySystem(path: string): ProofSystem {
  const { schema, system } = readJson(path)
  if (schema !== UNIVERSAL_KEY_SCHEMA) return 'groth16'
  return UNIVERSAL_SYSTEMS.find((name) => name === system) ?? fail(path, `"system" is none of plonk, fflonk`)
}

/**
 * Reads and checks the metadata of a universal key.
 *
 * @throws KeyMetadataError
 */
export function readUniversalKeyMetadata(path: string): UniversalKeyMetadata {
  const fields = readJson(path)
  if (fields['schema'] !== UNIVERSAL_KEY_SCHEMA) return fail(path, `its schema is not "${UNIVERSAL_KEY_SCHEMA}"`)
  const system = readKeySystem(path)
  if (system === 'groth16' || fields['kind'] !== 'unknown-ptau') return fail(path, '"kind" is not "unknown-ptau"')
  for (const name of HASHES) {
    const value = fields[name]
    if (typeof value !== 'string' || !HASH.test(value))
      fail(path, `"${name}" is not a 0x string of 32 bytes in lower case`)
  }
  for (const name of COUNTS) {
    if (!Number.isSafeInteger(fields[name]) || (fields[name] as number) < 0) fail(path, `"${name}" is not a count`)
  }
  if (fields['setupHash'] !== ZERO_HASH)
    fail(path, 'its powers of tau are of unknown origin, so its setupHash must be 0')
  return fields as UniversalKeyMetadata
}

function readJson(path: string): Readonly<Record<string, unknown>> {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new KeyMetadataError(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail(path, 'it is not a JSON object')
  return json as Readonly<Record<string, unknown>>
}

function fail(path: string, problem: string): never {
  throw new KeyMetadataError(path, problem)
}
