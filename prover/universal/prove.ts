// SPDX-License-Identifier: GPL-3.0-or-later
import * as snarkjs from 'snarkjs'

import { ZkmlError } from '../errors'
import { readWtns } from '../binfile/wtns'
import { ProofRejectedError, type ProveOptions, WitnessMismatchError } from '../groth16/backend'
import { parsePublicSignals } from '../groth16/proof'
import { type SnarkjsThreads, withSnarkjs } from '../groth16/snarkjs-session'
import { requireProverFit, type Room } from './fit'
import { parseSnarkjsUniversalProof, type UniversalProof } from './proof'
import { estimateMemory } from './size'
import type { UniversalSystem } from './system'
import { SILENT, verifyUnderCheckedUniversalKey } from './verify'
import { readUniversalZkey, type UniversalZkey } from './zkey'

/** A proving key whose header and sections were checked, ahead of many proofs. snarkjs reads the file for each of them. */
export type CheckedUniversalZkey = UniversalZkey & { readonly path: string }

/** A proof together with the statement that it proves. */
export type UniversalStatement = { readonly proof: UniversalProof; readonly publicSignals: readonly bigint[] }

/** snarkjs gave up in the middle of a proof; a witness that breaks the circuit is one reason. */
export class UniversalProofError extends ZkmlError {
  readonly code = 'UNIVERSAL_PROOF_FAILED'

  constructor(system: UniversalSystem, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(
      `snarkjs could not make a ${system} proof: ${reason}; run \`zkml check\` to see whether the witness satisfies the ` +
        'circuit, then `zkml setup` again',
      { cause },
    )
  }
}

/**
 * Checks that a proving key of PLONK or FFLONK is whole and a safe one.
 *
 * @throws BinFileError, UnsafeUniversalKeyError
 */
export function checkUniversalZkey(path: string): CheckedUniversalZkey {
  return { path, ...readUniversalZkey(path) }
}

/**
 * Proves that a witness satisfies the circuit of a key, through snarkjs, and verifies the proof before it is returned.
 *
 * @param wtns The bytes of a `.wtns`.
 * @throws WitnessMismatchError, UniversalFitError, UniversalProofError, ProofRejectedError
 * @example
 * ```ts
 * const { proof, publicSignals } = await proveUniversal(checkUniversalZkey('model.zkey'), wtns)
 * ```
 */
export async function proveUniversal(
  zkey: CheckedUniversalZkey,
  wtns: Uint8Array,
  options: ProveOptions & SnarkjsThreads & { readonly room?: Room } = {},
): Promise<UniversalStatement> {
  const { key, circuitWires, counts } = zkey
  const { signal, room } = options
  const { count } = readWtns(wtns)
  if (count !== circuitWires) throw new WitnessMismatchError(count, circuitWires)
  requireProverFit(key.system, estimateMemory(key.system, counts), room)
  signal?.throwIfAborted()
  return withSnarkjs(async () => {
    const result = await snarkjs[key.system].prove(zkey.path, wtns, SILENT).catch((error: unknown) => {
      throw new UniversalProofError(key.system, error)
    })
    signal?.throwIfAborted()
    const proof = parseSnarkjsUniversalProof(result.proof, key.system)
    const publicSignals = parsePublicSignals(result.publicSignals)
    if (!(await verifyUnderCheckedUniversalKey(key, publicSignals, proof)))
      throw new ProofRejectedError(`snarkjs (${key.system})`)
    return { proof, publicSignals }
  }, options)
}
