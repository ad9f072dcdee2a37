// SPDX-License-Identifier: GPL-3.0-or-later
import { FIELD_BYTES, modulo, toFieldBytes } from '../../binfile/field'
import { inverseModR, powerModR, rootOfUnity } from '../scalar-math'
import { LAGRANGE_SECTIONS } from './format'
import type { PtauFactors } from './transcript'

/**
 * The logarithms of the Lagrange sections: L_i(τ) = ω^i·(τ^n − 1) / (n·(τ − ω^i)) in each domain, times α or β. In the
 * largest one of τ·G1 the power τ^(n−1) is not in the file, and snarkjs takes it for zero: L_i loses ω^i·τ^(n−1)/n,
 * ω^(−i(n−1)) being ω^i. No key is affected, because the polynomials it is multiplied with have a lower degree.
 */
export function lagrangeScalars(power: number, { tau, alpha, beta }: PtauFactors): Uint8Array[] {
  const bases = Array.from({ length: power + 2 }, (_, level) => lagrangeAt(level, tau))
  const top = 2 ** (power + 1)
  const missing = modulo(powerModR(tau, BigInt(top - 1)) * inverseModR(BigInt(top)))
  const root = rootOfUnity(power + 1)
  let factor = missing
  bases[power + 1] = bases[power + 1]!.map((value) => {
    const rest = modulo(value - factor)
    factor = modulo(factor * root)
    return rest
  })
  const factors = [1n, 1n, alpha, beta]
  return LAGRANGE_SECTIONS.map((section, index) => {
    const out = new Uint8Array(section.count(power) * FIELD_BYTES)
    let position = 0
    for (const basis of bases.slice(0, section.top(power) + 1)) {
      for (const value of basis) {
        toFieldBytes(modulo(value * factors[index]!), out, position)
        position += FIELD_BYTES
      }
    }
    return out
  })
}

/** L_i(τ) for every i, with one inversion (Montgomery's trick); τ must not be in the domain. */
function lagrangeAt(level: number, tau: bigint): bigint[] {
  const size = 2 ** level
  const root = rootOfUnity(level)
  const roots: bigint[] = [1n]
  for (let i = 1; i < size; i++) roots.push(modulo(roots[i - 1]! * root))
  const products: bigint[] = []
  let product = 1n
  for (const power of roots) {
    products.push(product)
    product = modulo(product * (tau - power))
  }
  let inverse = inverseModR(product)
  const scale = modulo((powerModR(tau, BigInt(size)) - 1n) * inverseModR(BigInt(size)))
  const out = new Array<bigint>(size)
  for (let i = size - 1; i >= 0; i--) {
    out[i] = modulo(modulo(inverse * products[i]!) * modulo(scale * roots[i]!))
    inverse = modulo(inverse * (tau - roots[i]!))
  }
  return out
}
