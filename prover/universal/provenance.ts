// SPDX-License-Identifier: GPL-3.0-or-later
import { keccak256 } from 'ethers'

import { ZERO_HASH } from '../groth16/key-metadata'
import { blake2bFile, type HermezFile, hermezFile } from '../groth16/ptau/hermez'
import { readPtauPower } from './fit'
import type { UniversalKeyMetadata } from './key-metadata'

/** Where the powers of tau of a universal key come from. */
export type UniversalPtau = {
  /** One of the files of the perpetual powers of tau that Hermez published, by its hash; or any other. */
  readonly source: 'hermez' | 'unknown'
  readonly power: number
  /** BLAKE2b-512 of the file, lower-case hex. */
  readonly blake2b: string
}

/** The published file that has a BLAKE2b-512, if any. */
export type PublishedPtau = (blake2b: string) => HermezFile | undefined

/** Finds out whether a powers-of-tau file is a published one. */
export async function universalPtau(
  path: string,
  { published = hermezFile, signal }: { readonly published?: PublishedPtau; readonly signal?: AbortSignal },
): Promise<UniversalPtau> {
  const blake2b = await blake2bFile(path, signal && { signal })
  const source = published(blake2b) === undefined ? 'unknown' : 'hermez'
  return { source, power: readPtauPower(path), blake2b }
}

export const UNIVERSAL_TRANSCRIPT = 'zkml-universal-setup/1'

/**
 * The bytes of `transcript.json`: how a key over published powers of tau came about. Anyone can make the key again and
 * compare. A key over others has none, for whoever knows their secret can forge.
 */
export function universalTranscript(
  metadata: Pick<UniversalKeyMetadata, 'system' | 'ptau' | 'r1csHash' | 'zkeyHash' | 'vkHash'>,
): Uint8Array | undefined {
  const { system, ptau, r1csHash, zkeyHash, vkHash } = metadata
  if (ptau.source !== 'hermez') return undefined
  const { source, power, blake2b } = ptau
  const transcript = {
    format: UNIVERSAL_TRANSCRIPT,
    system,
    r1csHash,
    ptau: { source, power, blake2b },
    zkeyHash,
    vkHash,
  }
  return new TextEncoder().encode(`${JSON.stringify(transcript, null, 2)}\n`)
}

/** The setupHash of a universal key: keccak256 of its transcript, 0 without one. */
export function universalSetupHash(transcript: Uint8Array | undefined): string {
  return transcript === undefined ? ZERO_HASH : keccak256(transcript)
}
