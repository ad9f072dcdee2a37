// SPDX-License-Identifier: GPL-3.0-or-later
import { FIELD_BYTES, modulo, tableToBytes, toFieldBytes } from '../binfile/field'
import { publicCount, type R1cs, type SparseRows } from '../binfile/r1cs'
import { type CurveCode, CurveWasm } from './bn254-wasm'
import { domainOf } from './domain'
import { inverseModR, powerModR, rootOfUnity } from './scalar-math'
import type { ToxicWaste } from './toxic-waste'

/** Discrete logarithms of every point of a key, as 32-byte little-endian integers below r. All of it is secret. */
export type KeyScalars = {
  /** a_s(τ) for each wire s. */
  readonly a: Uint8Array
  /** b_s(τ) for each wire s. */
  readonly b: Uint8Array
  /** β·a_s(τ) + α·b_s(τ) + c_s(τ) for s ≤ nPublic (γ = 1). */
  readonly ic: Uint8Array
  /** (β·a_s(τ) + α·b_s(τ) + c_s(τ)) / δ for s > nPublic. */
  readonly c: Uint8Array
  /** ℓ_{2i+1}(τ) / δ, ℓ being the Lagrange basis of the domain of twice the size. */
  readonly h: Uint8Array
}

/**
 * Evaluates a circuit's QAP at τ.
 *
 * With L_i the Lagrange basis of the domain of size n, a_s(τ) = Σ_i A[i,s]·L_i(τ), likewise b and c, and a_s gets one
 * more term L_{m+s}(τ) for s ≤ nPublic, m being the number of constraints (snarkjs src/zkey_new.js,
 * processConstraints).
 *
 * snarkjs' H points are not τ^i·Z(τ)/δ. Its prover evaluates P = a·b − c, a polynomial of degree below 2n, on the odd
 * powers of a 2n-th root of unity ω (src/groth16_prove.js: it multiplies the coefficients by powers of w[power+1]
 * before the FFT). P vanishes on the even powers, so P(τ) = Σ_i P(ω^{2i+1})·ℓ_{2i+1}(τ), with no division by Z, and
 * point i is ℓ_{2i+1}(τ)/δ (src/zkey_new.js writeHs takes the odd points of the 2n-basis; src/zkey_contribute.js
 * divides by δ).
 */
export function evaluateQap(code: CurveCode, r1cs: R1cs, waste: ToxicWaste): KeyScalars {
  const wasm = new CurveWasm(code)
  try {
    return new QapEvaluation(wasm, r1cs, waste).scalars()
  } finally {
    wasm.wipe()
  }
}

class QapEvaluation {
  private readonly nPublic: number
  private readonly temporary: number

  constructor(
    private readonly wasm: CurveWasm,
    private readonly r1cs: R1cs,
    private readonly waste: ToxicWaste,
  ) {
    this.nPublic = publicCount(r1cs)
    this.temporary = wasm.alloc(FIELD_BYTES)
  }

  scalars(): KeyScalars {
    const { r1cs, wasm, waste, nPublic } = this
    const { power, size } = domainOf(r1cs)
    const vanishing = powerModR(waste.tau, BigInt(size))
    const basis = this.lagrange(size, 1n, rootOfUnity(power), (vanishing - 1n) * inverseModR(BigInt(size)))
    const coefficients = this.coefficientTable()
    const a = this.combine(r1cs.a, basis, coefficients)
    const b = this.combine(r1cs.b, basis, coefficients)
    const c = this.combine(r1cs.c, basis, coefficients)
    for (let wire = 0; wire <= nPublic; wire++) {
      const at = a + wire * FIELD_BYTES
      wasm.call.frm_add(at, basis + (r1cs.nConstraints + wire) * FIELD_BYTES, at)
    }
    this.mix(a, b, c)
    const split = (nPublic + 1) * FIELD_BYTES
    const mixed = this.plain(c, r1cs.nWires)
    const root = rootOfUnity(power + 1)
    const factor = (vanishing * vanishing - 1n) * inverseModR(2n * BigInt(size) * waste.delta)
    const h = this.lagrange(size, root, rootOfUnity(power), factor)
    return {
      a: this.plain(a, r1cs.nWires),
      b: this.plain(b, r1cs.nWires),
      ic: mixed.subarray(0, split),
      c: mixed.subarray(split),
      h: this.plain(h, size),
    }
  }

