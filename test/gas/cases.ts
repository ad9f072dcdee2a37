// SPDX-License-Identifier: GPL-3.0-or-later

import type { ContractTransactionResponse } from 'ethers'
import { id, ZeroAddress } from 'ethers'
import { PROOF_SYSTEM_GROTH16 } from '../../prover/encodings'
import { canonicalKeyHex } from '../../prover/groth16/vkey'
import { TrapdoorVerifier__factory, type InferenceVerifier } from '../../typechain-types'
import { trapdoorKey } from '../support/trapdoor'
import { createWorld, describeModel, modelParts, type World } from '../support/world'

/** What every case finds on chain. A case never changes what another one finds: each runs on a snapshot of this. */
export type GasWorld = World & { readonly sharedId: bigint; readonly generatedId: bigint }

/** Gas of a transaction, or of a view as the call itself costs. */
type Run = (world: GasWorld) => Promise<bigint | ContractTransactionResponse>

export async function gasWorld(): Promise<GasWorld> {
  const world = await createWorld()
  const generated = await new TrapdoorVerifier__factory(world.deployer).deploy()
  const sharedId = await world.register()
  const generatedId = await world.register({ verifier: await generated.getAddress() })
  return { ...world, sharedId, generatedId }
}

/** One line a figure: the name under which the snapshot keeps it, and the call. */
export const GAS_CASES: Readonly<Record<string, Run>> = {
  'ModelRegistry.publishManifest': async (world) => {
    const { manifest } = await describeModel(modelParts(world.key.vk, { setupHash: id('another ceremony') }))
    return world.registry.connect(world.publisher).publishManifest(manifest, ZeroAddress)
  },
  'ModelRegistry.registerModel, manifest and key there': async (world) => {
    const { commitment } = await describeModel(modelParts(world.key.vk))
    return world.registry.connect(world.stranger).registerModel(commitment)
  },
  'ModelRegistry.publishModel, 4 signals, all new': async (world) => {
    const key = trapdoorKey(4, 2n)
    const { manifest, commitment } = await describeModel(modelParts(key.vk, { setupHash: id('another ceremony') }))
    const { modelHash, uri } = commitment
    const bytes = canonicalKeyHex(key.vk)
    return world.registry.publishModel(modelHash, PROOF_SYSTEM_GROTH16, uri, bytes, manifest, ZeroAddress)
  },
  'ModelRegistry.updateModel': async (world) => {
    const { commitment } = await describeModel(modelParts(world.key.vk, { modelHash: id('version 2') }))
    return world.registry.connect(world.publisher).updateModel(world.sharedId, commitment)
  },
  'ModelRegistry.deprecateModel': (world) => world.registry.connect(world.publisher).deprecateModel(world.sharedId),
  'VerifyingKeyStore.store, 4 signals': (world) => world.keyStore.store(canonicalKeyHex(trapdoorKey(4, 2n).vk)),
  'InferenceVerifier.verifyInference, 3 words, generated': (world) => verify(world, world.verifier, world.generatedId),
  'InferenceVerifier.verifyInference, 3 words, shared': (world) => verify(world, world.verifier, world.sharedId),
  'InferenceVerifier.verifyInference, 3 words, shared, routed': (world) => verify(world, world.routed, world.sharedId),
  'InferenceVerifier.verifyInference, 3 words, generated, routed': (world) =>
    verify(world, world.routed, world.generatedId),
  'InferenceVerifier.verifyInferencePortable, 3 words, shared': ({ verifier, prover, sharedId, prove }) => {
    const s = prove({ modelId: sharedId, caller: prover.address, portable: true })
    return verifier.connect(prover).verifyInferencePortable(sharedId, s.inputCommitment, s.output, s.proof)
  },
  'InferenceVerifier.checkInference, 3 words, shared, as a transaction': ({ verifier, prover, sharedId, prove }) => {
    const s = prove({ modelId: sharedId, caller: prover.address })
    const call = [sharedId, s.inputCommitment, s.output, s.proof, prover.address] as const
    return view(prover, verifier.checkInference.populateTransaction(...call))
  },
  'InferenceVerifier.verifyInferenceBatch, 3 words, 16 proofs': (world) => batch(world, world.verifier, 16),
  'InferenceVerifier.verifyInferenceBatch, 3 words, 64 proofs': (world) => batch(world, world.verifier, 64),
  'InferenceVerifier.verifyInferenceBatch, 3 words, 64 proofs, routed': (world) => batch(world, world.routed, 64),
  'VerifierEmergencyStop.stop': ({ stop, guardian }) => stop.connect(guardian).stop(),
  'VerifierRouter.tombstone': ({ router }) => router.tombstone(PROOF_SYSTEM_GROTH16),
}

function verify(world: GasWorld, verifier: InferenceVerifier, modelId: bigint): Promise<ContractTransactionResponse> {
  const s = world.prove({ modelId, caller: world.prover.address })
  return verifier.connect(world.prover).verifyInference(modelId, s.inputCommitment, s.output, s.proof)
}

function batch(world: GasWorld, verifier: InferenceVerifier, count: number): Promise<ContractTransactionResponse> {
  const { prover, sharedId, prove } = world
  const items = Array.from({ length: count }, (_, index) => {
    const statement = { modelId: sharedId, caller: prover.address, requestId: id(`request ${index}`) }
    const { inputCommitment, output, proof } = prove({ ...statement, randomness: BigInt(index) + 2n })
    return { inputCommitment, output, proof }
  })
  return verifier.connect(prover).verifyInferenceBatch(sharedId, items)
}

/** Sends a view as a transaction. */
async function view(
  sender: World['prover'],
  call: Promise<{ to: string; data: string }>,
): Promise<ContractTransactionResponse> {
  return (await sender.sendTransaction(await call)) as ContractTransactionResponse
}
