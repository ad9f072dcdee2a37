// SPDX-License-Identifier: GPL-3.0-or-later
import { concat, id, keccak256, toBeHex } from 'ethers'

import { ZkmlError } from '../errors'
import {
  FIELD_Q,
  type G1Point,
  G2_GENERATOR,
  type G2Point,
  isG1Infinity,
  isG1OnCurve,
  isG2Infinity,
  isG2OnCurve,
  isInG2Subgroup,
} from '../groth16/curve'
import { projectiveG1, projectiveG2 } from '../groth16/proof'
import { powerModR, rootOfUnity } from '../groth16/scalar-math'
import { parseG1, parseG2, VerifyingKeyFormatError } from '../groth16/vkey'
import { SYSTEM_NAMES, type UniversalSystem } from './system'

/** A verifying key of PLONK or FFLONK over BN254. Everything else in snarkjs' file follows from these. */
export type UniversalKey = {
  readonly system: UniversalSystem
  /** The gate table has 2^power rows. */
  readonly power: number
  readonly nPublic: number
  /** The circuit: Qm, Ql, Qr, Qo, Qc, S1, S2, S3 of PLONK, C0 of FFLONK. */
  readonly commitments: readonly G1Point[]
  /** [τ]₂ of the powers of tau. */
  readonly x2: G2Point
}

/** A key under which proofs mean nothing, or not what they should. */
export class UnsafeUniversalKeyError extends ZkmlError {
  readonly code = 'UNIVERSAL_KEY_UNSAFE'

  constructor(problem: string) {
    super(`the verifying key ${problem}; refuse it, and run \`zkml setup\` again with a powers-of-tau file you trust`)
  }
}

/** Names of the commitments in snarkjs' files, in canonical order. */
export const COMMITMENTS: Readonly<Record<UniversalSystem, readonly string[]>> = {
  plonk: ['Qm', 'Ql', 'Qr', 'Qo', 'Qc', 'S1', 'S2', 'S3'],
  fflonk: ['C0'],
}

/** Selectors of a circuit may vanish; a permutation never does. */
const MAY_BE_INFINITE = new Set(['Qm', 'Ql', 'Qr', 'Qo', 'Qc'])

export const MAX_POWER = 28
const MIN_POWER = 3

/** The cosets of the wires: 1, k1 and k2 times the roots of unity. */
export const K1 = 2n
export const K2 = 3n

/**
 * The fixed field elements of a key of some size, by snarkjs' names. snarkjs derives the cube root of 1 from 31624 and
 * those of ω from a cube root of the 2^28-th root of unity (fflonk_setup.js).
 */
export function keyConstants(system: UniversalSystem, power: number): Readonly<Record<string, bigint>> {
  const common = { k1: K1, k2: K2, w: rootOfUnity(power) }
  if (system === 'plonk') return common
  return {
    ...common,
    w3: powerModR(31624n, CUBE_EXPONENT),
    w4: rootOfUnity(2),
    w8: rootOfUnity(3),
    wr: powerModR(CUBE_ROOT_28, 2n ** BigInt(MAX_POWER - power)),
  }
}

const CUBE_EXPONENT = 3648040478639879203707734290876212514758060733402672390616367364429301415936n / 3n
const CUBE_ROOT_28 = 467799165886069610036046866799264026481344299079011762026774533774345988080n

/**
 * Reads snarkjs' `verification_key.json` of PLONK or FFLONK, and refuses one whose constants are not those of its size:
 * with other cosets or roots the argument proves nothing. Call {@link checkUniversalKey} before trust.
 *
 * @throws VerifyingKeyFormatError, UnsafeUniversalKeyError
 */
export function parseUniversalKey(json: unknown): UniversalKey {
  const key = asRecord(json)
  const system = key['protocol']
  if ((system !== 'plonk' && system !== 'fflonk') || key['curve'] !== 'bn128')
    throw new VerifyingKeyFormatError('The verification key is neither plonk nor fflonk over bn128; export it again.')
  const power = count(key['power'], 'power', MIN_POWER, MAX_POWER)
  const nPublic = count(key['nPublic'], 'nPublic', 1, 2 ** power)
  for (const [name, expected] of Object.entries(keyConstants(system, power))) {
    if (key[name] !== `${expected}`) throw new UnsafeUniversalKeyError(`has a ${name} that is not the one of its size`)
  }
  return {
    system,
    power,
    nPublic,
    commitments: COMMITMENTS[system].map((name) => parseG1(key[name], name)),
    x2: parseG2(key['X_2'], 'X_2'),
  }
}

/**
 * Refuses a key with points off the curve or out of the subgroup, with a permutation at infinity, or whose τ is 0, 1 or
 * −1, which everybody knows.
 *
 * @throws UnsafeUniversalKeyError
 */
export function checkUniversalKey({ system, commitments, x2 }: UniversalKey): void {
  COMMITMENTS[system].forEach((name, i) => {
    const point = commitments[i]!
    if (!inBaseField([point.x, point.y]) || !isG1OnCurve(point))
      throw new UnsafeUniversalKeyError(`has a ${name} that is not on the curve`)
    if (isG1Infinity(point) && !MAY_BE_INFINITE.has(name)) throw new UnsafeUniversalKeyError(`has ${name} at infinity`)
  })
  if (!inBaseField([...x2.x, ...x2.y]) || !isG2OnCurve(x2) || !isInG2Subgroup(x2))
    throw new UnsafeUniversalKeyError('has an X_2 outside of the G2 subgroup')
  // −X and X have the same x.
  if (isG2Infinity(x2) || (x2.x[0] === G2_GENERATOR.x[0] && x2.x[1] === G2_GENERATOR.x[1]))
    throw new UnsafeUniversalKeyError('comes from powers of tau to which nobody contributed')
}

/**
 * keccak256 of the canonical bytes of a key (docs/encodings.md): the name of the system, power, number of public
 * signals, [τ]₂ in EIP-197 order and the commitments, each a 32-byte big-endian word.
 */
export function universalKeyHash({ system, power, nPublic, commitments, x2 }: UniversalKey): string {
  const words = [
    BigInt(power),
    BigInt(nPublic),
    ...[x2.x[1], x2.x[0], x2.y[1], x2.y[0]],
    ...commitments.flatMap(({ x, y }) => [x, y]),
  ]
  return keccak256(concat([id(SYSTEM_NAMES[system]), ...words.map((word) => toBeHex(word, 32))]))
}

/** The key as snarkjs' verifier takes it. */
export function toSnarkjsKey(key: UniversalKey): Readonly<Record<string, unknown>> {
  const { system, power, nPublic, commitments, x2 } = key
  const constants = Object.entries(keyConstants(system, power)).map(([name, value]) => [name, `${value}`] as const)
  const points = COMMITMENTS[system].map((name, i) => [name, projectiveG1(commitments[i]!)] as const)
  return {
    protocol: system,
    curve: 'bn128',
    nPublic,
    power,
    ...Object.fromEntries([...constants, ...points]),
    X_2: projectiveG2(x2),
  }
}

function inBaseField(values: readonly bigint[]): boolean {
  return values.every((value) => value >= 0n && value < FIELD_Q)
}

function count(value: unknown, name: string, min: number, max: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number
  throw new VerifyingKeyFormatError(`The verification key's ${name} is not from ${min} to ${max}; export it again.`)
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  throw new VerifyingKeyFormatError('The verification key is not a JSON object; export it with snarkjs again.')
}
