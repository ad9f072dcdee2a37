// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto'
import type { ChaCha } from 'ffjavascript'

import { concatBytes } from '../../binfile/container-writer'
import { drawBase, drawFactor, hashToG2, publicKey, type Secret } from '../contribution/key-pair'
import { wipeRng } from '../contribution/randomness'
import { loadPlainCurve } from '../bn254-code'
import type { PointEngine } from '../point-engine'
import { keyPointsG1, keyPointsG2, type PtauContribution, type PtauKey, type PtauState } from './contribution'
import { POWER_SECTIONS } from './format'
import { PartialHash } from './partial-hash'

/** Everybody's start: all secrets one. */
export async function initialState(): Promise<PtauState> {
  const { G1, G2 } = await loadPlainCurve()
  const [g1, g2] = [G1.gAffine, G2.gAffine]
  return { tauG1: g1, tauG2: g2, alphaG1: g1, betaG1: g1, betaG2: g2 }
}

const REPEATED = 1 << 12

/** What the first contribution proves its factors against: the hash of the empty hash and of 5·2^power generators. */
export async function firstChallenge(power: number): Promise<Uint8Array> {
  const { G1, G2 } = await loadPlainCurve()
  const generators = { G1: G1.toUncompressed(G1.gAffine), G2: G2.toUncompressed(G2.gAffine) }
  const hash = createHash('blake2b512').update(createHash('blake2b512').digest())
  for (const { group, count } of POWER_SECTIONS) {
    const many = concatBytes(Array.from({ length: REPEATED }, () => generators[group]))
    for (let left = count(power); left > 0; left -= REPEATED) {
      hash.update(many.subarray(0, Math.min(left, REPEATED) * generators[group].byteLength))
    }
  }
  return new Uint8Array(hash.digest())
}

/** The point against which a factor is proved; `kind` is 0 for τ, 1 for α, 2 for β. */
export async function challengePoint(
  kind: number,
  challenge: Uint8Array,
  { g1s, g1sx }: Pick<Secret, 'g1s' | 'g1sx'>,
): Promise<Uint8Array> {
  const { G1 } = await loadPlainCurve()
  const hash = createHash('blake2b512').update(Uint8Array.of(kind)).update(challenge)
  return hashToG2(hash.update(G1.toUncompressed(g1s)).update(G1.toUncompressed(g1sx)).digest())
}

/** Secret factors of a contribution. */
export type PtauFactors = { readonly tau: bigint; readonly alpha: bigint; readonly beta: bigint }

/** Draws the factors and proves knowledge of them, in the order in which everybody draws them from a beacon. */
export async function drawKey(challenge: Uint8Array, rng: ChaCha): Promise<{ factors: PtauFactors; key: PtauKey }> {
  const [tau, alpha, beta] = [await drawFactor(rng), await drawFactor(rng), await drawFactor(rng)]
  const prove = async (kind: number, factor: bigint) => {
    const secret = await drawBase(factor, rng)
    return publicKey(secret, await challengePoint(kind, challenge, secret))
  }
  const key = { tau: await prove(0, tau), alpha: await prove(1, alpha), beta: await prove(2, beta) }
  wipeRng(rng)
  return { factors: { tau, alpha, beta }, key }
}

/** The hash of the response: challenge, points and key, the first two of which are in the stored state. */
export async function responseHash(partialHash: Uint8Array, key: PtauKey): Promise<Uint8Array> {
  const { G1, G2 } = await loadPlainCurve()
  const hash = PartialHash.resume(partialHash)
  for (const point of keyPointsG1(key)) hash.update(G1.toUncompressed(point))
  for (const point of keyPointsG2(key)) hash.update(G2.toUncompressed(point))
  return hash.digest()
}

/** The points of sections 2 to 6. */
export type Powers = readonly Uint8Array[]

/** Records what a contribution with a given key made of the points: its hashes, and where the next one starts. */
export async function recordContribution(
  engine: PointEngine,
  challenge: Uint8Array,
  key: PtauKey,
  powers: Powers,
): Promise<Omit<PtauContribution, 'name' | 'beacon'>> {
  const partial = PartialHash.start().update(challenge)
  for (const [i, { group }] of POWER_SECTIONS.entries()) partial.update(await engine.toCompressed(group, powers[i]!))
  const partialHash = partial.state()
  const hash = createHash('blake2b512').update(await responseHash(partialHash, key))
  for (const [i, { group }] of POWER_SECTIONS.entries()) hash.update(await engine.toUncompressed(group, powers[i]!))
  return { ...stateOf(powers), key, partialHash, nextChallenge: new Uint8Array(hash.digest()) }
}

function stateOf([tauG1, tauG2, alphaTauG1, betaTauG1, betaG2]: Powers): PtauState {
  return {
    tauG1: tauG1!.slice(64, 128),
    tauG2: tauG2!.slice(128, 256),
    alphaG1: alphaTauG1!.slice(0, 64),
    betaG1: betaTauG1!.slice(0, 64),
    betaG2: betaG2!,
  }
}
