// SPDX-License-Identifier: GPL-3.0-or-later

import { getCreateAddress, id, ZeroAddress, ZeroHash } from 'ethers'
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
} from '../../prover/encodings'
import { canonicalKeyHex, vkHash } from '../../prover/groth16/vkey'
import { trapdoorKey } from '../../test/support/trapdoor'

/** The first account of Hardhat's network, and the place of its sixth transaction's contract. */
const PUBLISHER = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'
const CALLER = getCreateAddress({ from: PUBLISHER, nonce: 5 })

const SCHEMA: IoSchema = {
  outputs: [{ name: 'logits', shape: [1, 10], lo: -(1n << 20n), bits: 21, exponent: 12, visibility: 'public' }],
  inputs: [{ name: 'pixels', shape: [1, 40], lo: 0n, bits: 8, exponent: 8, visibility: 'public' }],
  weightsCommitted: false,
}

/** A model with a key whose logarithms are known, and a proof of one inference of it, as JSON. */
export function modelWithProof(): string {
  const key = trapdoorKey(4)
  const parts = {
    r1csHash: id('r1cs'),
    recipeHash: id('recipe'),
    setupHash: ZeroHash,
    weightsCommitment: 0n,
    verifierCodeHash: ZeroHash,
  }
  const commitment = {
    publisher: PUBLISHER,
    modelHash: id('model'),
    circuitHash: circuitHash({ ...parts, ioSchemaHash: ioSchemaHash(SCHEMA) }),
    vkHash: vkHash(key.vk),
    proofSystemId: PROOF_SYSTEM_GROTH16,
  }
  const model = modelId(commitment)
  const output = pack([3n, -7n, 0n, 900n, -1000n, 4n, 5n, 6n, 7n, 8n], SCHEMA.outputs[0]!)
  const inputWords = pack(
    Array.from({ length: 40 }, (_, index) => BigInt(index)),
    SCHEMA.inputs[0]!,
  )
  const bound = { caller: CALLER, requestId: id('request'), prover: PUBLISHER }
  const context = contextSignal({ chainId: 31337n, modelId: model, ...bound })
  const points = key.prove([...output, ...inputWords, context])
  const content = {
    modelId: model,
    caller: CALLER,
    modelHash: commitment.modelHash,
    proofSystemId: PROOF_SYSTEM_GROTH16,
    uri: '',
    key: canonicalKeyHex(key.vk),
    manifest: { ...parts, ioSchema: toSolidityIoSchema(SCHEMA) },
    verifier: ZeroAddress,
    statement: {
      inputCommitment: inputCommitment(SCHEMA, inputWords),
      output: encodeOutput(output),
      proof: encodeProofBlob({ points, inputWords, requestId: bound.requestId, prover: bound.prover }),
    },
  }
  return JSON.stringify(content, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2)
}
