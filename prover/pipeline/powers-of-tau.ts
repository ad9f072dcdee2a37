// SPDX-License-Identifier: GPL-3.0-or-later

import {
  blake2bFile,
  hermezFile,
  MAX_VERIFIED_POWER,
  pointEngine,
  ptauContributions,
  verifyPtau,
  withPtau,
  type TranscriptEntry,
} from '../groth16'
import { staged, type Progress } from './progress'

/** What is known of a powers-of-tau file. */
export type PtauReport = {
  /** It serves circuits of up to 2^power rows. */
  readonly power: number
  /** Power of the ceremony; larger where the file was cut down. */
  readonly ceremonyPower: number
  readonly prepared: boolean
  /** BLAKE2b-512 of the file, lower-case hex. */
  readonly blake2b: string
  /** Name of the published file with that hash. */
  readonly hermez: string | null
  /** Whether everything was checked, or only that the hash is a published one; null if neither was asked for. */
  readonly verified: 'full' | 'hash' | null
  /** Oldest first, with the hashes of their responses. */
  readonly contributions: readonly TranscriptEntry[]
}

/**
 * Reads a powers-of-tau file, and verifies it if asked to.
 *
 * @throws BinFileError, PtauInvalidError, PtauPowerError (too large to be verified, and not a published file)
 */
export async function inspectPtau(
  path: string,
  options: { readonly verify: boolean; readonly progress?: Progress; readonly signal?: AbortSignal },
): Promise<PtauReport> {
  const { progress, signal } = options
  const rest = (stage: string) => ({
    onProgress: (fraction: number): void => progress?.(stage, fraction),
    ...(signal && { signal }),
  })
  return withPtau(path, async (ptau) => {
    const contributions = await ptauContributions(ptau)
    const blake2b = await staged(progress, 'hash', () => blake2bFile(path, rest('hash')))
    const hermez = hermezFile(blake2b)?.name ?? null
    const isKnownByHash = hermez !== null && ptau.power > MAX_VERIFIED_POWER
    if (options.verify && !isKnownByHash) {
      await staged(progress, 'verify', () => verifyPtau(ptau, { ...rest('verify'), engine: pointEngine() }))
    }
    const { power, ceremonyPower, isPrepared: prepared } = ptau
    const verified = options.verify ? (isKnownByHash ? 'hash' : 'full') : null
    return { power, ceremonyPower, prepared, blake2b, hermez, verified, contributions }
  })
}
