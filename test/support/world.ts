// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { id, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import {
  circuitHash,
  contextSignal,
  encodeOutput,
  encodeProofBlob,
  inputCommitment,
  ioSchemaHash,
  modelId,
  pack,
  PROOF_SYSTEM_GROTH16,
  toSolidityIoSchema,
  type IoSchema,
  type ProofPoints,
} from '../../prover/encodings'
import { canonicalKeyHex, vkHash, type VerifyingKey } from '../../prover/groth16/vkey'
import {
  Groth16Verifier__factory,
  InferenceVerifier__factory,
  ModelRegistry__factory,
  VerifierEmergencyStop__factory,
  VerifierRouter__factory,
  VerifyingKeyStore__factory,
  type Groth16Verifier,
  type InferenceVerifier,
  type ModelRegistry,
  type VerifierEmergencyStop,
  type VerifierRouter,
  type VerifyingKeyStore,
} from '../../typechain-types'
import { trapdoorKey, type TrapdoorKey } from './trapdoor'

/** One word of output, two of input, and the context: what the gas bars are stated for. */
export const CLASSIFIER: IoSchema = {
  outputs: [{ name: 'logits', shape: [1, 10], lo: -(1n << 20n), bits: 21, exponent: 12, visibility: 'public' }],
  inputs: [{ name: 'pixels', shape: [1, 40], lo: 0n, bits: 8, exponent: 8, visibility: 'public' }],
  weightsCommitted: false,
}

export const LOGITS = [3n, -7n, 0n, 900n, -1000n, 4n, 5n, 6n, 7n, 8n]
export const PIXELS = Array.from({ length: 40 }, (_, index) => BigInt((index * 37) % 256))

export type ModelParts = {
  readonly schema: IoSchema
  readonly vk: VerifyingKey
  readonly modelHash: string
  readonly setupHash: string
  readonly weightsCommitment: bigint
  readonly verifier: string
  readonly uri: string
}

export type Statement = {
  readonly inputCommitment: string
  readonly output: string
  readonly proof: string
  readonly signals: readonly bigint[]
  readonly points: ProofPoints
}

export type StatementOptions = {
  readonly modelId: bigint
  readonly caller: string
  readonly requestId?: string
  readonly prover?: string
  readonly chainId?: bigint
  readonly portable?: boolean
  readonly outputs?: readonly bigint[]
  readonly inputs?: readonly bigint[]
  readonly weights?: readonly bigint[]
  readonly schema?: IoSchema
  readonly randomness?: bigint
  /** Changes the signals after they are built and before they are proven. */
  readonly tamper?: (signals: bigint[]) => void
}

export type World = {
  readonly deployer: HardhatEthersSigner
  readonly publisher: HardhatEthersSigner
  readonly stranger: HardhatEthersSigner
  readonly prover: HardhatEthersSigner
  readonly keyStore: VerifyingKeyStore
  readonly shared: Groth16Verifier
  readonly registry: ModelRegistry
  /** Asks the shared verifier directly. */
  readonly verifier: InferenceVerifier
  /** Who may stop `stop`. */
  readonly guardian: HardhatEthersSigner
  readonly stop: VerifierEmergencyStop
  /** Owned by the deployer; routes Groth16 to `stop`. */
  readonly router: VerifierRouter
  /** Asks the router. */
  readonly routed: InferenceVerifier
  readonly key: TrapdoorKey
  register(parts?: Partial<ModelParts>, publisher?: HardhatEthersSigner): Promise<bigint>
  prove(options: StatementOptions): Statement
}

