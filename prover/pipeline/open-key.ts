// SPDX-License-Identifier: GPL-3.0-or-later

import { readWholeFile } from '../binfile'
import { checkZkey, selectBackend, vkHash, type ProveOptions, type ProverBackend } from '../groth16'
import { checkUniversalZkey, proveUniversal, universalKeyHash } from '../universal'
import { ArtefactError } from './artefacts'
import { readCircuitKey } from './circuit-key'
import { requireKnownKey, requireOwnKey } from './known-keys'
import type { LoadedModel } from './model-folder'
import { staged, type Progress } from './progress'
import type { AnyProof } from './proof-file'

/** A proving key that was checked, and how proofs are made with it. */
export type OpenKey = {
  readonly path: string
  readonly vkHash: string
  /** Name of what makes the proofs. */
  readonly backend: string
  prove(
    wtns: Uint8Array,
    options?: ProveOptions,
  ): Promise<{ readonly proof: AnyProof; readonly publicSignals: readonly bigint[] }>
}

export type OpenKeyOptions = {
  /** Makes Groth16 proofs, the one of `selectBackend` when absent; snarkjs makes those of other systems. */
  readonly backend?: ProverBackend
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/**
 * Reads and checks the proving key of a model.
 *
 * @throws ArtefactError, KeyMismatchError, UnsafeVerifyingKeyError, UnsafeUniversalKeyError
 */
export async function openKey(model: LoadedModel, options: OpenKeyOptions): Promise<OpenKey> {
  const { paths, circuit, hashes } = model
  const key = readCircuitKey(paths, hashes.r1csHash)
  const { inputs, outputs, weightsCommitted } = circuit.schema
  const isHiding = weightsCommitted || [...inputs, ...outputs].some(({ visibility }) => visibility !== 'public')
  const requireKey = (hash: string): void => {
    if (hash !== key.hash)
      throw new ArtefactError(`${paths.zkey} is not the key that key.json describes; run "zkml setup" again`)
  }
  if (key.system === 'groth16') {
    const zkey = checkZkey(readWholeFile(paths.zkey))
    requireKey(vkHash(zkey.verifyingKey))
    if (isHiding)
      await staged(options.progress, 'check key', () =>
        requireKnownKey(zkey, circuit.r1cs, hashes.r1csHash, options.signal),
      )
    const backend = options.backend ?? selectBackend()
    const { name } = backend
    return {
      path: paths.zkey,
      vkHash: key.hash,
      backend: name,
      prove: (wtns, prove) => backend.prove(zkey, wtns, prove),
    }
  }
  const zkey = checkUniversalZkey(paths.zkey)
  requireKey(universalKeyHash(zkey.key))
  if (isHiding) await requireOwnKey(paths.zkey, hashes.r1csHash, key.system)
  return {
    path: paths.zkey,
    vkHash: key.hash,
    backend: 'snarkjs',
    prove: (wtns, prove) => proveUniversal(zkey, wtns, prove),
  }
}
