// SPDX-License-Identifier: GPL-3.0-or-later

import type { ContractTransactionResponse } from 'ethers'
import { id, ZeroAddress } from 'ethers'
import { inputCommitment, pack, PROOF_SYSTEM_GROTH16, tensorCommitment } from '../../prover/encodings'
import { canonicalKeyHex } from '../../prover/groth16/vkey'
import {
  InferenceLedger__factory,
  LastWord__factory,
  TensorOpening__factory,
  TrapdoorVerifier__factory,
  type InferenceLedger,
  type InferenceVerifier,
  type LastWord,
  type TensorOpening,
} from '../../typechain-types'
import { at, createMarket, newestRequest, type Market, type Request } from '../support/market'
import { trapdoorKey } from '../support/trapdoor'
import { CLASSIFIER, describeModel, modelParts, PIXELS, type World } from '../support/world'

const INPUT = inputCommitment(CLASSIFIER, pack(PIXELS, CLASSIFIER.inputs[0]!))

/** What every case finds on chain. A case never changes what another one finds: each runs on a snapshot of this. */
export type GasWorld = Market & {
  readonly sharedId: bigint
  readonly generatedId: bigint
  readonly consumer: LastWord
  readonly ledger: InferenceLedger
  readonly opening: TensorOpening
}

/** The transaction whose gas is the figure; what goes before it does not count. */
type Run = (world: GasWorld) => Promise<ContractTransactionResponse>

/** Clocks, like addresses, are part of calldata: every run begins on a new chain at the same time, 2100-01-01. */
export const START = 4_102_444_800n
/** When requests are opened, and everything that follows. */
const LATER = START + 86_400n

export async function gasWorld(): Promise<GasWorld> {
  const world = await createMarket()
  const generated = await new TrapdoorVerifier__factory(world.deployer).deploy()
  const generatedId = await world.register({ verifier: await generated.getAddress() })
  const consumer = await new LastWord__factory(world.deployer).deploy(world.coordinator, world.modelId)
  const ledger = await new InferenceLedger__factory(world.deployer).deploy(world.routed)
  const opening = await new TensorOpening__factory(world.deployer).deploy(world.registry)
  return { ...world, sharedId: world.modelId, generatedId, consumer, ledger, opening }
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
  'InferenceCoordinator.requestInference, native coin': ({ coordinator, requester, ...world }) =>
    coordinator.connect(requester).requestInference(request(world), '0x'),
  'InferenceCoordinator.cancel': async ({ coordinator, requester, ...world }) => {
    const asked = request(world)
    await coordinator.connect(requester).requestInference(asked, '0x')
    return coordinator.connect(requester).cancel(asked)
  },
  'InferenceCoordinator.lock': async (world) => {
    const asked = request(world)
    await world.coordinator.connect(world.requester).requestInference(asked, '0x')
    await at(LATER)
    return world.coordinator.connect(world.prover).lock(asked)
  },
  'InferenceConsumer, request of 2 input words': (world) => askAsConsumer(world),
  'InferenceCoordinator.fulfill, 3 words, callback, routed': async (world) => {
    const { coordinator, prover } = world
    await askAsConsumer(world)
    const { request: asked } = await newestRequest(coordinator)
    await coordinator.connect(prover).lock(asked)
    const { output, proof } = await world.answer(asked, prover)
    return coordinator.connect(prover).fulfill(asked, output, proof)
  },
  'InferenceLedger.open': ({ ledger, sharedId, stranger }) => ledger.connect(stranger).open(sharedId, INPUT, 1, 86_400),
  'InferenceLedger.record, 3 words, routed': (world) => record(world),
  'InferenceLedger.consume': async (world) => {
    const { ledger, sharedId, stranger } = world
    await record(world)
    const requestId = await ledger.requestIdOf(stranger, sharedId, INPUT, 1)
    return ledger.connect(stranger).consume(requestId)
  },
  'TensorOpening.opens, 3 words, as a transaction': (world) => open(world, 3),
  'TensorOpening.opens, 27 words, as a transaction': (world) => open(world, 27),
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

/** Opens a commitment to bytes. */
function open({ opening, prover }: GasWorld, wordCount: number): Promise<ContractTransactionResponse> {
  const count = 31 * wordCount
  const words = pack(
    Array.from({ length: count }, (_, i) => BigInt((i * 37) % 256)),
    { lo: 0n, bits: 8 },
  )
  const salt = BigInt(id('salt')) >> 8n
  const commitment = tensorCommitment(words, salt, { lo: 0n, bits: 8, count })
  return view(prover, opening.opens.populateTransaction(commitment, 0, 8, count, words, salt))
}

/** A request whose times do not depend on when the test runs. */
function request({ ask }: Pick<GasWorld, 'ask'>): Request {
  return ask({ nonce: 1n, rampStart: LATER, deadline: LATER + 3600n })
}

async function askAsConsumer({ consumer, stranger }: GasWorld): Promise<ContractTransactionResponse> {
  const [price, bond] = [10n ** 15n, 10n ** 15n]
  const times = { rampSeconds: 600, lockSeconds: 600, lifetime: 3600 }
  const terms = { token: ZeroAddress, minPrice: price, maxPrice: price, bond, callbackGas: 60_000, ...times }
  await at(LATER)
  return consumer.connect(stranger).ask(PIXELS, terms, { value: price })
}

async function record(world: GasWorld): Promise<ContractTransactionResponse> {
  const { ledger, sharedId, stranger, prover, prove } = world
  await ledger.connect(stranger).open(sharedId, INPUT, 1, 86_400)
  const requestId = await ledger.requestIdOf(stranger, sharedId, INPUT, 1)
  const { output, proof } = prove({
    modelId: sharedId,
    caller: await ledger.getAddress(),
    requestId,
    prover: prover.address,
  })
  return ledger.connect(prover).record(requestId, output, proof)
}

/** Sends a view as a transaction. */
async function view(
  sender: World['prover'],
  call: Promise<{ to: string; data: string }>,
): Promise<ContractTransactionResponse> {
  return (await sender.sendTransaction(await call)) as ContractTransactionResponse
}
