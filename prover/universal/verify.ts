// SPDX-License-Identifier: GPL-3.0-or-later
import * as snarkjs from 'snarkjs'
import type { Logger } from 'snarkjs'

import { SCALAR_FIELD } from '../binfile/field'
import { withSnarkjs } from '../groth16/snarkjs-session'
import { SignalCountError } from '../groth16/verify'
import { isWellFormedUniversal, toSnarkjsUniversalProof, type UniversalProof } from './proof'
import { checkUniversalKey, toSnarkjsKey, type UniversalKey } from './vkey'

/** snarkjs dereferences its logger on some failures. */
export const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * Verifies a proof. Signals and evaluations that are not below r, coordinates not below q, and points off the curve or at
 * infinity make it false, as on chain. FFLONK's `inv`, an inverse that spares a contract gas, is checked by the contract only.
 *
 * @throws UnsafeUniversalKeyError when the key is one under which a proof means nothing; SignalCountError.
 * @example
 * ```ts
 * const isValid = await verifyUniversal(key, publicSignals, proof)
 * ```
 */
export async function verifyUniversal(
  key: UniversalKey,
  publicSignals: readonly bigint[],
  proof: UniversalProof,
): Promise<boolean> {
  checkUniversalKey(key)
  return verifyUnderCheckedUniversalKey(key, publicSignals, proof)
}

/** Like {@link verifyUniversal}, for a key that `checkUniversalKey` has accepted. */
export async function verifyUnderCheckedUniversalKey(
  key: UniversalKey,
  publicSignals: readonly bigint[],
  proof: UniversalProof,
): Promise<boolean> {
  if (publicSignals.length !== key.nPublic) throw new SignalCountError(publicSignals.length, key.nPublic)
  if (proof.system !== key.system) return false
  if (publicSignals.some((signal) => signal < 0n || signal >= SCALAR_FIELD)) return false
  if (!isWellFormedUniversal(proof)) return false
  const signals = publicSignals.map((signal) => signal.toString())
  return withSnarkjs(() =>
    snarkjs[key.system].verify(toSnarkjsKey(key), signals, toSnarkjsUniversalProof(proof), SILENT),
  )
}
