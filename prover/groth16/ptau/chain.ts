// SPDX-License-Identifier: GPL-3.0-or-later
import { concatBytes } from '../../binfile/container-writer'
import { loadCurve, loadPlainCurve } from '../bn254-code'
import { G2_BYTES } from '../bn254-wasm'
import { isProof, type PublicKey } from '../contribution/key-pair'
import { beaconRng } from '../contribution/randomness'
import { isG2Infinity, isInG2Subgroup } from '../curve'
import { isSameRatio } from '../pairing'
import { PointChecker } from '../point-checks'
import { decodeG2 } from '../zkey'
import { keyPointsG1, keyPointsG2, type PtauContribution, type PtauState } from './contribution'
import { challengePoint, drawKey, firstChallenge, initialState } from './transcript'

type Fail = (problem: string) => never

/**
 * Checks that each contribution knew its factors and was made on top of the one before. Of earlier contributions the points
 * are gone, so their hashes are taken as stated; the proofs do not depend on those being honest.
 */
export async function checkChain(
  contributions: readonly PtauContribution[],
  ceremonyPower: number,
  fail: Fail,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { G1 } = await loadPlainCurve()
  const checker = new PointChecker(await loadCurve())
  let before: PtauState & { readonly nextChallenge: Uint8Array } = {
    ...(await initialState()),
    nextChallenge: await firstChallenge(ceremonyPower),
  }
  for (const [index, contribution] of contributions.entries()) {
    signal?.throwIfAborted()
    const name = `contribution ${index + 1}`
    checkPoints(checker, contribution, (problem) => fail(`${name} ${problem}`))
    await checkContribution(contribution, before, (problem) => fail(`${name} ${problem}`), signal)
    before = contribution
  }
  for (const [secret, point] of [
    ['τ', before.tauG1],
    ['α', before.alphaG1],
    ['β', before.betaG1],
  ] as const) {
    if (Buffer.compare(point, G1.gAffine) === 0) fail(`${secret} is 1, which everybody knows`)
  }
}

function checkPoints(checker: PointChecker, contribution: PtauContribution, fail: Fail): void {
  const { tauG1, tauG2, alphaG1, betaG1, betaG2, key } = contribution
  const g1 = concatBytes([tauG1, alphaG1, betaG1, ...keyPointsG1(key)])
  const g2 = concatBytes([tauG2, betaG2, ...keyPointsG2(key)])
  if (checker.firstInvalid('G1', g1) >= 0 || checker.firstInvalid('G2', g2) >= 0) fail('has a point off the curve')
  for (let at = 0; at < g2.byteLength; at += G2_BYTES) {
    const point = decodeG2(g2, at)
    // Pairings with infinity are refused where they are used.
    if (!isG2Infinity(point) && !isInG2Subgroup(point)) fail('has a point outside the subgroup of order r')
  }
}

async function checkContribution(
  after: PtauContribution,
  before: PtauState & { readonly nextChallenge: Uint8Array },
  fail: Fail,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { key, beacon } = after
  const { nextChallenge: challenge } = before
  if (beacon !== undefined) {
    const { key: expected } = await drawKey(challenge, await beaconRng(beacon, signal && { signal }))
    if (Buffer.compare(keyBytes(key), keyBytes(expected)) !== 0) fail('is not what follows from its beacon')
  }
  const points = {
    tau: await challengePoint(0, challenge, key.tau),
    alpha: await challengePoint(1, challenge, key.alpha),
    beta: await challengePoint(2, challenge, key.beta),
  }
  for (const secret of ['tau', 'alpha', 'beta'] as const) {
    if (!(await isProof(key[secret], points[secret]))) fail(`does not prove knowledge of its ${secret}`)
  }
  const follows1 = (from: Uint8Array, to: Uint8Array, secret: keyof typeof points): Promise<boolean> =>
    isSameRatio([from, to], [points[secret], key[secret].g2spx])
  const follows2 = (from: Uint8Array, to: Uint8Array, { g1s, g1sx }: PublicKey): Promise<boolean> =>
    isSameRatio([g1s, g1sx], [from, to])
  const isRight =
    (await follows1(before.tauG1, after.tauG1, 'tau')) &&
    (await follows2(before.tauG2, after.tauG2, key.tau)) &&
    (await follows1(before.alphaG1, after.alphaG1, 'alpha')) &&
    (await follows1(before.betaG1, after.betaG1, 'beta')) &&
    (await follows2(before.betaG2, after.betaG2, key.beta))
  if (!isRight) fail('does not follow from the one before')
}

const keyBytes = (key: PtauContribution['key']): Uint8Array => concatBytes([...keyPointsG1(key), ...keyPointsG2(key)])
