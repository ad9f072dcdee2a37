// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto'

import { ZkmlError } from '../../errors'
import type { ContainerInput } from '../../binfile/container'
import type { R1cs } from '../../binfile/r1cs'
import { loadCurve, loadPlainCurve } from '../bn254-code'
import { isG2Infinity, isInG2Subgroup } from '../curve'
import { isPairingOne, isSameRatio } from '../pairing'
import { PointChecker } from '../point-checks'
import type { EngineOptions, PointEngine } from '../point-engine'
import type { Ptau } from '../ptau/format'
import { stagesOf } from '../stages'
import { decodeG2, verifyingKeyOf, withZkey, type ZkeyHeader } from '../zkey'
import type { KeyParts } from '../zkey-writer'
import { readKey } from './contribute'
import { type InitialKey, initialKey } from './initial-key'
import { drawBase, drawFactor, hashToG2, isProof } from '../contribution/key-pair'
import { type Phase2, transcriptHash } from './phase2'
import { beaconRng } from '../contribution/randomness'
import { checkVerifyingKey, type VerifyingKey } from '../vkey'

/** A key is not what its circuit, its powers of tau and its contributions make it. */
export class CeremonyError extends ZkmlError {
  readonly code = 'GROTH16_CEREMONY_INVALID'

  constructor(path: string, problem: string) {
    super(`${path} is not the key of this ceremony: ${problem}; do not use it`)
  }
}

/** A key that was found to follow from its circuit and powers of tau by its contributions. */
export type VerifiedKey = { readonly phase2: Phase2; readonly verifyingKey: VerifyingKey }

export type VerifyKeyOptions = EngineOptions & { readonly engine: PointEngine }

type Fail = (problem: string) => never

/** Bytes of a random coefficient: a wrong point is missed with probability 2^−128. */
const RANDOM_BYTES = 16

/**
 * Checks a key against its circuit and the powers of tau it was started from:
 *
 * - computed anew from the two, everything but δ, C and H is the same, byte for byte, and so is the circuit hash;
 * - every contribution proves knowledge of its factor against the hash of all before it, and a beacon has the factor that
 *   follows from its value;
 * - δ is the product of the factors in both groups, and C and H are divided by it.
 *
 * The powers of tau are taken as they are: `verifyPtau` or a known hash speaks for them. A key without contributions can
 * be right too, and be forgeable by everybody: see {@link checkUsable}.
 *
 * @throws CeremonyError, BinFileError, PtauTooSmallError, PtauNotPreparedError, CircuitTooLargeError
 */
export async function verifyKey(
  zkey: ContainerInput,
  r1cs: R1cs,
  ptau: Ptau,
  options: VerifyKeyOptions,
): Promise<VerifiedKey> {
  const { key, verifyingKey } = withZkey(zkey, (open) => ({ key: readKey(open), verifyingKey: verifyingKeyOf(open) }))
  const fail = (problem: string): never => {
    throw new CeremonyError(key.path, problem)
  }
  const stages = stagesOf(options, [20, 1, 2])
  await checkContributions(key.phase2, fail, options.signal)
  const initial = await initialKey(r1cs, ptau, { ...stages(0), engine: options.engine })
  checkUnchanged(key.parts, key.phase2, initial, fail)
  await checkDelta(key.parts.header, key.phase2, fail)
  for (const [i, name] of (['c', 'h'] as const).entries()) {
    const lists = [key.parts.points[name], initial.points[name]] as const
    await checkDivided(options.engine, lists, key.parts.header.delta2, name.toUpperCase(), fail, stages(i + 1))
  }
  options.onProgress?.(1)
  return { phase2: key.phase2, verifyingKey }
}

/**
 * Refuses a key that everybody can forge proofs under although it is what it should be: one without a contribution of a
 * person, because beacons are public.
 *
 * @throws CeremonyError, UnsafeVerifyingKeyError
 */
export function checkUsable(path: string, { phase2, verifyingKey }: VerifiedKey): void {
  if (!phase2.contributions.some(({ beacon }) => beacon === undefined)) {
    throw new CeremonyError(path, 'nobody contributed to it, so everybody can forge proofs under it')
  }
  checkVerifyingKey(verifyingKey)
}

