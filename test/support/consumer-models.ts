// SPDX-License-Identifier: GPL-3.0-or-later

import { id, ZeroAddress, ZeroHash } from 'ethers'
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
  SHARED_VERIFIER,
  signalLayout,
  tensorCommitment,
  toSolidityIoSchema,
  type IoSchema,
  type ProofContext,
} from '../../prover/encodings'
import { canonicalKeyHex, vkHash } from '../../prover/groth16/vkey'
import { evaluateProgram, quantizeInput } from '../../prover/quantize'
import { bundledRegistration, loadBundled, proveBundled, type ReferenceModelName } from './reference-models'
import { trapdoorKey, type TrapdoorKey } from './trapdoor'
import type { World } from './world'

/** What a contract is told. */
export type Answer = { readonly inputCommitment: string; readonly output: string; readonly proof: string }

/** A model whose proofs come without a circuit: any output of any input. */
export type TrapdoorModel = {
  readonly modelId: bigint
  readonly schema: IoSchema
  prove(
    inputs: readonly bigint[],
    outputs: readonly bigint[],
    context: ProofContext | null,
    randomness?: bigint,
    salt?: bigint,
  ): Answer
}

/** Registers a model with the encoding of a reference model and a trapdoor key; `salt` tells such models apart. */
export async function trapdoorModel(world: World, name: ReferenceModelName, salt = 'model'): Promise<TrapdoorModel> {
  const { ioSchema: schema } = bundledRegistration(name)
  const key = trapdoorKey(signalLayout(schema).total)
  const hash = vkHash(key.vk)
  if ((await world.keyStore.signalCount(hash)) === 0n) await world.keyStore.store(canonicalKeyHex(key.vk))
  const modelHash = id(`${name} ${salt}`)
  const registered = await world.register({ schema, vk: key.vk, modelHash })
  return { modelId: registered, schema, prove: (...args) => proveByTrapdoor(key, schema, ...args) }
}

function proveByTrapdoor(
  key: TrapdoorKey,
  schema: IoSchema,
  inputs: readonly bigint[],
  outputs: readonly bigint[],
  context: ProofContext | null,
  randomness = 5n,
  salt = 0n,
): Answer {
  const spec = schema.inputs[0]!
  const words = pack(inputs, spec)
  const format = { lo: spec.lo, bits: spec.bits, count: inputs.length }
  const inputWords = spec.visibility === 'hashed' ? [tensorCommitment(words, salt, format)] : words
  const outputWords = pack(outputs, schema.outputs[0]!)
  const points = key.prove([...outputWords, ...inputWords, context === null ? 0n : contextSignal(context)], randomness)
  const { requestId, prover } = context ?? { requestId: ZeroHash, prover: ZeroAddress }
  return {
    inputCommitment: inputCommitment(schema, inputWords),
    output: encodeOutput(outputWords),
    proof: encodeProofBlob({ points, inputWords, requestId, prover }),
  }
}

/** The real model, with the key of its committed registration. */
export type ReferenceModel = {
  readonly modelId: bigint
  /** What the integers of the circuit give. */
  run(inputs: readonly (number | bigint)[]): number[]
  /** A hashed input takes a salt. */
  prove(inputs: readonly (number | bigint)[], context: ProofContext | null, salt?: bigint): Promise<Answer>
}

/** Registers a reference model as it is committed; builds circuit and key, unless an earlier test did. */
export async function referenceModel(world: World, name: ReferenceModelName): Promise<ReferenceModel> {
  const { verifyingKey, ioSchema, modelHash, uri, weightsCommitment, ...rest } = bundledRegistration(name)
  const manifest = {
    r1csHash: rest.r1csHash,
    recipeHash: rest.recipeHash,
    setupHash: rest.setupHash,
    weightsCommitment,
    verifierCodeHash: SHARED_VERIFIER,
  }
  const commitment = {
    modelHash,
    circuitHash: circuitHash({ ...manifest, ioSchemaHash: ioSchemaHash(ioSchema) }),
    vkHash: vkHash(verifyingKey),
    proofSystemId: PROOF_SYSTEM_GROTH16,
    uri,
  }
  await world.keyStore.store(canonicalKeyHex(verifyingKey))
  const registry = world.registry.connect(world.publisher)
  await registry.publishManifest({ ...manifest, ioSchema: toSolidityIoSchema(ioSchema) }, ZeroAddress)
  await registry.registerModel(commitment)

  const { quantized } = await loadBundled(name)
  return {
    modelId: modelId({ ...commitment, publisher: world.publisher.address }),
    run(inputs) {
      const [output] = quantized.outputs
      const { recipe } = quantized.inputs[0]!
      const tensors = evaluateProgram(quantized, [quantizeInput(recipe, Float64Array.from(inputs, Number))])
      return Array.from(tensors[output!.tensor]!, Number)
    },
    prove: (inputs, context, salt) => proveBundled(name, inputs, context, salt),
  }
}
