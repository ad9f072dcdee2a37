// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash, type Hash } from 'node:crypto'

import { concatBytes, HeaderWriter } from '../../binfile/container-writer'
import { loadPlainCurve } from '../bn254-code'
import { G1_BYTES, G2_BYTES } from '../bn254-wasm'
import { ZKEY, type Zkey } from '../zkey'
import { type ContributionFields, readContributionFields, writeContributionFields } from '../contribution/fields'
import type { PublicKey } from '../contribution/key-pair'

/** One contribution to a circuit's key, as section 10 of a `.zkey` holds it. */
export type Phase2Contribution = ContributionFields & {
  /** δ·G1 after it. */
  readonly deltaAfter: Uint8Array
  readonly key: PublicKey
  /** BLAKE2b-512 of all before it and of the base of its proof, from which the point in G2 is derived. */
  readonly transcript: Uint8Array
}

/** Section 10 of a `.zkey`. */
export type Phase2 = {
  /** BLAKE2b-512 of the key before any contribution. */
  readonly circuitHash: Uint8Array
  readonly contributions: readonly Phase2Contribution[]
}

const HASH_BYTES = 64

/** Reads the contributions of a key; their points are not checked. */
export function readPhase2({ file }: Zkey): Phase2 {
  const reader = file.reader(ZKEY.contributions)
  const circuitHash = reader.take(HASH_BYTES)
  const count = reader.u32()
  const contributions: Phase2Contribution[] = []
  // A count that is too large ends at the end of the section.
  for (let i = 0; i < count; i++) {
    const deltaAfter = reader.take(G1_BYTES)
    const key = { g1s: reader.take(G1_BYTES), g1sx: reader.take(G1_BYTES), g2spx: reader.take(G2_BYTES) }
    const transcript = reader.take(HASH_BYTES)
    const fields = readContributionFields(reader, (problem) => file.corrupt(ZKEY.contributions, problem))
    contributions.push({ deltaAfter, key, transcript, ...fields })
  }
  reader.end()
  return { circuitHash, contributions }
}

export function writePhase2({ circuitHash, contributions }: Phase2): Uint8Array {
  const all = new HeaderWriter().append(circuitHash).u32(contributions.length)
  for (const contribution of contributions) {
    const { deltaAfter, key, transcript } = contribution
    all.append(
      concatBytes([deltaAfter, key.g1s, key.g1sx, key.g2spx, transcript, writeContributionFields(contribution)]),
    )
  }
  return all.bytes()
}

/** What a contribution with this base is proved against: a hash of the circuit and all contributions before it. */
export async function transcriptHash(
  { circuitHash, contributions }: Phase2,
  base: Pick<PublicKey, 'g1s' | 'g1sx'>,
): Promise<Uint8Array> {
  const { G1 } = await loadPlainCurve()
  const hash = createHash('blake2b512').update(circuitHash)
  for (const contribution of contributions) await updateWith(hash, contribution)
  return new Uint8Array(hash.update(G1.toUncompressed(base.g1s)).update(G1.toUncompressed(base.g1sx)).digest())
}

/** What a contributor publishes so that others find their contribution in the key: BLAKE2b-512, lower-case hex. */
export async function contributionHash(contribution: Phase2Contribution): Promise<string> {
  const hash = createHash('blake2b512')
  await updateWith(hash, contribution)
  return hash.digest('hex')
}

async function updateWith(hash: Hash, { deltaAfter, key, transcript }: Phase2Contribution): Promise<void> {
  const { G1, G2 } = await loadPlainCurve()
  for (const point of [deltaAfter, key.g1s, key.g1sx]) hash.update(G1.toUncompressed(point))
  hash.update(G2.toUncompressed(key.g2spx)).update(transcript)
}
