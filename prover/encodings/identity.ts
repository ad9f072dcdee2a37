// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, keccak256, toUtf8Bytes, ZeroHash } from 'ethers'
import { canonicalJson } from './canonical-json'
import { DOMAIN_MODEL, PROOF_SYSTEM_GROTH16 } from './domains'

/** The parts of a circuit's identity; hashes are 0x strings of 32 bytes. */
export type CircuitIdentity = {
  /** sha256 of the `.r1cs` file. */
  readonly r1csHash: string
  readonly ioSchemaHash: string
  readonly recipeHash: string
  /** 0 for a setup made by one party, otherwise keccak256 of the ceremony transcript. */
  readonly setupHash: string
  /** 0 when weights are fixed. */
  readonly weightsCommitment: bigint
  /** `extcodehash` of a generated verifier, 0 when the shared one serves the model. */
  readonly verifierCodeHash: string
}

/** What a modelId commits to. The uri of an ERC-7992 commitment is not part of it. */
export type ModelIdentity = {
  readonly publisher: string
  /** sha256 of the `.onnx` file. */
  readonly modelHash: string
  readonly circuitHash: string
  readonly vkHash: string
  readonly proofSystemId?: string
}

/** `setupHash` of a setup made by one party. */
export const DEV_SETUP_HASH = ZeroHash

/** `verifierCodeHash` of a model served by the shared verifier. */
export const SHARED_VERIFIER = ZeroHash

/** keccak256 of a recipe as canonical JSON. */
export function recipeHash(recipe: unknown): string {
  return keccak256(toUtf8Bytes(canonicalJson(recipe)))
}

export function circuitHash(circuit: CircuitIdentity): string {
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'bytes32', 'bytes32', 'bytes32', 'uint256', 'bytes32'],
      [
        circuit.r1csHash,
        circuit.ioSchemaHash,
        circuit.recipeHash,
        circuit.setupHash,
        circuit.weightsCommitment,
        circuit.verifierCodeHash,
      ],
    ),
  )
}

/** The content address of a model: the same on every chain, and different for every publisher. */
export function modelId(model: ModelIdentity): bigint {
  return BigInt(
    keccak256(
      AbiCoder.defaultAbiCoder().encode(
        ['bytes32', 'address', 'bytes32', 'bytes32', 'bytes32', 'bytes4'],
        [
          DOMAIN_MODEL,
          model.publisher,
          model.modelHash,
          model.circuitHash,
          model.vkHash,
          model.proofSystemId ?? PROOF_SYSTEM_GROTH16,
        ],
      ),
    ),
  )
}
