// SPDX-License-Identifier: GPL-3.0-or-later
import type { SnarkjsUniversalProof } from 'snarkjs'

import { BASE_FIELD, SCALAR_FIELD } from '../binfile/field'
import { isG1Infinity, isG1OnCurve } from '../groth16/curve'
import { ProofFormatError } from '../groth16/proof'
import type { UniversalSystem } from './system'

/**
 * A proof of PLONK or FFLONK: the 24 words that a verifier contract takes, points of two words first, then evaluations.
 */
export type UniversalProof = { readonly system: UniversalSystem; readonly words: readonly bigint[] }

/** Words of a proof; both systems happen to have as many. */
export const PROOF_WORDS = 24

/** The parts of a proof by snarkjs' names, in the order of the words. */
const PARTS: Readonly<
  Record<UniversalSystem, { readonly points: readonly string[]; readonly values: readonly string[] }>
> = {
  plonk: {
    points: ['A', 'B', 'C', 'Z', 'T1', 'T2', 'T3', 'Wxi', 'Wxiw'],
    values: ['eval_a', 'eval_b', 'eval_c', 'eval_s1', 'eval_s2', 'eval_zw'],
  },
  fflonk: {
    points: ['C1', 'C2', 'W1', 'W2'],
    values: ['ql', 'qr', 'qm', 'qo', 'qc', 's1', 's2', 's3', 'a', 'b', 'c', 'z', 'zw', 't1w', 't2w', 'inv'],
  },
}

/**
 * Whether every coordinate and evaluation is below its modulus and every point on the curve and not infinity, as the
 * contracts demand. G1 has no subgroup beside itself.
 */
export function isWellFormedUniversal({ system, words }: UniversalProof): boolean {
  if (words.length !== PROOF_WORDS) return false
  const { points } = PARTS[system]
  const isPoint = points.every((_, i) => {
    const [x, y] = [words[2 * i]!, words[2 * i + 1]!]
    const isReduced = x >= 0n && y >= 0n && x < BASE_FIELD && y < BASE_FIELD
    return isReduced && !isG1Infinity({ x, y }) && isG1OnCurve({ x, y })
  })
  return isPoint && words.slice(2 * points.length).every((value) => value >= 0n && value < SCALAR_FIELD)
}

/** The proof as snarkjs writes it. */
export function toSnarkjsUniversalProof({ system, words }: UniversalProof): SnarkjsUniversalProof {
  const { points, values } = PARTS[system]
  const at = 2 * points.length
  const pointsJson = Object.fromEntries(
    points.map((name, i) => [name, [`${words[2 * i]}`, `${words[2 * i + 1]}`, '1']] as const),
  )
  const valuesJson = Object.fromEntries(values.map((name, i) => [name, `${words[at + i]}`] as const))
  const parts =
    system === 'plonk' ? { ...pointsJson, ...valuesJson } : { polynomials: pointsJson, evaluations: valuesJson }
  return { ...parts, protocol: system, curve: 'bn128' }
}

/**
 * Reads snarkjs' `proof.json` of PLONK or FFLONK; only the form is checked.
 *
 * @throws ProofFormatError
 */
export function parseSnarkjsUniversalProof(json: unknown, system: UniversalSystem): UniversalProof {
  const proof = asRecord(json, 'JSON')
  if (proof['protocol'] !== system) throw new ProofFormatError('protocol')
  const { points, values } = PARTS[system]
  const [pointsJson, valuesJson] =
    system === 'plonk'
      ? [proof, proof]
      : [asRecord(proof['polynomials'], 'polynomials'), asRecord(proof['evaluations'], 'evaluations')]
  return {
    system,
    words: [
      ...points.flatMap((name) => parsePoint(pointsJson[name], name)),
      ...values.map((name) => parseInteger(valuesJson[name], name)),
    ],
  }
}

/** Infinity is 0, 0 among the words. */
function parsePoint(value: unknown, part: string): readonly bigint[] {
  if (!Array.isArray(value) || value.length !== 3) throw new ProofFormatError(part)
  const [x, y, z] = value.map((item) => parseInteger(item, part))
  if (z === 0n) return [0n, 0n]
  if (z !== 1n) throw new ProofFormatError(part)
  return [x!, y!]
}

function asRecord(value: unknown, part: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  throw new ProofFormatError(part)
}

function parseInteger(value: unknown, part: string): bigint {
  if (typeof value === 'string' && /^[0-9]{1,78}$/.test(value)) return BigInt(value)
  throw new ProofFormatError(part)
}
