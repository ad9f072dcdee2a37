// SPDX-License-Identifier: GPL-3.0-or-later
import { concatBytes, HeaderWriter } from '../../binfile/container-writer'
import type { SectionReader } from '../../binfile/container'
import { G1_BYTES, G2_BYTES } from '../bn254-wasm'
import { type ContributionFields, readContributionFields, writeContributionFields } from '../contribution/fields'
import type { PublicKey } from '../contribution/key-pair'
import { PartialHash } from './partial-hash'

/** Proofs of knowledge of the three factors of one contribution. */
export type PtauKey = { readonly tau: PublicKey; readonly alpha: PublicKey; readonly beta: PublicKey }

/** The points after a contribution that the next one starts from. */
export type PtauState = {
  readonly tauG1: Uint8Array
  readonly tauG2: Uint8Array
  readonly alphaG1: Uint8Array
  readonly betaG1: Uint8Array
  readonly betaG2: Uint8Array
}

/** One contribution to the powers of tau, as section 7 holds it. */
export type PtauContribution = PtauState &
  ContributionFields & {
    readonly key: PtauKey
    /** BLAKE2b-512 of challenge and points, before the key is added, which makes it the hash of the response. */
    readonly partialHash: Uint8Array
    /** BLAKE2b-512 of response hash and points: what the next contribution proves its factors against. */
    readonly nextChallenge: Uint8Array
  }

/** Bytes of a hash of the transcript. */
export const HASH_BYTES = 64

export function readContribution(reader: SectionReader, fail: (problem: string) => Error): PtauContribution {
  const g1 = (): Uint8Array => reader.take(G1_BYTES)
  const g2 = (): Uint8Array => reader.take(G2_BYTES)
  const state = { tauG1: g1(), tauG2: g2(), alphaG1: g1(), betaG1: g1(), betaG2: g2() }
  const [tau1, tau2, alpha1, alpha2, beta1, beta2] = [g1(), g1(), g1(), g1(), g1(), g1()]
  const key = {
    tau: { g1s: tau1, g1sx: tau2, g2spx: g2() },
    alpha: { g1s: alpha1, g1sx: alpha2, g2spx: g2() },
    beta: { g1s: beta1, g1sx: beta2, g2spx: g2() },
  }
  const partialHash = reader.take(PartialHash.BYTES)
  if (!PartialHash.isState(partialHash)) throw fail('the state of a hash is none')
  const nextChallenge = reader.take(HASH_BYTES)
  return { ...state, key, partialHash, nextChallenge, ...readContributionFields(reader, fail) }
}

export function writeContribution(contribution: PtauContribution): Uint8Array {
  const { tauG1, tauG2, alphaG1, betaG1, betaG2, key, partialHash, nextChallenge } = contribution
  return concatBytes([
    ...[tauG1, tauG2, alphaG1, betaG1, betaG2],
    ...keyPointsG1(key),
    ...keyPointsG2(key),
    ...[partialHash, nextChallenge],
    writeContributionFields(contribution),
  ])
}

/** Section 7. */
export function writeContributions(contributions: readonly PtauContribution[]): Uint8Array {
  const all = new HeaderWriter().u32(contributions.length)
  for (const contribution of contributions) all.append(writeContribution(contribution))
  return all.bytes()
}

export const keyPointsG1 = ({ tau, alpha, beta }: PtauKey): Uint8Array[] => [
  ...[tau.g1s, tau.g1sx],
  ...[alpha.g1s, alpha.g1sx],
  ...[beta.g1s, beta.g1sx],
]

export const keyPointsG2 = ({ tau, alpha, beta }: PtauKey): Uint8Array[] => [tau.g2spx, alpha.g2spx, beta.g2spx]