async function checkContributions(phase2: Phase2, fail: Fail, signal: AbortSignal | undefined): Promise<void> {
  const { G1 } = await loadPlainCurve()
  const checker = new PointChecker(await loadCurve())
  let before: Uint8Array = G1.gAffine
  for (const [index, { deltaAfter, key, transcript, beacon }] of phase2.contributions.entries()) {
    signal?.throwIfAborted()
    const fault = (problem: string): never => fail(`contribution ${index + 1} ${problem}`)
    const isOnCurve = [deltaAfter, key.g1s, key.g1sx].every((point) => checker.firstInvalid('G1', point) < 0)
    if (!isOnCurve || checker.firstInvalid('G2', key.g2spx) >= 0) fault('has a point off the curve')
    if (!isInG2Subgroup(decodeG2(key.g2spx))) fault('has a point outside the subgroup of order r')
    const earlier = { ...phase2, contributions: phase2.contributions.slice(0, index) }
    if (Buffer.compare(await transcriptHash(earlier, key), transcript) !== 0) {
      fault('does not continue the transcript of those before it')
    }
    const challenge = await hashToG2(transcript)
    if (!(await isProof(key, challenge))) fault('does not prove knowledge of its factor')
    if (!(await isSameRatio([before, deltaAfter], [challenge, key.g2spx]))) fault('does not multiply δ by its factor')
    if (Buffer.compare(before, deltaAfter) === 0) fault('leaves δ as it was, so it adds nothing')
    if (beacon !== undefined) {
      const rng = await beaconRng(beacon, signal && { signal })
      const { g1s, g1sx } = await drawBase(await drawFactor(rng), rng)
      const isItself = Buffer.compare(g1s, key.g1s) === 0 && Buffer.compare(g1sx, key.g1sx) === 0
      if (!isItself) fault('is not what follows from its beacon')
    }
    before = deltaAfter
  }
}

function checkUnchanged(
  actual: Omit<KeyParts, 'contributions'>,
  phase2: Phase2,
  initial: InitialKey,
  fail: Fail,
): void {
  for (const field of ['nWires', 'nPublic', 'domainSize'] as const) {
    if (actual.header[field] !== initial.header[field]) fail(`its ${field} is not that of the circuit`)
  }
  for (const field of ['alpha1', 'beta1', 'beta2', 'gamma2'] as const) {
    if (Buffer.compare(actual.header[field], initial.header[field]) !== 0) {
      fail(`its ${field.slice(0, -1)} is not that of the powers of tau`)
    }
  }
  for (const name of ['ic', 'a', 'b1', 'b2'] as const) {
    if (Buffer.compare(actual.points[name], initial.points[name]) !== 0) {
      fail(`its ${name.toUpperCase()} points do not follow from circuit and powers of tau`)
    }
  }
  if (!isSame(actual.coefficients.chunks, initial.coefficients.chunks)) fail('its coefficients are not the circuit’s')
  if (Buffer.compare(phase2.circuitHash, initial.circuitHash) !== 0) {
    fail('its circuit hash is not that of circuit and powers of tau')
  }
}

/** Compares one array with chunks. */
function isSame(whole: Iterable<Uint8Array>, chunks: Iterable<Uint8Array>): boolean {
  const bytes = Buffer.concat([...whole])
  let position = 0
  for (const chunk of chunks) {
    if (Buffer.compare(bytes.subarray(position, position + chunk.byteLength), chunk) !== 0) return false
    position += chunk.byteLength
  }
  return position === bytes.byteLength
}

async function checkDelta({ delta1, delta2 }: ZkeyHeader, { contributions }: Phase2, fail: Fail): Promise<void> {
  const { G1, G2 } = await loadPlainCurve()
  const expected = contributions.at(-1)?.deltaAfter ?? G1.gAffine
  if (Buffer.compare(delta1, expected) !== 0) fail('its δ is not that of the last contribution')
  const checker = new PointChecker(await loadCurve())
  const isPoint = checker.firstInvalid('G2', delta2) < 0
  if (!isPoint || isG2Infinity(decodeG2(delta2)) || !isInG2Subgroup(decodeG2(delta2))) {
    fail('its δ is not in the subgroup of order r')
  }
  if (!(await isSameRatio([G1.gAffine, delta1], [G2.gAffine, delta2]))) fail('its δ differs between G1 and G2')
}

/** Σρ·divided times δ is Σρ·original, for random ρ. */
async function checkDivided(
  engine: PointEngine,
  [divided, original]: readonly [Uint8Array, Uint8Array],
  delta2: Uint8Array,
  name: string,
  fail: Fail,
  options: EngineOptions,
): Promise<void> {
  const { G1, G2 } = await loadPlainCurve()
  const stages = stagesOf(options, [1, 4, 4])
  const invalid = await engine.firstInvalid('G1', divided, stages(0))
  if (invalid >= 0) fail(`point ${invalid} of ${name} is not on the curve`)
  const random = new Uint8Array(randomBytes((divided.byteLength / G1.gAffine.byteLength) * RANDOM_BYTES))
  const left = await engine.combine('G1', divided, random, RANDOM_BYTES, stages(1))
  const right = await engine.combine('G1', original, random, RANDOM_BYTES, stages(2))
  if (!(await isPairingOne([left, delta2], [G1.neg(right), G2.gAffine])))
    fail(`its ${name} points are not divided by δ`)
}
