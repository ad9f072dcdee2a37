// SPDX-License-Identifier: GPL-3.0-or-later

import { ZeroAddress, type ContractTransactionResponse, type Signer } from 'ethers'
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
import { ModelRegistry__factory, VerifyingKeyStore__factory } from '../../typechain-types'
import { RegistrationError } from './errors'
import type { ContractRecord, CoreContract, ModelRecord } from './record'
import type { ModelRegistration } from './registration'

/** Whether a model's key comes from a setup by one party. */
export const isDevSetup = (model: ModelRegistration): boolean => BigInt(model.setupHash) === BigInt(DEV_SETUP_HASH)

/**
 * Stores the key, publishes the manifest and registers the model, in the name of the signer; each only if it is not done.
 *
 * @param verifier - the generated verifier's record, or undefined for the shared one
 */
export async function registerModel(
  model: ModelRegistration,
  signer: Signer,
  contracts: Readonly<Record<CoreContract, ContractRecord>>,
  verifier: ContractRecord | undefined,
): Promise<ModelRecord> {
  const publisher = await signer.getAddress()
  const signals = signalLayout(model.ioSchema).total
  if (signalCount(model.verifyingKey) !== signals) {
    throw new RegistrationError(
      `Model ${model.name} has ${signals} public signals and its key ${signalCount(model.verifyingKey)}; set it up again.`,
    )
  }
  const manifest = {
    r1csHash: model.r1csHash,
    recipeHash: model.recipeHash,
    setupHash: model.setupHash,
    weightsCommitment: model.weightsCommitment,
    verifierCodeHash: verifier?.codeHash ?? SHARED_VERIFIER,
  }
  const commitment = {
    modelHash: model.modelHash,
    circuitHash: circuitHash({ ...manifest, ioSchemaHash: ioSchemaHash(model.ioSchema) }),
    vkHash: vkHash(model.verifyingKey),
    proofSystemId: PROOF_SYSTEM_GROTH16,
    uri: model.uri,
  }
  const id = modelId({ ...commitment, publisher })
  const registry = ModelRegistry__factory.connect(contracts.ModelRegistry.address, signer)
  const keyStore = VerifyingKeyStore__factory.connect(contracts.VerifyingKeyStore.address, signer)

  const isRegistered = async (): Promise<boolean> => (await registry.modelAt(id, 1)) !== 0n
  if (!(await isRegistered())) {
    if ((await keyStore.signalCount(commitment.vkHash)) === 0n) {
      await mined(keyStore.store(canonicalKeyHex(model.verifyingKey)))
    }
    // A generated verifier is named by its publisher even if a stranger published the manifest.
    if (verifier !== undefined || !(await registry.isPublished(commitment.circuitHash))) {
      const ioSchema = toSolidityIoSchema(model.ioSchema)
      await mined(registry.publishManifest({ ...manifest, ioSchema }, verifier?.address ?? ZeroAddress))
    }
    await mined(registry.registerModel(commitment))
  }
  const [event] = await registry.queryFilter(registry.filters.ModelRegistered(id), contracts.ModelRegistry.block)
  return {
    modelId: id.toString(),
    publisher,
    modelHash: commitment.modelHash,
    circuitHash: commitment.circuitHash,
    vkHash: commitment.vkHash,
    verifier: verifier?.address ?? contracts.Groth16Verifier.address,
    uri: model.uri,
    block: event?.blockNumber ?? contracts.ModelRegistry.block,
  }
}

async function mined(transaction: Promise<ContractTransactionResponse>): Promise<void> {
  await (await transaction).wait()
}
