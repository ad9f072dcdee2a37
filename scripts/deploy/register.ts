// SPDX-License-Identifier: GPL-3.0-or-later

import { keccak256, ZeroAddress, type Signer } from 'ethers'
import {
  circuitHash,
  DEV_SETUP_HASH,
  ioSchemaHash,
  modelId,
  PROOF_SYSTEM_GROTH16,
  SHARED_VERIFIER,
  signalLayout,
  toSolidityIoSchema,
} from '../../prover/encodings'
import { canonicalKeyHex, signalCount, vkHash } from '../../prover/groth16/vkey'
import { ModelRegistry__factory, type ModelRegistry } from '../../typechain-types'
import { mined, revertName } from './chain'
import { RegistrationError } from './errors'
import type { PlannedContract } from './plan'
import type { ContractRecord, ModelRecord } from './record'
import type { ModelRegistration } from './registration'

/** Whether a model's key comes from a setup by one party. */
export const isDevSetup = (model: ModelRegistration): boolean => BigInt(model.setupHash) === BigInt(DEV_SETUP_HASH)

/** Refuses a model whose key is not for its statement. */
export function requireFittingKey(model: ModelRegistration): void {
  const signals = signalLayout(model.ioSchema).total
  if (signalCount(model.verifyingKey) === signals) return
  throw new RegistrationError(
    `Model ${model.name} has ${signals} public signals and its key ${signalCount(model.verifyingKey)}; set it up again.`,
  )
}

/**
 * What the registry is told of a model, and the id it gives it.
 *
 * @param verifier - the generated verifier, or undefined for the shared one
 */
export function describeModel(
  model: ModelRegistration,
  publisher: string,
  verifier: Pick<PlannedContract, 'runtimeCode'> | undefined,
) {
  const manifest = {
    r1csHash: model.r1csHash,
    recipeHash: model.recipeHash,
    setupHash: model.setupHash,
    weightsCommitment: model.weightsCommitment,
    // A generated verifier has no immutables: its code is what the compiler says.
    verifierCodeHash: verifier === undefined ? SHARED_VERIFIER : keccak256(verifier.runtimeCode),
  }
  const commitment = {
    modelHash: model.modelHash,
    circuitHash: circuitHash({ ...manifest, ioSchemaHash: ioSchemaHash(model.ioSchema) }),
    vkHash: vkHash(model.verifyingKey),
    proofSystemId: PROOF_SYSTEM_GROTH16,
    uri: model.uri,
  }
  return { manifest, commitment, modelId: modelId({ ...commitment, publisher }) }
}

/** The contracts that a registration touches. */
export type RegistrationTargets = {
  readonly registry: ContractRecord
  readonly sharedVerifier: ContractRecord
}

/**
 * Stores the key, publishes the manifest and registers the model, in the name of the signer, unless it is registered.
 *
 * @param verifier - the generated verifier, or undefined for the shared one
 * @param earlier - what an earlier run recorded under the model's name
 */
export async function registerModel(
  model: ModelRegistration,
  signer: Signer,
  targets: RegistrationTargets,
  verifier: PlannedContract | undefined,
  earlier: ModelRecord | undefined,
): Promise<ModelRecord> {
  const publisher = await signer.getAddress()
  const { manifest, commitment, modelId: id } = describeModel(model, publisher, verifier)
  const registry = ModelRegistry__factory.connect(targets.registry.address, signer)

  let block = earlier?.modelId === id.toString() ? earlier.block : undefined
  if (await isRegistered(registry, id)) {
    block ??= await registrationBlock(registry, id, targets.registry.block)
  } else {
    // In the publisher's name even if a stranger stored the key or published the manifest; what is there is not paid again.
    const publication = registry.publishModel(
      commitment.modelHash,
      commitment.proofSystemId,
      commitment.uri,
      canonicalKeyHex(model.verifyingKey),
      { ...manifest, ioSchema: toSolidityIoSchema(model.ioSchema) },
      verifier?.address ?? ZeroAddress,
    )
    block = (await mined(publication)).blockNumber
  }
  // As the registry has it: an earlier registration may have named another uri, or the same verifier elsewhere.
  const { uri } = (await registry.getModel(id)).commitment
  const { verifier: own } = await registry.verificationData(id)
  return {
    modelId: id.toString(),
    publisher,
    modelHash: commitment.modelHash,
    circuitHash: commitment.circuitHash,
    vkHash: commitment.vkHash,
    verifier: own === ZeroAddress ? targets.sharedVerifier.address : own,
    uri,
    block,
  }
}

/** Refuses to put a model in the place of one that an earlier run recorded for another publisher. */
export async function requireSamePublisher(
  model: ModelRegistration,
  signer: Signer,
  earlier: ModelRecord | undefined,
): Promise<void> {
  const publisher = await signer.getAddress()
  if (earlier === undefined || earlier.publisher.toLowerCase() === publisher.toLowerCase()) return
  throw new RegistrationError(
    `Model ${model.name} is recorded for publisher ${earlier.publisher}, not ${publisher}; run with that account, ` +
      'rename the model, or delete its entry from the deployment file.',
  )
}

/** Whether a model has an id of the registry, be it the first version of a lineage or a later one. */
export async function isRegistered(registry: ModelRegistry, id: bigint): Promise<boolean> {
  try {
    await registry.versionOf(id)
    return true
  } catch (error) {
    if (revertName(registry.interface, error) === 'ModelNotFound') return false
    throw error
  }
}

/** Blocks asked for at once; public nodes refuse much longer ranges. */
const LOG_RANGE = 2_000

/** The block that a model was registered in, for a model that no record knows: from the newest block backwards. */
async function registrationBlock(registry: ModelRegistry, id: bigint, first: number): Promise<number> {
  const newest = (await registry.runner?.provider?.getBlockNumber()) ?? first
  for (let end = newest; end >= first; end -= LOG_RANGE) {
    const start = Math.max(first, end - LOG_RANGE + 1)
    const [event] = await registry.queryFilter(registry.filters.ModelRegistered(id), start, end)
    if (event !== undefined) return event.blockNumber
  }
  return first
}
