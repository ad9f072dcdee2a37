// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import type { ContainerInput, FileBytes } from '../binfile/container'
import { readWtns, type Witness } from '../binfile/wtns'
import type { ProvedStatement } from './proof'
import { checkVerifyingKey, type VerifyingKey } from './vkey'
import { verifyingKeyOf, withZkey } from './zkey'

export type ProveOptions = {
  /** Ends the proof, where the backend can end it; otherwise checked before each stage. */
  readonly signal?: AbortSignal
  /** Called with the share done, 0 to 1, by backends that know it. */
  readonly onProgress?: (fraction: number) => void
}

/** A proving key in memory that was checked once, so that proofs need not check it again. Its bytes must not change. */
export type CheckedZkey = FileBytes & {
  readonly verifyingKey: VerifyingKey
  readonly nWires: number
}

/**
 * A Groth16 prover. All of them read the same files, give interchangeable proofs, and return only proofs that they
 * have verified under the key's own verifying key.
 */
export type ProverBackend = {
  /** A short, stable name, as users write it: `snarkjs`. */
  readonly name: string
  /**
   * Proves that a witness satisfies the circuit of a key.
   *
   * @param zkey Path or bytes of the `.zkey`, or one that was checked ahead of many proofs.
   * @param wtns Path or bytes of the `.wtns`.
   * @throws BinFileError, UnsafeVerifyingKeyError, WitnessMismatchError, ProofRejectedError
   */
  prove(
    zkey: string | Uint8Array | CheckedZkey,
    wtns: string | Uint8Array,
    options?: ProveOptions,
  ): Promise<ProvedStatement>
  /** Frees threads that the backend keeps between proofs. Without it a process that keeps them does not exit. */
  close(): Promise<void>
}

/** The witness has another number of wires than the key. */
export class WitnessMismatchError extends ZkmlError {
  readonly code = 'GROTH16_WITNESS_MISMATCH'

  constructor(witness: number, key: number) {
    super(`the witness has ${witness} wires, but the proving key is for ${key}; compile, set up and run the same model`)
  }
}

/** The prover made a proof that does not verify: the witness breaks a constraint, or the key is not sound. */
export class ProofRejectedError extends ZkmlError {
  readonly code = 'GROTH16_PROOF_REJECTED'

  constructor(backend: string) {
    super(
      `the proof made by ${backend} does not verify, so it was thrown away: the witness does not satisfy the circuit ` +
        'of this key, or the key is damaged; run `zkml check`, then `zkml setup` again',
    )
  }
}

/**
 * Checks that a proving key is whole and a safe one, ahead of many proofs under it.
 *
 * @throws BinFileError, UnsafeVerifyingKeyError
 */
export function checkZkey(file: FileBytes): CheckedZkey {
  return { ...file, ...inspectZkey(file) }
}

/** What a backend is asked to prove, checked. */
export type ProverInputs = {
  /** The verifying key inside the proving key. */
  readonly verifyingKey: VerifyingKey
  /** Path or bytes of the proving key; the bytes are those that were checked. */
  readonly key: string | Uint8Array
  /** For messages. */
  readonly path: string
  readonly witness: Witness
}

/** What every backend checks before it starts: both files are whole and belong together, and the key is a safe one. */
export function checkProverInputs(zkey: string | Uint8Array | CheckedZkey, wtns: string | Uint8Array): ProverInputs {
  const isChecked = typeof zkey === 'object' && 'verifyingKey' in zkey
  const { verifyingKey, nWires } = isChecked ? zkey : inspectZkey(zkey)
  const witness = readWtns(wtns)
  if (witness.count !== nWires) throw new WitnessMismatchError(witness.count, nWires)
  const key = isChecked ? zkey.bytes : zkey
  const path = isChecked ? zkey.path : typeof zkey === 'string' ? zkey : '<memory>'
  return { verifyingKey, key, path, witness }
}

function inspectZkey(zkey: ContainerInput): Pick<CheckedZkey, 'verifyingKey' | 'nWires'> {
  return withZkey(zkey, (key) => {
    const verifyingKey = verifyingKeyOf(key)
    checkVerifyingKey(verifyingKey)
    return { verifyingKey, nWires: key.header.nWires }
  })
}
