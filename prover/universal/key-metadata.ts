// SPDX-License-Identifier: GPL-3.0-or-later
import { KeyMetadataError, readKeyJson } from '../groth16/key-metadata'
import { type UniversalPtau, universalSetupHash, universalTranscript } from './provenance'
import { type ProofSystem, UNIVERSAL_SYSTEMS, type UniversalSystem } from './system'

/** What is known of a universal key, kept beside it; hashes are 0x strings of 32 bytes. */
export type UniversalKeyMetadata = {
  readonly schema: typeof UNIVERSAL_KEY_SCHEMA
  readonly system: UniversalSystem
  /** 0 unless the powers of tau are published ones, then keccak256 of the transcript; part of the circuit hash. */
  readonly setupHash: string
  /**
   * The key follows from these powers of tau and the circuit: anyone can make it again. Whoever knows the secret of a file of
   * unknown origin can forge proofs, so that the key is `dev` (DESIGN 5.7).
   */
  readonly ptau: UniversalPtau
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
const HASHES = ['setupHash', 'r1csHash', 'zkeyHash', 'vkHash'] as const
const COUNTS = ['nPublic', 'nConstraints', 'gates', 'additions', 'domainSize'] as const

/** Whether someone may be able to forge proofs under a key: its verifiers are for development chains. */
export function isDevKey({ ptau }: Pick<UniversalKeyMetadata, 'ptau'>): boolean {
  return ptau.source !== 'hermez'
}

/**
 * The proof system that a key's metadata is of.
 *
 * @throws KeyMetadataError when it cannot be read.
 */
export function readKeySystem(path: string): ProofSystem {
  return systemIn(readJson(path), path)
}

function systemIn({ schema, system }: Readonly<Record<string, unknown>>, path: string): ProofSystem {
  if (schema !== UNIVERSAL_KEY_SCHEMA) return 'groth16'
  return UNIVERSAL_SYSTEMS.find((name) => name === system) ?? fail(path, '"system" is none of plonk, fflonk')
}

/**
 * Reads and checks the metadata of a universal key.
 *
 * @throws KeyMetadataError
 */
export function readUniversalKeyMetadata(path: string): UniversalKeyMetadata {
  const fields = readJson(path)
  if (systemIn(fields, path) === 'groth16') return fail(path, `its schema is not "${UNIVERSAL_KEY_SCHEMA}"`)
  for (const name of HASHES) {
    const value = fields[name]
    if (typeof value !== 'string' || !HASH.test(value))
      fail(path, `"${name}" is not a 0x string of 32 bytes in lower case`)
  }
  for (const name of COUNTS) {
    if (!Number.isSafeInteger(fields[name]) || (fields[name] as number) < 0) fail(path, `"${name}" is not a count`)
  }
  if (!isPtau(fields['ptau'])) fail(path, '"ptau" does not say where the powers of tau come from')
  const metadata = fields as UniversalKeyMetadata
  if (metadata.setupHash !== universalSetupHash(universalTranscript(metadata)))
    fail(path, 'its setupHash is not the one of its powers of tau')
  return metadata
}

function isPtau(value: unknown): value is UniversalPtau {
  if (typeof value !== 'object' || value === null) return false
  const { source, power, blake2b } = value as Readonly<Record<string, unknown>>
  const isHash = typeof blake2b === 'string' && /^[0-9a-f]{128}$/.test(blake2b)
  return (source === 'hermez' || source === 'unknown') && Number.isSafeInteger(power) && isHash
}

function readJson(path: string): Readonly<Record<string, unknown>> {
  const json = readKeyJson(path)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail(path, 'it is not a JSON object')
  return json as Readonly<Record<string, unknown>>
}

function fail(path: string, problem: string): never {
  throw new KeyMetadataError(path, problem)
}
