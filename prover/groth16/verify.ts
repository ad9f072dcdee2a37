// SPDX-License-Identifier: GPL-3.0-or-later
import * as snarkjs from 'snarkjs'

import { ZkmlError } from '../errors'
import { SCALAR_FIELD } from '../binfile/field'
import { type Groth16Proof, isWellFormed, projectiveG1, projectiveG2, toSnarkjsProof } from './proof'
import { withSnarkjs } from './snarkjs-session'
import { checkVerifyingKey, signalCount, type VerifyingKey } from './vkey'

/** The number of public signals is not the one that the verifying key is for. */
export class SignalCountError extends ZkmlError {
  readonly code = 'GROTH16_SIGNAL_COUNT'

  constructor(given: number, expected: number) {
    super(`${given} public signals were given, but the verifying key is for ${expected}; is it the key of this model?`)
  }
}

/**
 * Verifies a proof. Signals that are not below r, coordinates not below q, points off the curve or out of the subgroup
 * make it false, as on chain.
 *
 * @throws UnsafeVerifyingKeyError when the key is one under which a proof means nothing; SignalCountError.
 * @example
 * ```ts
 * const isValid = await verify(vk, publicSignals, proof)
 * ```
 */
export async function verify(
  vk: VerifyingKey,
  publicSignals: readonly bigint[],
  proof: Groth16Proof,
): Promise<boolean> {
  checkVerifyingKey(vk)
  return verifyUnderCheckedKey(vk, publicSignals, proof)
}

/** Like {@link verify}, for a key that `checkVerifyingKey` has accepted: the check takes longer than one may think. */
export async function verifyUnderCheckedKey(
  vk: VerifyingKey,
  publicSignals: readonly bigint[],
  proof: Groth16Proof,
): Promise<boolean> {
  const expected = signalCount(vk)
  if (publicSignals.length !== expected) throw new SignalCountError(publicSignals.length, expected)
  if (publicSignals.some((signal) => signal < 0n || signal >= SCALAR_FIELD)) return false
  if (!isWellFormed(proof)) return false
  const signals = publicSignals.map((signal) => signal.toString())
  return withSnarkjs(() => snarkjs.groth16.verify(snarkjsKey(vk), signals, toSnarkjsProof(proof)))
}

function snarkjsKey(vk: VerifyingKey): Omit<snarkjs.SnarkjsVerificationKey, 'vk_alphabeta_12'> {
  return {
    protocol: 'groth16',
    curve: 'bn128',
    nPublic: signalCount(vk),
    vk_alpha_1: projectiveG1(vk.alpha),
    vk_beta_2: projectiveG2(vk.beta),
    vk_gamma_2: projectiveG2(vk.gamma),
    vk_delta_2: projectiveG2(vk.delta),
    IC: vk.ic.map(projectiveG1),
  }
}