/** The commitment and manifest of a model made of some parts. */
export async function describeModel(parts: ModelParts) {
  const verifierCodeHash =
    parts.verifier === ZeroAddress ? ZeroHash : ethers.keccak256(await ethers.provider.getCode(parts.verifier))
  const manifest = {
    r1csHash: id('r1cs'),
    recipeHash: id('recipe'),
    setupHash: parts.setupHash,
    weightsCommitment: parts.weightsCommitment,
    verifierCodeHash,
  }
  const commitment = {
    modelHash: parts.modelHash,
    circuitHash: circuitHash({ ...manifest, ioSchemaHash: ioSchemaHash(parts.schema) }),
    vkHash: vkHash(parts.vk),
    proofSystemId: PROOF_SYSTEM_GROTH16,
    uri: parts.uri,
  }
  return { manifest: { ...manifest, ioSchema: toSolidityIoSchema(parts.schema) }, commitment }
}

/** What every chain with models has: keys, their verifier, the registry, and an inference verifier that nobody can stop. */
export async function deployCore(deployer: HardhatEthersSigner) {
  const keyStore = await new VerifyingKeyStore__factory(deployer).deploy()
  const shared = await new Groth16Verifier__factory(deployer).deploy(keyStore)
  const registry = await new ModelRegistry__factory(deployer).deploy(keyStore, false)
  const verifier = await new InferenceVerifier__factory(deployer).deploy(registry, shared)
  return { keyStore, shared, registry, verifier }
}

/** Deploys the core and gives a publisher, a trapdoor key, and short ways to register and prove. */
export async function createWorld(): Promise<World> {
  const [deployer, publisher, stranger, prover, guardian] = (await ethers.getSigners()) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const core = await deployCore(deployer)
  const { keyStore, shared, registry } = core
  const stop = await new VerifierEmergencyStop__factory(deployer).deploy(shared, guardian)
  const router = await new VerifierRouter__factory(deployer).deploy(deployer, [routeTo(await stop.getAddress())])
  const routed = await new InferenceVerifier__factory(deployer).deploy(registry, router)
  const key = trapdoorKey(4)
  await keyStore.store(canonicalKeyHex(key.vk))

  const accounts = { deployer, publisher, stranger, prover, guardian }
  const world = { ...accounts, ...core, stop, router, routed, key }
  return {
    ...world,
    async register(parts = {}, by = publisher) {
      const full = modelParts(key.vk, parts)
      const { manifest, commitment } = await describeModel(full)
      await registry.connect(by).publishManifest(manifest, full.verifier)
      await registry.connect(by).registerModel(commitment)
      return modelId({ ...commitment, publisher: by.address })
    },
    prove: (options) => prove(key, options),
  }
}

/** A route with room for a verifier behind an emergency stop. */
export function routeTo(verifier: string) {
  return { verifier, baseGas: 320_000n, signalGas: 10_000n }
}

/** A model with shared verifier, unless told otherwise. */
export function modelParts(vk: VerifyingKey, parts: Partial<ModelParts> = {}): ModelParts {
  return {
    schema: CLASSIFIER,
    vk,
    modelHash: id('model'),
    setupHash: id('ceremony'),
    weightsCommitment: 0n,
    verifier: ZeroAddress,
    uri: 'ipfs://card',
    ...parts,
  }
}

function prove(key: TrapdoorKey, options: StatementOptions): Statement {
  const { schema = CLASSIFIER, requestId = id('request'), chainId = 31337n, portable = false } = options
  const prover = portable ? ZeroAddress : (options.prover ?? options.caller)
  const request = portable ? ZeroHash : requestId
  const [output, input] = [schema.outputs[0], schema.inputs[0]]
  if (output === undefined || input === undefined) throw new Error('The schema has no tensors.')
  const outputWords = pack(options.outputs ?? LOGITS, output)
  const inputWords = pack(options.inputs ?? PIXELS, input)
  const context = portable
    ? 0n
    : contextSignal({ chainId, caller: options.caller, requestId: request, modelId: options.modelId, prover })
  const signals = [...outputWords, ...inputWords, ...(options.weights ?? []), context]
  options.tamper?.(signals)
  const points = key.prove(signals, options.randomness)
  return {
    inputCommitment: inputCommitment(schema, inputWords),
    output: encodeOutput(outputWords),
    proof: encodeProofBlob({ points, inputWords, requestId: request, prover }),
    signals,
    points,
  }
}
