// SPDX-License-Identifier: GPL-3.0-or-later

import { FIELD_R, type ProofPoints } from '../../prover/encodings'
import {
  G1_GENERATOR,
  G2_GENERATOR,
  g1Multiply,
  g2Multiply,
  invert,
  modulo,
  type G1Point,
  type G2Point,
} from '../../prover/groth16/curve'
import type { VerifyingKey } from '../../prover/groth16/vkey'

/**
 * A key whose logarithms are known, so that a proof of any statement is three scalar multiplications. It stands in for
 * circuit, setup and prover in tests of what happens after proving; nothing else may use it.
 */
export type TrapdoorKey = {
  readonly vk: VerifyingKey
  prove(signals: readonly bigint[], randomness?: bigint): ProofPoints
}

/** A trapdoor key for `signals` public signals; the same seed gives the same key. */
export function trapdoorKey(signals: number, seed = 1n): TrapdoorKey {
  const scalar = (index: number): bigint => modulo((seed * 1_000_003n + BigInt(index) + 7n) ** 9n + 11n, FIELD_R)
  const [alpha, beta, gamma, delta] = [scalar(0), scalar(1), scalar(2), scalar(3)]
  const ic = Array.from({ length: signals + 1 }, (_, index) => scalar(4 + index))
  const vk: VerifyingKey = {
    alpha: g1Multiply(G1_GENERATOR, alpha),
    beta: g2Multiply(G2_GENERATOR, beta),
    gamma: g2Multiply(G2_GENERATOR, gamma),
    delta: g2Multiply(G2_GENERATOR, delta),
    ic: ic.map((value) => g1Multiply(G1_GENERATOR, value)),
  }
  return {
    vk,
    prove(values, randomness = 5n) {
      if (values.length !== signals) throw new Error(`The trapdoor key has ${signals} signals, not ${values.length}.`)
      const a = modulo(scalar(100_000) + randomness, FIELD_R)
      const b = modulo(scalar(100_001) * randomness, FIELD_R)
      // e(A, B) = e(α, β) · e(IC(x), γ) · e(C, δ), in the exponent
      const combined = values.reduce((sum, value, index) => sum + value * (ic[index + 1] ?? 0n), ic[0] ?? 0n)
      const c = modulo((a * b - alpha * beta - combined * gamma) * invert(delta, FIELD_R), FIELD_R)
      return toPoints(g1Multiply(G1_GENERATOR, a), g2Multiply(G2_GENERATOR, b), g1Multiply(G1_GENERATOR, c))
    },
  }
}

/** Proof points in the order contracts take them. */
export function toPoints(a: G1Point, b: G2Point, c: G1Point): ProofPoints {
  return [a.x, a.y, b.x[1], b.x[0], b.y[1], b.y[0], c.x, c.y]
}
