// SPDX-License-Identifier: GPL-3.0-or-later

import { Interface, type BlockTag, type Provider } from 'ethers'
import type { InferenceCall } from '../pipeline/proof-file'
import { INFERENCE_VERIFIER_ABI } from './abi'
import { encodeCall, readContract } from './contract'
import type { Call } from './types'

const VERIFIER = new Interface(INFERENCE_VERIFIER_ABI)

/** `verifyInference`: reverts, or emits `InferenceVerified`. The sender has to be the caller that the proof is bound to. */
export function verifyInferenceCall(inferenceVerifier: string, modelId: bigint, proof: InferenceCall): Call {
  return encodeCall(VERIFIER, inferenceVerifier, 'verifyInference', [
    modelId,
    proof.inputCommitment,
    proof.output,
    proof.proof,
  ])
}

/**
 * Asks a chain whether a proof holds for a caller, without a transaction.
 *
 * @throws ContractRevertError when it does not; `revert.name` is for instance `InvalidProof`.
 */
export async function checkInference(
  provider: Provider,
  inferenceVerifier: string,
  modelId: bigint,
  proof: InferenceCall,
  caller: string,
  blockTag?: BlockTag,
): Promise<void> {
  const args = [modelId, proof.inputCommitment, proof.output, proof.proof, caller]
  await readContract(provider, VERIFIER, inferenceVerifier, 'checkInference', args, at(blockTag))
}

/** The registry that a verifier looks models up in. */
export async function registryOf(provider: Provider, inferenceVerifier: string): Promise<string> {
  const [registry] = await readContract(provider, VERIFIER, inferenceVerifier, 'registry', [])
  return registry as string
}

/** Whether no proof of a model will pass at a verifier any more. */
export async function isStopped(
  provider: Provider,
  inferenceVerifier: string,
  modelId: bigint,
  blockTag?: BlockTag,
): Promise<boolean> {
  const [stopped] = await readContract(provider, VERIFIER, inferenceVerifier, 'isStopped', [modelId], at(blockTag))
  return stopped as boolean
}

/** Most gas that the verifier of a model may use for a statement. */
export async function verifierGasCapOf(
  provider: Provider,
  inferenceVerifier: string,
  modelId: bigint,
): Promise<bigint> {
  const [cap] = await readContract(provider, VERIFIER, inferenceVerifier, 'verifierGasCap', [modelId])
  return cap as bigint
}

const at = (blockTag: BlockTag | undefined) => (blockTag === undefined ? {} : { blockTag })
