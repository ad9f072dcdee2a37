// SPDX-License-Identifier: GPL-3.0-or-later

import { concat, keccak256, toBeHex } from 'ethers'
import { ZkmlError } from '../errors'
import {
  FIELD_Q,
  G1_GENERATOR,
  G2_GENERATOR,
  isG1Infinity,
  isG1OnCurve,
  isG2Infinity,
  isG2OnCurve,
  isInG2Subgroup,
  type Fq2,
  type G1Point,
  type G2Point,
} from './curve'

/** A Groth16 verifying key over BN254; `ic` has one point more than there are public signals. */
export type VerifyingKey = {
  readonly alpha: G1Point
  readonly beta: G2Point
  readonly gamma: G2Point
  readonly delta: G2Point
  readonly ic: readonly G1Point[]
}

/** Why a key is refused; the same list that `VerifyingKeyStore` checks on chain. */
export type KeyFault =
  | 'length'
  | 'coordinate'
  | 'curve'
  | 'subgroup'
  | 'infinity'
  | 'gamma-equals-delta'
  | 'delta-is-generator'
  | 'beta-equals-gamma'
  | 'beta-equals-delta'
  | 'beta-is-generator'
  | 'alpha-is-generator'

/** A key that cannot be read at all. */
export class VerifyingKeyFormatError extends ZkmlError {
  override readonly code = 'GROTH16_KEY_FORMAT'
}

/** A key that can be read but under which proofs mean nothing, or not what they should. */
export class UnsafeVerifyingKeyError extends ZkmlError {
  override readonly code = 'GROTH16_KEY_UNSAFE'

  constructor(
    readonly fault: KeyFault,
    readonly point: string,
    message: string,
  ) {
    super(message)
  }
}

const FIXED_WORDS = 14

/**
 * Reads snarkjs' `verification_key.json`. Only the form is checked here; call {@link checkVerifyingKey} before trust.
 *
 * @example
 * ```ts
 * const vk = parseSnarkjsVerificationKey(JSON.parse(await readFile('verification_key.json', 'utf8')))
 * checkVerifyingKey(vk)
 * ```
 */
export function parseSnarkjsVerificationKey(json: unknown): VerifyingKey {
  const key = asRecord(json)
  if (key['protocol'] !== 'groth16' || (key['curve'] !== 'bn128' && key['curve'] !== 'bn254')) {
    throw new VerifyingKeyFormatError('The verification key is not groth16 over bn128; export it with snarkjs again.')
  }
  const ic = asArray(key['IC'], 'IC').map((point, index) => parseG1(point, `IC[${index}]`))
  if (typeof key['nPublic'] === 'number' && key['nPublic'] + 1 !== ic.length) {
    throw new VerifyingKeyFormatError(
      `The verification key says nPublic = ${key['nPublic']} but has ${ic.length} IC points; export it again.`,
    )
  }
  return {
    alpha: parseG1(key['vk_alpha_1'], 'vk_alpha_1'),
    beta: parseG2(key['vk_beta_2'], 'vk_beta_2'),
    gamma: parseG2(key['vk_gamma_2'], 'vk_gamma_2'),
    delta: parseG2(key['vk_delta_2'], 'vk_delta_2'),
    ic,
  }
}

/**
 * The canonical bytes of a key (docs/encodings.md): 32-byte big-endian words, G2 in EIP-197 order (c1 before c0),
 * α, β, γ, δ, IC_0 … IC_n.
 */
export function canonicalKeyBytes(vk: VerifyingKey): Uint8Array {
  const words = [...g1Words(vk.alpha), ...g2Words(vk.beta), ...g2Words(vk.gamma), ...g2Words(vk.delta)]
  for (const point of vk.ic) words.push(...g1Words(point))
  const bytes = new Uint8Array(words.length * 32)
  words.forEach((word, index) => bytes.set(Buffer.from(toBeHex(word, 32).slice(2), 'hex'), index * 32))
  return bytes
}

