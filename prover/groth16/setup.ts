// SPDX-License-Identifier: GPL-3.0-or-later
import { rm } from 'node:fs/promises'
import { zKey } from 'snarkjs'

import { ZkmlError } from '../errors'
import { sha256File, withTemporaryFile, writeFileAtomic, writeJsonAtomic } from '../binfile/atomic'
import { readR1cs, readR1csCounts } from '../binfile/r1cs-reader'
import { packageVersion, projectVersion } from '../project'
import { devSetup } from './dev-setup'
import { domainOf } from './domain'
import { KEY_METADATA_SCHEMA, type KeyKind, type KeyMetadata, writeKeyMetadata, ZERO_HASH } from './key-metadata'
import { ptauSetup } from './ptau-setup'
import { withSnarkjs } from './snarkjs-session'
import { checkVerifyingKey, parseSnarkjsVerificationKey, type VerifyingKey, vkHash } from './vkey'

/** Neither or both ways to set up a key were asked for. */
export class SetupSourceError extends ZkmlError {
  readonly code = 'GROTH16_SETUP_SOURCE'

  constructor(problem: string) {
    super(
      `${problem}: give either --dev (a key made on this machine, for development only) or --ptau FILE ` +
        '(a powers-of-tau file prepared for phase 2)',
    )
  }
}

/** Where a setup reads its circuit and writes its files. */
export type SetupPaths = {
  readonly r1cs: string
  readonly zkey: string
  /** snarkjs' `verification_key.json`. */
  readonly verificationKey: string
  readonly metadata: string
  /** The transcript of a ceremony; that of an earlier key is removed. */
  readonly transcript?: string
}

export type SetupOptions = {
  /** Compute the key on this machine from toxic waste. */
  readonly dev?: boolean
  /** With `dev`: at least 32 secret bytes; fresh randomness when absent. */
  readonly entropy?: Uint8Array
  /** With `dev`, for bundled demo models only: a seed everybody knows. */
  readonly publicSeed?: string
  /** A powers-of-tau file, prepared for phase 2. */
  readonly ptau?: string
  readonly threads?: number
  /** Called with the share done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void
  readonly signal?: AbortSignal
}

export type SetupResult = { readonly metadata: KeyMetadata; readonly verifyingKey: VerifyingKey }

/**
 * Makes the proving key of a circuit, with its verification key and metadata. Each file is complete or absent, the
 * metadata is the last to appear, and a key that DESIGN 5.4 refuses is never written.
 *
 * @throws SetupSourceError, BinFileError, UnsafeVerifyingKeyError and what {@link devSetup} and {@link ptauSetup} throw
 * @example
 * ```ts
 * const { metadata } = await setup(paths, { dev: true, onProgress: (share) => bar.update(share) })
 * ```
 */
export async function setup(paths: SetupPaths, options: SetupOptions): Promise<SetupResult> {
  const kind = kindOf(options)
  const { ptau, publicSeed } = options
  return saveKey(paths, async (temporary) => {
    await makeKey(paths.r1cs, temporary, options)
    const origin = {
      kind,
      setupHash: ZERO_HASH,
      ...(publicSeed !== undefined && { publicSeed }),
      ...(ptau !== undefined && { ptauHash: `0x${await sha256File(ptau)}` }),
    }
    return { origin }
  })
}

/** What only whoever makes a key knows of it. */
export type KeyOrigin = Pick<KeyMetadata, 'kind' | 'setupHash' | 'publicSeed' | 'ptauHash' | 'ptau'>

/** The origin of a key, and the bytes of its transcript, where there is one. */
export type MadeKey = { readonly origin: KeyOrigin; readonly transcript?: Uint8Array }

/**
 * Makes a key under a temporary name, checks it, and puts it in its place with its verification key and, last, its
 * metadata.
 *
 * @param make Writes the key, and says how. What it throws leaves everything as it was.
 * @throws UnsafeVerifyingKeyError, FileWriteError
 */
export async function saveKey(paths: SetupPaths, make: (temporary: string) => Promise<MadeKey>): Promise<SetupResult> {
  const result = await withTemporaryFile(paths.zkey, async (temporary) => {
    const { origin, transcript } = await make(temporary)
    const json = await withSnarkjs(() => zKey.exportVerificationKey(temporary))
    const verifyingKey = parseSnarkjsVerificationKey(json)
    checkVerifyingKey(verifyingKey)
    const metadata = await describe(paths.r1cs, temporary, verifyingKey, origin)
    // From here on an interruption leaves no metadata rather than metadata of another key.
    await rm(paths.metadata, { force: true })
    if (paths.transcript !== undefined) await replaceFile(paths.transcript, transcript)
    await writeJsonAtomic(paths.verificationKey, json)
    return { metadata, verifyingKey }
  })
  await writeKeyMetadata(paths.metadata, result.metadata)
  return result
}

/** Writes a file, or removes it when there is nothing to write. */
export async function replaceFile(path: string, bytes: Uint8Array | undefined): Promise<void> {
  if (bytes === undefined) await rm(path, { force: true })
  else await writeFileAtomic(path, [bytes])
}

function kindOf({ dev, ptau, entropy, publicSeed }: SetupOptions): KeyKind {
  if (dev !== true && ptau === undefined) throw new SetupSourceError('a setup needs a source')
  if (dev === true && ptau !== undefined) throw new SetupSourceError('a setup has one source, but two were given')
  if (ptau !== undefined) {
    if (entropy === undefined && publicSeed === undefined) return 'ptau-single-party'
    throw new SetupSourceError('entropy and seed belong to a dev setup, but a powers-of-tau file was given')
  }
  if (publicSeed === undefined) return 'dev'
  if (entropy !== undefined) throw new SetupSourceError('entropy and a public seed exclude each other')
  return 'dev-public-seed'
}

async function makeKey(r1csPath: string, zkeyPath: string, options: SetupOptions): Promise<void> {
  const { ptau, entropy, publicSeed, threads, onProgress, signal } = options
  const common = { ...(onProgress && { onProgress }), ...(signal && { signal }) }
  if (ptau !== undefined) {
    await ptauSetup(r1csPath, ptau, zkeyPath, { ...common, ...(threads !== undefined && { threads }) })
    return
  }
  await devSetup(readR1cs(r1csPath), zkeyPath, {
    ...common,
    ...(entropy && { entropy }),
    ...(publicSeed !== undefined && { publicSeed }),
    ...(threads !== undefined && { threads }),
  })
}

async function describe(
  r1csPath: string,
  zkeyPath: string,
  verifyingKey: VerifyingKey,
  origin: KeyOrigin,
): Promise<KeyMetadata> {
  const hashOf = async (path: string): Promise<string> => `0x${await sha256File(path)}`
  const r1cs = readR1csCounts(r1csPath)
  return {
    schema: KEY_METADATA_SCHEMA,
    ...origin,
    r1csHash: await hashOf(r1csPath),
    zkeyHash: await hashOf(zkeyPath),
    vkHash: vkHash(verifyingKey),
    nPublic: verifyingKey.ic.length - 1,
    nConstraints: r1cs.nConstraints,
    nWires: r1cs.nWires,
    domainSize: domainOf(r1cs).size,
    tools: { zkml: projectVersion(), snarkjs: packageVersion('snarkjs') },
  }
}
