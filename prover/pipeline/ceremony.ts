// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, mkdirSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FileWriteError, readR1cs, readWholeFile, sha256File } from '../binfile'
import { ZkmlError } from '../errors'
import {
  ceremonyTranscript,
  checkKeyMatchesCircuit,
  checkUsable,
  encodeTranscript,
  initialKey,
  pointEngine,
  ptauProvenance,
  readKeyMetadata,
  saveKey,
  transcriptSetupHash,
  verifyKey,
  withPtau,
  writeInitialKey,
  type CeremonyTranscript,
  type EngineOptions,
  type PtauProvenance,
  type SetupResult,
  type VerifiedKey,
} from '../groth16'
import { ArtefactError, artefactPaths, readArtefact } from './artefacts'
import { rememberKey } from './known-keys'
import { openCircuit } from './model-folder'
import { staged, type Progress } from './progress'

export type CeremonyOptions = {
  /** A powers-of-tau file, prepared for phase 2. */
  readonly ptau: string
  /** Take a powers-of-tau file that is none of the published ones, after verifying it in full. */
  readonly local?: boolean
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** How a ceremony starts: where its powers of tau come from, and what the first contributor gets. */
export type CeremonyStart = {
  readonly ptau: PtauProvenance
  readonly r1csHash: string
  /** Of the key before contributions, as snarkjs prints it. */
  readonly circuitHash: string
  readonly initialKey: string
}

/**
 * Computes the key that the ceremony of a compiled model starts from: `ceremony/circuit_0000.zkey` in its folder.
 *
 * @throws ArtefactError, UnknownPtauError, PtauInvalidError, PtauTooSmallError, PtauNotPreparedError, FileWriteError
 */
export async function initCeremony(folder: string, options: CeremonyOptions): Promise<CeremonyStart> {
  const { paths, r1csHash } = await openCircuit(folder)
  const ptau = await identify(options)
  const engine = pointEngine()
  const key = await withPtau(options.ptau, (open) =>
    withProgress(options, 'initial key', (rest) => initialKey(readR1cs(paths.r1cs), open, { ...rest, engine })),
  )
  try {
    mkdirSync(dirname(paths.initialKey), { recursive: true })
  } catch (error) {
    throw new FileWriteError(paths.initialKey, error)
  }
  await writeInitialKey(paths.initialKey, key)
  const circuitHash = Buffer.from(key.circuitHash).toString('hex')
  return { ptau, r1csHash, circuitHash, initialKey: paths.initialKey }
}

/** What was found of a key. */
export type VerifiedCeremony = {
  readonly transcript: CeremonyTranscript
  readonly setupHash: string
  /** Why the key must not be used yet; null for one that may. */
  readonly unfinished: string | null
}

/**
 * Verifies a ceremony from the circuit and the powers of tau on. The folder's own key must be finished, and
 * `transcript.json` and `key.json` must say what is found; another key, given by `zkey`, may be on its way.
 *
 * @throws CeremonyError, ArtefactError, UnsafeVerifyingKeyError and what {@link initCeremony} throws
 */
export async function verifyCeremony(
  folder: string,
  options: CeremonyOptions & { readonly zkey?: string },
): Promise<VerifiedCeremony> {
  const paths = artefactPaths(folder)
  const { zkey = paths.zkey } = options
  if (!existsSync(zkey)) readArtefact(zkey, 'zkml ceremony finalize')
  const { transcript, ...verified } = await verifyWith(folder, zkey, options)
  const setupHash = transcriptSetupHash(transcript)
  if (options.zkey !== undefined) return { transcript, setupHash, unfinished: faultOf(zkey, verified) }
  checkUsable(zkey, verified)
  const metadata = readKeyMetadata(paths.keyMetadata)
  const recorded = readArtefact(paths.transcript, 'zkml ceremony finalize')
  if (metadata.setupHash !== setupHash || Buffer.compare(recorded, encodeTranscript(transcript)) !== 0) {
    throw new ArtefactError(
      `${paths.transcript} and key.json do not say how the key was made; get the folder again, or run "zkml ceremony finalize"`,
    )
  }
  return { transcript, setupHash, unfinished: null }
}

function faultOf(zkey: string, verified: VerifiedKey): string | null {
  try {
    checkUsable(zkey, verified)
    return null
  } catch (error) {
    if (error instanceof ZkmlError) return error.message
    throw error
  }
}

/**
 * Verifies a contributed key and makes it the key of the model: proving key, verification key, transcript and metadata.
 *
 * @throws CeremonyError, UnsafeVerifyingKeyError and what {@link initCeremony} throws
 */
export async function finalizeCeremony(
  folder: string,
  options: CeremonyOptions & { readonly zkey: string },
): Promise<SetupResult & { readonly transcript: CeremonyTranscript }> {
  const { paths, r1csHash } = await openCircuit(folder)
  if (!existsSync(options.zkey))
    throw new ArtefactError(`${options.zkey} does not exist; give the last key of the ceremony`)
  let transcript: CeremonyTranscript | undefined
  const result = await saveKey({ ...paths, metadata: paths.keyMetadata }, async (temporary) => {
    await copyFile(options.zkey, temporary).catch((error: unknown) => {
      throw new FileWriteError(temporary, error)
    })
    // What is checked is the copy, whatever happens to the file meanwhile.
    const verified = await verifyWith(folder, temporary, options)
    checkUsable(options.zkey, verified)
    transcript = verified.transcript
    const origin = { kind: 'ceremony', setupHash: transcriptSetupHash(transcript), ptau: transcript.ptau } as const
    return { origin, transcript: encodeTranscript(transcript) }
  })
  await rememberKey(paths.zkey, r1csHash)
  return { ...result, transcript: transcript! }
}

/**
 * Checks a key against the circuit of a folder without its powers of tau; see `checkKeyMatchesCircuit`.
 *
 * @throws KeyMismatchError, UnsafeVerifyingKeyError, BinFileError
 */
export async function verifySetup(
  folder: string,
  options: { readonly zkey?: string; readonly progress?: Progress; readonly signal?: AbortSignal },
): Promise<{ readonly zkey: string; readonly r1csHash: string }> {
  const { paths, r1csHash } = await openCircuit(folder)
  const { zkey = paths.zkey } = options
  if (!existsSync(zkey)) readArtefact(zkey, 'zkml setup')
  await withProgress(options, 'check key', (rest) => checkKeyMatchesCircuit(readWholeFile(zkey), paths.r1cs, rest))
  await rememberKey(zkey, r1csHash)
  return { zkey, r1csHash }
}

async function verifyWith(
  folder: string,
  zkey: string,
  options: CeremonyOptions,
): Promise<VerifiedKey & { readonly transcript: CeremonyTranscript }> {
  const { paths, r1csHash } = await openCircuit(folder)
  const ptau = await identify(options)
  const engine = pointEngine()
  const verified = await withPtau(options.ptau, (open) =>
    withProgress(options, 'verify key', (rest) => verifyKey(zkey, readR1cs(paths.r1cs), open, { ...rest, engine })),
  )
  const zkeyHash = `0x${await sha256File(zkey)}`
  return { ...verified, transcript: await ceremonyTranscript({ ...verified, ptau, r1csHash, zkeyHash }) }
}

async function identify(options: CeremonyOptions): Promise<PtauProvenance> {
  const engine = pointEngine()
  const local = options.local ?? false
  return withProgress(options, 'check powers of tau', (rest) =>
    ptauProvenance(options.ptau, { ...rest, engine, local }),
  )
}

function withProgress<T>(
  { progress, signal }: Pick<CeremonyOptions, 'progress' | 'signal'>,
  stage: string,
  work: (options: EngineOptions) => Promise<T>,
): Promise<T> {
  const onProgress = (fraction: number): void => progress?.(stage, fraction)
  return staged(progress, stage, () => work({ onProgress, ...(signal && { signal }) }))
}