/** The inverse of {@link canonicalKeyBytes}. */
export function parseCanonicalKeyBytes(bytes: Uint8Array): VerifyingKey {
  const words = bytes.length / 32
  if (!Number.isInteger(words) || words < FIXED_WORDS + 2 || words % 2 !== 0) {
    throw new VerifyingKeyFormatError(
      `A verifying key is 32 · (14 + 2 · (signals + 1)) bytes, not ${bytes.length}; pass the canonical key bytes.`,
    )
  }
  const word = (index: number): bigint =>
    BigInt('0x' + Buffer.from(bytes.subarray(index * 32, index * 32 + 32)).toString('hex'))
  const g1 = (at: number): G1Point => ({ x: word(at), y: word(at + 1) })
  const g2 = (at: number): G2Point => ({ x: [word(at + 1), word(at)], y: [word(at + 3), word(at + 2)] })
  const ic: G1Point[] = []
  for (let at = FIXED_WORDS; at < words; at += 2) ic.push(g1(at))
  return { alpha: g1(0), beta: g2(2), gamma: g2(6), delta: g2(10), ic }
}

/** keccak256 of the canonical key bytes, as a 0x string: what `VerifyingKeyStore` computes itself. */
export function vkHash(vk: VerifyingKey): string {
  return keccak256(canonicalKeyBytes(vk))
}

/** Number of public signals of a key. */
export function signalCount(vk: VerifyingKey): number {
  return vk.ic.length - 1
}

/**
 * Refuses every key of DESIGN 5.4: γ = ±δ or δ = ± the G2 generator (no phase-2 contribution: such keys let anyone
 * forge), β = ±γ or β = ±δ (anyone can forge), α or β = ± the generator (no phase-1 contribution), α, β, γ, δ or an IC_i
 * (i ≥ 1) at infinity, and points off the curve or out of the subgroup.
 *
 * @throws {UnsafeVerifyingKeyError}
 */
export function checkVerifyingKey(vk: VerifyingKey): void {
  if (vk.ic.length < 2) {
    throw new UnsafeVerifyingKeyError(
      'length',
      'IC',
      'The verifying key has no public signal; it binds a proof to nothing.',
    )
  }
  checkG1(vk.alpha, 'alpha', false)
  checkG2(vk.beta, 'beta')
  checkG2(vk.gamma, 'gamma')
  checkG2(vk.delta, 'delta')
  vk.ic.forEach((point, index) => checkG1(point, `IC[${index}]`, index === 0))
  checkRelations(vk)
}

/** A negated point is as bad as the point itself, and both have the same x. */
function checkRelations(vk: VerifyingKey): void {
  if (equalFq2(vk.gamma.x, vk.delta.x)) {
    throw new UnsafeVerifyingKeyError(
      'gamma-equals-delta',
      'delta',
      'The verifying key has gamma = ±delta, so anyone can forge proofs; run the phase-2 contribution.',
    )
  }
  if (equalFq2(vk.delta.x, G2_GENERATOR.x)) {
    throw new UnsafeVerifyingKeyError(
      'delta-is-generator',
      'delta',
      'The verifying key has delta = ± the G2 generator, so nobody contributed to phase 2; run a contribution.',
    )
  }
  if (equalFq2(vk.beta.x, vk.gamma.x)) {
    throw new UnsafeVerifyingKeyError(
      'beta-equals-gamma',
      'beta',
      'The verifying key has beta = ±gamma, so anyone can forge proofs; use a ptau with phase-1 contributions.',
    )
  }
  if (equalFq2(vk.beta.x, vk.delta.x)) {
    throw new UnsafeVerifyingKeyError(
      'beta-equals-delta',
      'beta',
      'The verifying key has beta = ±delta, so anyone can forge proofs; refuse this key.',
    )
  }
  if (equalFq2(vk.beta.x, G2_GENERATOR.x)) {
    throw new UnsafeVerifyingKeyError(
      'beta-is-generator',
      'beta',
      'The verifying key has beta = ± the G2 generator, so nobody contributed to phase 1; use a contributed ptau.',
    )
  }
  if (vk.alpha.x === G1_GENERATOR.x) {
    throw new UnsafeVerifyingKeyError(
      'alpha-is-generator',
      'alpha',
      'The verifying key has alpha = ± the G1 generator, so nobody contributed to phase 1; use a contributed ptau.',
    )
  }
}

