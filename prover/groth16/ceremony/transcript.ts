// SPDX-License-Identifier: GPL-3.0-or-later
import { keccak256 } from 'ethers'

import { type VerifyingKey, vkHash } from '../vkey'
import { type Ptau, readContributions } from '../ptau/format'
import { responseHash } from '../ptau/transcript'
import type { ContributionFields } from '../contribution/fields'
import { contributionHash, type Phase2 } from './phase2'
import type { PtauProvenance } from './provenance'

export const TRANSCRIPT_FORMAT = 'zkml-ceremony/1'

/** One line of a transcript. */
export type TranscriptEntry = {
  /** What the contributor published: BLAKE2b-512, lower-case hex. */
  readonly hash: string
  readonly name?: string
  readonly beacon?: { readonly value: string; readonly iterationsExponent: number }
}

/** A ceremony in words: what anyone can recompute from circuit, powers of tau and key, and compare. */
export type CeremonyTranscript = {
  readonly format: typeof TRANSCRIPT_FORMAT
  /** SHA-256 of the `.r1cs` file, 0x. */
  readonly r1csHash: string
  readonly ptau: PtauProvenance
  /** Of the key before contributions, as snarkjs prints it: BLAKE2b-512, lower-case hex. */
  readonly circuitHash: string
  /** Oldest first. */
  readonly contributions: readonly TranscriptEntry[]
  /** SHA-256 of the `.zkey` file, 0x. */
  readonly zkeyHash: string
  readonly vkHash: string
}

export type TranscriptParts = {
  readonly r1csHash: string
  readonly ptau: PtauProvenance
  readonly phase2: Phase2
  readonly zkeyHash: string
  readonly verifyingKey: VerifyingKey
}

/** The transcript of a key that was verified: the same for everybody who does. */
export async function ceremonyTranscript(parts: TranscriptParts): Promise<CeremonyTranscript> {
  const { r1csHash, ptau, phase2, zkeyHash, verifyingKey } = parts
  const contributions: TranscriptEntry[] = []
  for (const contribution of phase2.contributions) {
    contributions.push(entryOf(await contributionHash(contribution), contribution))
  }
  return {
    format: TRANSCRIPT_FORMAT,
    r1csHash,
    ptau,
    circuitHash: Buffer.from(phase2.circuitHash).toString('hex'),
    contributions,
    zkeyHash,
    vkHash: vkHash(verifyingKey),
  }
}

/** The contributions to a powers-of-tau file, with the hashes that snarkjs calls those of their responses. */
export async function ptauContributions(ptau: Ptau): Promise<readonly TranscriptEntry[]> {
  const entries: TranscriptEntry[] = []
  for (const contribution of readContributions(ptau)) {
    const hash = await responseHash(contribution.partialHash, contribution.key)
    entries.push(entryOf(Buffer.from(hash).toString('hex'), contribution))
  }
  return entries
}

function entryOf(hash: string, { name, beacon }: ContributionFields): TranscriptEntry {
  return {
    hash,
    ...(name !== undefined && { name }),
    ...(beacon && {
      beacon: { value: Buffer.from(beacon.hash).toString('hex'), iterationsExponent: beacon.iterationsExponent },
    }),
  }
}

/** The bytes of `transcript.json`. */
export function encodeTranscript(transcript: CeremonyTranscript): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(transcript, null, 2)}\n`)
}

/** The setupHash of a key: keccak256 of the bytes of its transcript. */
export function transcriptSetupHash(transcript: CeremonyTranscript): string {
  return keccak256(encodeTranscript(transcript))
}