  /** factor·x_i/(τ − x_i) for x_i = first·step^i, in Montgomery form. */
  private lagrange(count: number, first: bigint, step: bigint, factor: bigint): number {
    const { wasm } = this
    const { frm_mul: mul, frm_sub: sub, frm_copy: copy, frm_batchInverse: batchInverse } = wasm.call
    const tau = this.constant(this.waste.tau)
    const stepAt = this.constant(step)
    const factorAt = this.constant(factor)
    const x = this.constant(first)
    const values = wasm.alloc(count * FIELD_BYTES)
    const differences = wasm.alloc(count * FIELD_BYTES)
    for (let i = 0; i < count; i++) {
      const at = i * FIELD_BYTES
      copy(x, values + at)
      sub(tau, x, differences + at)
      mul(x, stepAt, x)
    }
    wasm.scratch((count + 2) * FIELD_BYTES)
    batchInverse(differences, FIELD_BYTES, count, differences, FIELD_BYTES)
    for (let at = 0; at < count * FIELD_BYTES; at += FIELD_BYTES) {
      mul(values + at, factorAt, values + at)
      mul(values + at, differences + at, values + at)
    }
    return values
  }

  /** Σ_i M[i,s]·basis[i] for each wire s, in Montgomery form. */
  private combine(rows: SparseRows, basis: number, coefficients: number): number {
    const { wasm, temporary, r1cs } = this
    const { frm_mul: mul, frm_add: add } = wasm.call
    const { start, wire, coefficient } = rows
    const sums = wasm.alloc(r1cs.nWires * FIELD_BYTES)
    for (let row = 0; row < r1cs.nConstraints; row++) {
      const weight = basis + row * FIELD_BYTES
      const end = start[row + 1]!
      for (let term = start[row]!; term < end; term++) {
        const sum = sums + wire[term]! * FIELD_BYTES
        mul(coefficients + coefficient[term]! * FIELD_BYTES, weight, temporary)
        add(sum, temporary, sum)
      }
    }
    return sums
  }

  /** Replaces c by β·a + α·b + c, divided by δ for the wires that are not public. */
  private mix(a: number, b: number, c: number): void {
    const { wasm, temporary, waste, nPublic } = this
    const { frm_mul: mul, frm_add: add } = wasm.call
    const alpha = this.constant(waste.alpha)
    const beta = this.constant(waste.beta)
    const perDelta = this.constant(inverseModR(waste.delta))
    for (let wire = 0; wire < this.r1cs.nWires; wire++) {
      const at = wire * FIELD_BYTES
      mul(a + at, beta, temporary)
      add(c + at, temporary, c + at)
      mul(b + at, alpha, temporary)
      add(c + at, temporary, c + at)
      if (wire > nPublic) mul(c + at, perDelta, c + at)
    }
  }

  private coefficientTable(): number {
    const { wasm, r1cs } = this
    const at = wasm.put(tableToBytes(r1cs.coefficients))
    wasm.call.frm_batchToMontgomery(at, r1cs.coefficients.length, at)
    return at
  }

  private constant(value: bigint): number {
    const at = this.wasm.put(toFieldBytes(modulo(value)))
    this.wasm.call.frm_toMontgomery(at, at)
    return at
  }

  private plain(at: number, count: number): Uint8Array {
    this.wasm.call.frm_batchFromMontgomery(at, count, at)
    return this.wasm.read(at, count * FIELD_BYTES)
  }
}
