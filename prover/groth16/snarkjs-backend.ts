// SPDX-License-Identifier: GPL-3.0-or-later
import * as snarkjs from 'snarkjs'

import { checkProverInputs, ProofRejectedError, type ProverBackend } from './backend'
import { parsePublicSignals, parseSnarkjsProof, type ProvedStatement } from './proof'
import { leaseSnarkjs, type SnarkjsLease, type SnarkjsThreads, withSnarkjs } from './snarkjs-session'
import { verifyUnderCheckedKey } from './verify'

export type SnarkjsBackendOptions = SnarkjsThreads & {
  /**
   * Keep snarkjs' threads between proofs (saves about half a second each), for daemons. {@link ProverBackend.close}
   * must then be called.
   */
  readonly keepThreads?: boolean
}

/**
 * The prover that is always there: snarkjs, in WebAssembly on all cores.
 *
 * @example
 * ```ts
 * const { proof, publicSignals } = await snarkjsBackend().prove('model.zkey', 'witness.wtns')
 * ```
 */
export function snarkjsBackend(options: SnarkjsBackendOptions = {}): ProverBackend {
  let kept: Promise<SnarkjsLease> | undefined
  return {
    name: 'snarkjs',
    prove: async (zkey, wtns, { signal } = {}): Promise<ProvedStatement> => {
      signal?.throwIfAborted()
      const { verifyingKey, key } = checkProverInputs(zkey, wtns)
      if (options.keepThreads === true) await (kept ??= leaseSnarkjs(options))
      return withSnarkjs(async () => {
        signal?.throwIfAborted()
        const result = await snarkjs.groth16.prove(key, wtns)
        signal?.throwIfAborted()
        const proof = parseSnarkjsProof(result.proof)
        const publicSignals = parsePublicSignals(result.publicSignals)
        if (!(await verifyUnderCheckedKey(verifyingKey, publicSignals, proof))) throw new ProofRejectedError('snarkjs')
        return { proof, publicSignals }
      }, options)
    },
    close: async () => {
      const lease = kept
      kept = undefined
      await (await lease)?.release()
    },
  }
}
