// SPDX-License-Identifier: GPL-3.0-or-later
import { concatBytes, containerChunks, HeaderWriter, sectionOf } from '../../prover/binfile/container-writer'
import { BASE_FIELD, modulo, tableToBytes } from '../../prover/binfile/field'
import { loadCurve } from '../../prover/groth16/bn254-code'
import { multiplyGenerator } from '../../prover/groth16/point-pool'
import { inverseModR, powerModR, rootOfUnity } from '../../prover/groth16/scalar-math'

/** Secrets of a powers-of-tau file that a test makes. */
export type KnownPowers = { readonly tau: bigint; readonly alpha: bigint; readonly beta: bigint }

/**
 * A `.ptau` file, prepared for phase 2, whose secrets are known: it lets a test derive one key by two paths. Every
 * scalar is computed here with BigInt, from the definitions, and not by the code under test.
 */
export async function knownPtau(power: number, { tau, alpha, beta }: KnownPowers): Promise<Uint8Array> {
  const size = 2 ** power
  const powers = Array.from({ length: 2 * size - 1 }, (_, i) => powerModR(tau, BigInt(i)))
  const times = (factor: bigint, values: readonly bigint[]): bigint[] => values.map((value) => modulo(factor * value))
  const first = powers.slice(0, size)
  const bases = Array.from({ length: power + 2 }, (_, level) => lagrangeAt(level, tau))
  const inner = bases.slice(0, -1).flat()
  const groups = [
    ['G1', powers],
    ['G2', first],
    ['G1', times(alpha, first)],
    ['G1', times(beta, first)],
    ['G2', [beta]],
    ['G1', bases.flat()],
    ['G2', inner],
    ['G1', times(alpha, inner)],
    ['G1', times(beta, inner)],
  ] as const
  const code = await loadCurve()
  const points: Uint8Array[] = []
  for (const [group, values] of groups) {
    points.push(await multiplyGenerator(code, group, tableToBytes(values), { threads: 1 }))
  }
  const header = new HeaderWriter().prime(BASE_FIELD).u32(power).u32(power).bytes()
  const ids = [2, 3, 4, 5, 6, 12, 13, 14, 15]
  const sections = [sectionOf(1, header), ...points.map((bytes, i) => sectionOf(ids[i]!, bytes))]
  return concatBytes(containerChunks('ptau', 1, sections))
}

/** L_i(τ) = ω^i·(τ^n − 1) / (n·(τ − ω^i)) for i < n = 2^level. */
function lagrangeAt(level: number, tau: bigint): bigint[] {
  const size = BigInt(2 ** level)
  const root = rootOfUnity(level)
  const vanishing = modulo(powerModR(tau, size) - 1n)
  let power = 1n
  return Array.from({ length: 2 ** level }, () => {
    const value = modulo(power * vanishing * inverseModR(modulo(size * (tau - power))))
    power = modulo(power * root)
    return value
  })
}