function checkG1(point: G1Point, name: string, infinityAllowed: boolean): void {
  checkCoordinates([point.x, point.y], name)
  if (isG1Infinity(point) && !infinityAllowed) throw atInfinity(name)
  if (!isG1OnCurve(point)) throw offCurve(name)
}

function checkG2(point: G2Point, name: string): void {
  checkCoordinates([...point.x, ...point.y], name)
  if (isG2Infinity(point)) throw atInfinity(name)
  if (!isG2OnCurve(point)) throw offCurve(name)
  if (!isInG2Subgroup(point)) {
    throw new UnsafeVerifyingKeyError(
      'subgroup',
      name,
      `The key's ${name} is outside the G2 subgroup; refuse this key.`,
    )
  }
}

function checkCoordinates(coordinates: readonly bigint[], name: string): void {
  if (coordinates.some((value) => value < 0n || value >= FIELD_Q)) {
    throw new UnsafeVerifyingKeyError('coordinate', name, `The key's ${name} has a coordinate ≥ q; refuse this key.`)
  }
}

const atInfinity = (name: string): UnsafeVerifyingKeyError =>
  new UnsafeVerifyingKeyError('infinity', name, `The key's ${name} is the point at infinity; refuse this key.`)

const offCurve = (name: string): UnsafeVerifyingKeyError =>
  new UnsafeVerifyingKeyError('curve', name, `The key's ${name} is not on the curve; refuse this key.`)

const equalFq2 = (a: Fq2, b: Fq2): boolean => a[0] === b[0] && a[1] === b[1]

const g1Words = (p: G1Point): bigint[] => [p.x, p.y]
const g2Words = (p: G2Point): bigint[] => [p.x[1], p.x[0], p.y[1], p.y[0]]

/** A G1 point as snarkjs writes it; infinity has z = 0. */
export function parseG1(value: unknown, name: string): G1Point {
  const [x, y, z] = asArray(value, name).map((item) => parseInteger(item, name))
  if (x === undefined || y === undefined) throw malformed(name)
  if (z === 0n) return { x: 0n, y: 0n }
  if (z !== undefined && z !== 1n) throw malformed(name)
  return { x, y }
}

/** A G2 point as snarkjs writes it. */
export function parseG2(value: unknown, name: string): G2Point {
  const [x, y, z] = asArray(value, name).map((item) => {
    const [c0, c1] = asArray(item, name).map((part) => parseInteger(part, name))
    if (c0 === undefined || c1 === undefined) throw malformed(name)
    return [c0, c1] as const
  })
  if (x === undefined || y === undefined) throw malformed(name)
  if (z !== undefined && equalFq2(z, [0n, 0n])) return { x: [0n, 0n], y: [0n, 0n] }
  if (z !== undefined && !equalFq2(z, [1n, 0n])) throw malformed(name)
  return { x, y }
}

function parseInteger(value: unknown, name: string): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'string' && /^[0-9]{1,78}$/.test(value)) return BigInt(value)
  throw malformed(name)
}

const malformed = (name: string): VerifyingKeyFormatError =>
  new VerifyingKeyFormatError(
    `The verification key's ${name} is not an affine point of decimal strings; export it again.`,
  )

function asArray(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(name)
  return value
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    throw new VerifyingKeyFormatError('The verification key is not a JSON object; export it with snarkjs again.')
  }
  return value as Record<string, unknown>
}

/** The canonical bytes as a 0x string, ready for `VerifyingKeyStore.store`. */
export function canonicalKeyHex(vk: VerifyingKey): string {
  return concat([canonicalKeyBytes(vk)])
}
