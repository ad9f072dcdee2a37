// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, keccak256, toBeHex, ZeroHash } from 'ethers'
import { DOMAIN_INPUT } from './domains'
import { EncodingValueError } from './errors'
import { ioSchemaHash, signalLayout, tensorSignals, type IoSchema } from './schema'

/** Commitment of one public input tensor: the keccak256 of its words under its schema. */
export function publicInputCommitment(schemaHash: string, words: readonly bigint[]): string {
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(['bytes32', 'bytes32', 'uint256[]'], [DOMAIN_INPUT, schemaHash, words]),
  )
}

/**
 * ERC-7992's `inputCommitment` for the input signals of a statement, in signal order: words of public tensors and
 * commitments of hashed ones.
 */
export function inputCommitment(schema: IoSchema, inputWords: readonly bigint[]): string {
  const expected = signalLayout(schema).inputs
  if (inputWords.length !== expected) {
    throw new EncodingValueError(`The model has ${expected} input signals, not ${inputWords.length}; pass them all.`)
  }
  const hash = ioSchemaHash(schema)
  let next = 0
  const values = schema.inputs.map((spec) => {
    const words = inputWords.slice(next, (next += tensorSignals(spec)))
    if (spec.visibility === 'public') return publicInputCommitment(hash, words)
    return spec.visibility === 'hashed' ? toBeHex(words[0] ?? 0n, 32) : ZeroHash
  })
  if (values.length === 1) return values[0] ?? ZeroHash
  return keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32[]'], [values]))
}
