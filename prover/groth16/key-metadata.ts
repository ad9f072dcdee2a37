// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs'

import { ZkmlError } from '../errors'
import { type WrittenFile, writeJsonAtomic } from '../binfile/atomic'
import type { PtauProvenance } from './ceremony/provenance'

/**
 * How a key was made: from fresh or given entropy by one party, from a seed that everybody knows, or from a
 * powers-of-tau file with the phase-2 contribution of one party. All of them are `dev` in the sense of DESIGN 5.7. Only
 * a `ceremony` has a transcript.
 */
export type KeyKind = 'dev' | 'dev-public-seed' | 'ptau-single-party' | 'ceremony'

/** What is known of a key, kept beside it; hashes are 0x strings of 32 bytes. Secrets are not part of it. */
export type KeyMetadata = {
  readonly schema: typeof KEY_METADATA_SCHEMA
  readonly kind: KeyKind
  /** 0 for every setup made by one party, otherwise keccak256 of the transcript; part of the circuit hash. */
  readonly setupHash: string
  /** The seed from which anyone can rebuild the key; only of `dev-public-seed` keys. */
  readonly publicSeed?: string
  /** SHA-256 of the powers-of-tau file; only of `ptau-single-party` keys. */
  readonly ptauHash?: string
  /** Where the powers of tau come from; only of `ceremony` keys. */
  readonly ptau?: PtauProvenance
  /** SHA-256 of the `.r1cs` file. */
  readonly r1csHash: string
  /** SHA-256 of the `.zkey` file. */
  readonly zkeyHash: string
  /** keccak256 of the canonical key bytes, as `VerifyingKeyStore` computes it. */
  readonly vkHash: string
  readonly nPublic: number
  readonly nConstraints: number
  readonly nWires: number
  readonly domainSize: number
  /** Versions of what made the key, by package. */
  readonly tools: Readonly<Record<string, string>>
}

export const KEY_METADATA_SCHEMA = 'zkml/proving-key/1'
export const ZERO_HASH = `0x${'0'.repeat(64)}`

/** The metadata file of a key is missing, unreadable or not what this version writes. */
export class KeyMetadataError extends ZkmlError {
  readonly code = 'GROTH16_KEY_METADATA'

  constructor(path: string, problem: string, cause?: unknown) {
    super(`${path}: ${problem}; run \`zkml setup\` again`, cause === undefined ? undefined : { cause })
  }
}

const KINDS: readonly KeyKind[] = ['dev', 'dev-public-seed', 'ptau-single-party', 'ceremony']
const HASH = /^0x[0-9a-f]{64}$/
const BLAKE2B = /^[0-9a-f]{128}$/

/** Writes the metadata beside a key, atomically. */
export async function writeKeyMetadata(path: string, metadata: KeyMetadata): Promise<WrittenFile> {
  return writeJsonAtomic(path, metadata)
}

/**
 * Reads and checks a metadata file.
 *
 * @throws KeyMetadataError
 */
export function readKeyMetadata(path: string): KeyMetadata {
  return parseKeyMetadata(readKeyJson(path), path)
}

/**
 * Reads the JSON of a metadata file, of whatever proof system.
 *
 * @throws KeyMetadataError
 */
export function readKeyJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new KeyMetadataError(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

/** Checks parsed metadata; `path` is for messages. */
export function parseKeyMetadata(json: unknown, path = '<memory>'): KeyMetadata {
  const fail = (problem: string): never => {
    throw new KeyMetadataError(path, problem)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail('it is not a JSON object')
  const fields = json as Readonly<Record<string, unknown>>
  const text = (name: string): string => {
    const value = fields[name]
    return typeof value === 'string' ? value : fail(`"${name}" is not a string`)
  }
  const hash = (name: string): string => {
    const value = text(name)
    return HASH.test(value) ? value : fail(`"${name}" is not a 0x string of 32 bytes in lower case`)
  }
  const count = (name: string): number => {
    const value = fields[name]
    return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : fail(`"${name}" is not a count`)
  }
  const schema = text('schema')
  if (schema.startsWith('zkml/universal-key/')) return fail('the key is of PLONK or FFLONK, and Groth16 is needed here')
  if (schema !== KEY_METADATA_SCHEMA) return fail(`its schema is "${schema}", not "${KEY_METADATA_SCHEMA}"`)
  const kind = KINDS.find((name) => name === fields['kind']) ?? fail(`"kind" is none of ${KINDS.join(', ')}`)
  const setupHash = hash('setupHash')
  if (kind !== 'ceremony' && setupHash !== ZERO_HASH) {
    return fail(`a ${kind} key was made by one party, so its setupHash must be 0`)
  }
  if (kind === 'ceremony' && setupHash === ZERO_HASH) return fail('the key of a ceremony has a setupHash that is not 0')
  return {
    schema,
    kind,
    setupHash,
    ...(kind === 'dev-public-seed' ? { publicSeed: text('publicSeed') } : {}),
    ...(kind === 'ptau-single-party' ? { ptauHash: hash('ptauHash') } : {}),
    ...(kind === 'ceremony' ? { ptau: parseProvenance(fields['ptau'], fail) } : {}),
    r1csHash: hash('r1csHash'),
    zkeyHash: hash('zkeyHash'),
    vkHash: hash('vkHash'),
    nPublic: count('nPublic'),
    nConstraints: count('nConstraints'),
    nWires: count('nWires'),
    domainSize: count('domainSize'),
    tools: parseTools(fields['tools'], fail),
  }
}

function parseProvenance(value: unknown, fail: (problem: string) => never): PtauProvenance {
  if (typeof value !== 'object' || value === null) return fail('"ptau" is not an object')
  const { source, power, blake2b, contributions } = value as Readonly<Record<string, unknown>>
  if (source !== 'hermez' && source !== 'local') return fail('"ptau.source" is neither hermez nor local')
  const isCount = (number: unknown): number is number => Number.isSafeInteger(number) && (number as number) > 0
  if (!isCount(power) || !isCount(contributions)) return fail('"ptau" lacks its power or its contributions')
  if (typeof blake2b !== 'string' || !BLAKE2B.test(blake2b))
    return fail('"ptau.blake2b" is not 64 bytes in lower-case hex')
  return { source, power, blake2b, contributions }
}

function parseTools(value: unknown, fail: (problem: string) => never): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return fail('"tools" is not an object')
  for (const [name, version] of Object.entries(value)) {
    if (typeof version !== 'string') return fail(`the version of "${name}" in "tools" is not a string`)
  }
  return value as Readonly<Record<string, string>>
}
