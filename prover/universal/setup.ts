// SPDX-License-Identifier: GPL-3.0-or-later
import { rm } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import * as snarkjs from 'snarkjs'
import type { Logger } from 'snarkjs'

import { ZkmlError } from '../errors'
import { sha256File, withTemporaryFile, writeJsonAtomic } from '../binfile/atomic'
import { readR1cs } from '../binfile/r1cs-reader'
import { replaceFile, type SetupPaths } from '../groth16/setup'
import { withSnarkjs } from '../groth16/snarkjs-session'
import { packageVersion, projectVersion } from '../project'
import { checkUniversalPtau, estimateUniversal, requireFit, type Room, type UniversalEstimate } from './fit'
import { UNIVERSAL_KEY_SCHEMA, type UniversalKeyMetadata } from './key-metadata'
import { type PublishedPtau, universalPtau, universalSetupHash, universalTranscript } from './provenance'
import type { UniversalSystem } from './system'
import { checkUniversalKey, parseUniversalKey, type UniversalKey, universalKeyHash } from './vkey'
import { readUniversalZkey } from './zkey'

/** snarkjs could not make a universal key, or made another than it should. */
export class UniversalSetupError extends ZkmlError {
  readonly code = 'UNIVERSAL_SETUP_FAILED'

  constructor(system: UniversalSystem, path: string, reason: string, cause?: unknown) {
    super(
      `snarkjs could not set up a ${system} key from ${path}: ${reason}; check the powers-of-tau file, or use groth16`,
      cause === undefined ? undefined : { cause },
    )
  }
}

export type UniversalSetupOptions = {
  readonly system: UniversalSystem
  /** A prepared powers-of-tau file of at least the power that {@link estimateUniversal} names. */
  readonly ptau: string
  /** Called with the share done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void
  readonly signal?: AbortSignal
  /** What the setup may take; all that this machine has when absent. */
  readonly room?: Room
  /** Which powers of tau are published ones; those of Hermez when absent. */
  readonly published?: PublishedPtau
}

export type UniversalSetupResult = { readonly metadata: UniversalKeyMetadata; readonly key: UniversalKey }

/**
 * Makes the proving key of a circuit in a universal system, with its verification key and metadata. Nothing is drawn at
 * random: circuit and powers of tau give the same key on every machine. What will not fit is refused before any work.
 * Each file is complete or absent, and the metadata is the last to appear.
 *
 * @throws RepeatedWireError, UniversalFitError, PtauTooSmallError, PtauNotPreparedError, BinFileError,
 * UnsafeUniversalKeyError, UniversalSetupError
 * @example
 * ```ts
 * const { metadata } = await universalSetup(paths, { system: 'plonk', ptau: 'powersOfTau28_hez_final_17.ptau' })
 * ```
 */
export async function universalSetup(paths: SetupPaths, options: UniversalSetupOptions): Promise<UniversalSetupResult> {
  const { system, ptau } = options
  const r1cs = readR1cs(paths.r1cs)
  const estimate = estimateUniversal(r1cs, system)
  requireFit(estimate, paths.zkey, options.room)
  checkUniversalPtau(ptau, estimate)
  const origin = await universalPtau(ptau, options)
  options.signal?.throwIfAborted()
  const result = await withTemporaryFile(paths.zkey, async (temporary) => {
    const json = await withSnarkjs(async () => {
      await makeKey(paths.r1cs, temporary, options)
      return snarkjs.zKey.exportVerificationKey(temporary)
    })
    options.signal?.throwIfAborted()
    const key = parseUniversalKey(json)
    checkUniversalKey(key)
    checkCounts(temporary, key, estimate, options)
    const hashOf = async (path: string): Promise<string> => `0x${await sha256File(path)}`
    const identity = {
      system,
      ptau: origin,
      r1csHash: await hashOf(paths.r1cs),
      zkeyHash: await hashOf(temporary),
      vkHash: universalKeyHash(key),
    }
    const transcript = universalTranscript(identity)
    const metadata: UniversalKeyMetadata = {
      schema: UNIVERSAL_KEY_SCHEMA,
      setupHash: universalSetupHash(transcript),
      ...identity,
      nPublic: key.nPublic,
      nConstraints: r1cs.nConstraints,
      gates: estimate.gates,
      additions: estimate.additions,
      domainSize: estimate.domainSize,
      tools: { zkml: projectVersion(), snarkjs: packageVersion('snarkjs') },
    }
    // From here on an interruption leaves no metadata rather than metadata of another key.
    await rm(paths.metadata, { force: true })
    if (paths.transcript !== undefined) await replaceFile(paths.transcript, transcript)
    await writeJsonAtomic(paths.verificationKey, json)
    return { metadata, key }
  })
  await writeJsonAtomic(paths.metadata, result.metadata)
  options.onProgress?.(1)
  return result
}

async function makeKey(r1cs: string, zkey: string, { system, ptau, onProgress }: UniversalSetupOptions): Promise<void> {
  const logger = stageLogger(onProgress)
  const restore = dropRemarks()
  try {
    const result = await snarkjs[system].setup(r1cs, ptau, zkey, logger)
    if (result === -1) throw new Error(logger.lastError)
  } catch (error) {
    throw new UniversalSetupError(system, ptau, error instanceof Error ? error.message : String(error), error)
  } finally {
    restore()
  }
}

/** The key has the gates that were counted: else it is of another circuit than the one that was counted, and bound to. */
function checkCounts(
  zkey: string,
  key: UniversalKey,
  estimate: UniversalEstimate,
  options: UniversalSetupOptions,
): void {
  const { gates, additions, wires, nPublic, domainSize, power } = estimate
  const made = readUniversalZkey(zkey)
  if (!isDeepStrictEqual(made.counts, { gates, additions, wires, nPublic, domainSize, power }))
    throw new UniversalSetupError(
      options.system,
      options.ptau,
      `it made ${made.counts.gates} gates instead of ${gates}`,
    )
  if (universalKeyHash(made.key) !== universalKeyHash(key))
    throw new UniversalSetupError(
      options.system,
      options.ptau,
      'its verification key is not the one in its proving key',
    )
}

/** snarkjs tells stdout of each wire that occurs nowhere, where a command prints its result. */
function dropRemarks(): () => void {
  const { log } = console
  console.log = (...values: unknown[]) => {
    if (values[0] !== 'Variable not used') log(...values)
  }
  return () => {
    console.log = log
  }
}

/** Parts of a setup in the order in which snarkjs logs them, which take about as long each. */
const STAGES: readonly RegExp[] = [
  /^writing Additions|Section 3\./,
  /^writing Qm|Section 7\./,
  /^writing Ql|Section 8\./,
  /^writing Qr|Section 9\./,
  /^writing Qo|Section 10\./,
  /^writing Qc|Section 11\./,
  /^writing sigma phase1|Sections 12/,
  /^writing sigma phase2|Section 15\./,
  /^writing lagrange|Section 17\./,
]

/** Turns snarkjs' log lines into a fraction that never falls, and remembers the last error. */
function stageLogger(onProgress: UniversalSetupOptions['onProgress']): Logger & { readonly lastError: string } {
  let reached = 0
  let lastError = 'it gave no reason'
  const read = (message: string): void => {
    for (let stage = STAGES.length; stage > reached; stage--) {
      if (!STAGES[stage - 1]!.test(message)) continue
      reached = stage
      onProgress?.(stage / (STAGES.length + 1))
    }
  }
  return {
    debug: read,
    info: read,
    warn: () => undefined,
    error: (message) => {
      lastError = message
    },
    get lastError() {
      return lastError
    },
  }
}
