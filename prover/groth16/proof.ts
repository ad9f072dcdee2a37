// SPDX-License-Identifier: GPL-3.0-or-later
import type { SnarkjsProof } from 'snarkjs'

import { ZkmlError } from '../errors'
import { BASE_FIELD } from '../binfile/field'
import {
  type Fq2,
  type G1Point,
  type G2Point,
  isG1Infinity,
  isG1OnCurve,
  isG2Infinity,
  isG2OnCurve,
  isInG2Subgroup,
} from './curve'

/** A Groth16 proof: affine points, infinity being all zeros. */
export type Groth16Proof = { readonly a: G1Point; readonly b: G2Point; readonly c: G1Point }

/** A proof together with the statement that it proves. */
export type ProvedStatement = {
  readonly proof: Groth16Proof
  /** Outputs first, then inputs; see DESIGN section 4. */
  readonly publicSignals: readonly bigint[]
}

/** A proof file that does not have the form of a snarkjs proof. */
export class ProofFormatError extends ZkmlError {
  readonly code = 'GROTH16_PROOF_FORMAT'

  constructor(part: string) {
    super(`the proof's ${part} is not as snarkjs writes it (decimal strings); prove again or check the file`)
  }
}

/** Whether all coordinates are below q, A and C on the curve, and B in the subgroup of order r. */
export function isWellFormed({ a, b, c }: Groth16Proof): boolean {
  const coordinates = [a.x, a.y, ...b.x, ...b.y, c.x, c.y]
  if (coordinates.some((value) => value < 0n || value >= BASE_FIELD)) return false
  return isG1OnCurve(a) && isG1OnCurve(c) && isG2OnCurve(b) && isInG2Subgroup(b)
}

/** The eight words of a proof in the order of EIP-197 (c1 before c0), as contracts take them. */
export function proofWords({
  a,
  b,
  c,
}: Groth16Proof): readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint] {
  return [a.x, a.y, b.x[1], b.x[0], b.y[1], b.y[0], c.x, c.y]
}

/** The proof as snarkjs' `proof.json` has it. */
export function toSnarkjsProof({ a, b, c }: Groth16Proof): SnarkjsProof {
  return { pi_a: projectiveG1(a), pi_b: projectiveG2(b), pi_c: projectiveG1(c), protocol: 'groth16', curve: 'bn128' }
}

/** Reads snarkjs' `proof.json`; only the form is checked. */
export function parseSnarkjsProof(json: unknown): Groth16Proof {
  if (typeof json !== 'object' || json === null) throw new ProofFormatError('JSON')
  const { pi_a: a, pi_b: b, pi_c: c, protocol } = json as Record<string, unknown>
  if (protocol !== undefined && protocol !== 'groth16') throw new ProofFormatError('protocol')
  return { a: parseG1(a, 'pi_a'), b: parseG2(b, 'pi_b'), c: parseG1(c, 'pi_c') }
}

/** Reads snarkjs' `public.json`. */
export function parsePublicSignals(json: unknown): bigint[] {
  return asArray(json, 'public signals').map((value) => parseInteger(value, 'public signals'))
}

/** A G1 point in snarkjs' projective form. */
export function projectiveG1(point: G1Point): readonly string[] {
  return isG1Infinity(point) ? ['0', '1', '0'] : [`${point.x}`, `${point.y}`, '1']
}

/** A G2 point in snarkjs' projective form. */
export function projectiveG2(point: G2Point): readonly (readonly string[])[] {
  const pair = ([c0, c1]: Fq2): readonly string[] => [`${c0}`, `${c1}`]
  if (isG2Infinity(point)) return [pair([0n, 0n]), pair([1n, 0n]), pair([0n, 0n])]
  return [pair(point.x), pair(point.y), pair([1n, 0n])]
}

function parseG1(value: unknown, part: string): G1Point {
  const [x, y, z] = asArray(value, part).map((item) => parseInteger(item, part))
  if (x === undefined || y === undefined) throw new ProofFormatError(part)
  if (z === 0n) return { x: 0n, y: 0n }
  if (z !== undefined && z !== 1n) throw new ProofFormatError(part)
  return { x, y }
}

function parseG2(value: unknown, part: string): G2Point {
  const [x, y, z] = asArray(value, part).map((item): Fq2 => {
    const [c0, c1] = asArray(item, part).map((element) => parseInteger(element, part))
    if (c0 === undefined || c1 === undefined) throw new ProofFormatError(part)
    return [c0, c1]
  })
  if (x === undefined || y === undefined) throw new ProofFormatError(part)
  if (z !== undefined && z[1] !== 0n) throw new ProofFormatError(part)
  if (z?.[0] === 0n) return { x: [0n, 0n], y: [0n, 0n] }
  if (z !== undefined && z[0] !== 1n) throw new ProofFormatError(part)
  return { x, y }
}

function asArray(value: unknown, part: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ProofFormatError(part)
  return value
}

function parseInteger(value: unknown, part: string): bigint {
  if (typeof value === 'string' && /^[0-9]{1,78}$/.test(value)) return BigInt(value)
  throw new ProofFormatError(part)
}
