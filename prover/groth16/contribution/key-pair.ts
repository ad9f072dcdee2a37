// SPDX-License-Identifier: GPL-3.0-or-later
import type { ChaCha } from 'ffjavascript'

import { modulo } from '../../binfile/field'
import { loadPlainCurve } from '../bn254-code'
import { isSameRatio } from '../pairing'
import { rngOf } from './randomness'

/**
 * Proof that whoever changed a secret by the factor x knew x (Bowe, Gabizon, Miers, "Scalable multi-party computation
 * for zk-SNARK parameters in the random beacon model", eprint 2017/1050): s and x·s in G1, and x·h where h in G2 is a hash of them and of what came before.
 */
export type PublicKey = {
  readonly g1s: Uint8Array
  readonly g1sx: Uint8Array
  readonly g2spx: Uint8Array
}

/** A secret factor, and the base s drawn with it. */
export type Secret = { readonly factor: bigint; readonly g1s: Uint8Array; readonly g1sx: Uint8Array }

/** The next scalar of a generator. */
export async function drawFactor(rng: ChaCha): Promise<bigint> {
  const { Fr } = await loadPlainCurve()
  for (;;) {
    const element = Fr.fromRng(rng)
    const factor = Fr.toObject(element)
    element.fill(0)
    // As for zero, which has no inverse and a chance of 2^−254, snarkjs would fail.
    if (factor !== 0n) return factor
  }
}

/** Draws s, and commits to a factor by s and factor·s. */
export async function drawBase(factor: bigint, rng: ChaCha): Promise<Secret> {
  const { G1 } = await loadPlainCurve()
  const g1s = G1.toAffine(G1.fromRng(rng))
  return { factor, g1s, g1sx: await times('G1', g1s, factor) }
}

/** The point that 64 bytes of hash stand for; nobody knows its logarithm. */
export async function hashToG2(hash: Uint8Array): Promise<Uint8Array> {
  const { G2 } = await loadPlainCurve()
  return G2.toAffine(G2.fromRng(rngOf(hash)))
}

/** Completes the proof of a secret with x·h. */
export async function publicKey({ factor, g1s, g1sx }: Secret, h: Uint8Array): Promise<PublicKey> {
  return { g1s, g1sx, g2spx: await times('G2', h, factor) }
}

/** Whether a key proves knowledge of one factor, h being the hash it is for. */
export async function isProof(key: PublicKey, h: Uint8Array): Promise<boolean> {
  return isSameRatio([key.g1s, key.g1sx], [h, key.g2spx])
}

/** factor·point, affine; the factor is reduced modulo r. */
export async function times(group: 'G1' | 'G2', point: Uint8Array, factor: bigint): Promise<Uint8Array> {
  const curve = await loadPlainCurve()
  const scalar = curve.Fr.e(modulo(factor))
  const product = curve[group].toAffine(curve[group].timesFr(point, scalar))
  scalar.fill(0)
  // The WASM keeps its last operands.
  curve[group].timesFr(point, scalar)
  return product
}
