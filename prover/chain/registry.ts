// SPDX-License-Identifier: GPL-3.0-or-later

import { Interface, type Provider } from 'ethers'
import {
  circuitHash,
  ioSchemaHash,
  PROOF_SYSTEM_GROTH16,
  toSolidityIoSchema,
  type CircuitIdentity,
  type IoSchema,
  type SolidityIoSchema,
  type SolidityTensorSpec,
  type TensorSpec,
  type Visibility,
} from '../encodings'
import { ZkmlError } from '../errors'
import { MODEL_REGISTRY_ABI } from './abi'
import { ChainDataError, encodeCall, readContract } from './contract'
import { ContractRevertError } from './revert'
import type { Call, RegisteredModel } from './types'
import { isStopped, registryOf } from './verifier'

/** No model of this id is in the registry of a chain. */
export class ModelNotRegisteredError extends ZkmlError {
  readonly code = 'CHAIN_MODEL_UNKNOWN'
  override readonly transient = true
}

/** What a registration takes; circuit and model hash of it are computed on chain. */
export type Publication = {
  /** sha256 of the ONNX file. */
  readonly modelHash: string
  /** At most 1,024 bytes; '' for none. */
  readonly uri: string
  /** Canonical bytes of the verifying key, as a 0x string. */
  readonly key: string
  readonly circuit: Omit<CircuitIdentity, 'ioSchemaHash'>
  readonly ioSchema: IoSchema
  /** The generated verifier, deployed; the zero address for the shared one. */
  readonly verifier: string
  readonly proofSystemId?: string
}

const REGISTRY = new Interface(MODEL_REGISTRY_ABI)
const VISIBILITIES: readonly Visibility[] = ['public', 'hashed', 'private']

type Commitment = Pick<RegisteredModel, 'modelHash' | 'circuitHash' | 'vkHash' | 'proofSystemId' | 'uri'>
type Manifest = Omit<CircuitIdentity, 'ioSchemaHash'> & { readonly ioSchema: SolidityIoSchema }
type VerificationData = Pick<RegisteredModel, 'vkHash' | 'ioSchemaHash' | 'verifier' | 'deprecated'> & {
  readonly activatesAt: bigint
}

/**
 * Reads all that a registry and a verifier say of a model. Hashes that follow from other answers are computed anew.
 *
 * @param inferenceVerifier - the verifier whose registry is asked, and which says whether the model is stopped
 * @throws ModelNotRegisteredError; ChainDataError when the answers contradict each other.
 */
export async function readRegisteredModel(
  provider: Provider,
  inferenceVerifier: string,
  modelId: bigint,
): Promise<RegisteredModel> {
  const registry = await registryOf(provider, inferenceVerifier)
  // Structs of ethers have their fields by name.
  const ask = async <T>(name: string, argument: unknown): Promise<T> =>
    (await readContract(provider, REGISTRY, registry, name, [argument])) as unknown as T
  const [[{ modelHash, circuitHash: published, vkHash, proofSystemId, uri }, , owner], [data]] = await Promise.all([
    ask<readonly [Commitment, boolean, string]>('getModel', modelId),
    ask<readonly [VerificationData]>('verificationData', modelId),
  ]).catch((error: unknown) => {
    if (!(error instanceof ContractRevertError && error.revert.name === 'ModelNotFound')) throw error
    throw new ModelNotRegisteredError(`The registry ${registry} has no model ${modelId}; register it first.`)
  })
  const [[manifest], stopped] = await Promise.all([
    ask<readonly [Manifest]>('getManifest', published),
    isStopped(provider, inferenceVerifier, modelId),
  ])
  const { r1csHash, recipeHash, setupHash, weightsCommitment, verifierCodeHash } = manifest
  const ioSchema = fromSolidityIoSchema(manifest.ioSchema)
  const model: RegisteredModel = {
    modelId,
    owner,
    ...{ modelHash, circuitHash: published, vkHash, proofSystemId, uri },
    ...{ r1csHash, recipeHash, setupHash, weightsCommitment, verifierCodeHash },
    verifier: data.verifier,
    ioSchema,
    ioSchemaHash: ioSchemaHash(ioSchema),
    deprecated: data.deprecated,
    stopped,
    activatesAt: Number(data.activatesAt),
  }
  if (
    circuitHash(model) !== model.circuitHash ||
    data.ioSchemaHash !== model.ioSchemaHash ||
    data.vkHash !== model.vkHash
  )
    throw new ChainDataError(
      `The registry ${registry} contradicts itself on model ${modelId}; use another RPC endpoint.`,
    )
  return model
}

/** `publishModel`: stores the key, publishes the manifest and registers the model under the sender's name. */
export function publishModelCall(registry: string, model: Publication): Call {
  return encodeCall(REGISTRY, registry, 'publishModel', [
    model.modelHash,
    model.proofSystemId ?? PROOF_SYSTEM_GROTH16,
    model.uri,
    model.key,
    manifestOf(model),
    model.verifier,
  ])
}

/** `publishManifest`: makes the parts of a circuit hash known, for `registerModel`. */
export function publishManifestCall(
  registry: string,
  model: Pick<Publication, 'circuit' | 'ioSchema' | 'verifier'>,
): Call {
  return encodeCall(REGISTRY, registry, 'publishManifest', [manifestOf(model), model.verifier])
}

/** `registerModel`: registers a model, whose manifest is published and whose key is stored, under the sender's name. */
export function registerModelCall(registry: string, commitment: Commitment): Call {
  return encodeCall(REGISTRY, registry, 'registerModel', [commitment])
}

/** `updateModel`: appends a version to the newest one of a lineage; the sender has to own it. */
export function updateModelCall(registry: string, modelId: bigint, commitment: Commitment): Call {
  return encodeCall(REGISTRY, registry, 'updateModel', [modelId, commitment])
}

/** `deprecateModel`, for good; the sender has to own the lineage. */
export function deprecateModelCall(registry: string, modelId: bigint): Call {
  return encodeCall(REGISTRY, registry, 'deprecateModel', [modelId])
}

function manifestOf({ circuit, ioSchema }: Pick<Publication, 'circuit' | 'ioSchema'>): Manifest {
  const { r1csHash, recipeHash, setupHash, weightsCommitment, verifierCodeHash } = circuit
  return {
    ...{ r1csHash, recipeHash, setupHash, weightsCommitment, verifierCodeHash },
    ioSchema: toSolidityIoSchema(ioSchema),
  }
}

/** The inverse of `toSolidityIoSchema`, for schemas that a registry has accepted. */
function fromSolidityIoSchema(schema: SolidityIoSchema): IoSchema {
  const convert = (spec: SolidityTensorSpec): TensorSpec => {
    const visibility = VISIBILITIES[Number(spec.visibility)]
    if (visibility === undefined) throw new ChainDataError(`A registry gives the tensor '${spec.name}' no visibility.`)
    return {
      name: spec.name,
      shape: spec.shape.map(Number),
      lo: spec.lo,
      bits: Number(spec.bits),
      exponent: Number(spec.exponent),
      visibility,
    }
  }
  return {
    outputs: schema.outputs.map(convert),
    inputs: schema.inputs.map(convert),
    weightsCommitted: schema.weightsCommitted,
  }
}
