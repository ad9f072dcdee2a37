// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, keccak256 } from 'ethers'
import { poseidon5 } from 'poseidon-lite/poseidon5'
import { DOMAIN_TENSOR, DOMAIN_WEIGHTS } from './domains'
import { EncodingValueError } from './errors'
import { isFieldElement } from './field'

const FIRST_WORDS = 3
const NEXT_WORDS = 4

/**
 * What a commitment says of the tensor besides its words. Neither name nor direction is in it, so that one proof's
 * output commitment is another's input commitment.
 */
export type CommitmentFormat = { readonly lo: bigint; readonly bits: number; readonly count: number }

/** The tag that opens a commitment, below 2^248. */
export function tensorTag(format: CommitmentFormat): bigint {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ['bytes32', 'int256', 'uint256', 'uint256'],
    [DOMAIN_TENSOR, format.lo, format.bits, format.count],
  )
  return BigInt(keccak256(encoded)) >> 8n
}

/** The tag that opens a commitment to private weights, below 2^248: it names the format of every tensor, in order. */
export function weightsTag(formats: readonly CommitmentFormat[]): bigint {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ['bytes32', 'tuple(int256 lo, uint256 bits, uint256 count)[]'],
    [DOMAIN_WEIGHTS, formats],
  )
  return BigInt(keccak256(encoded)) >> 8n
}

/**
 * Commitment to private weights: the chain of a tensor's commitment over the words of all of them, each tensor from a word
 * of its own on.
 *
 * @param words - the packed tensors, one after the other
 */
export function weightsCommitment(
  words: readonly bigint[],
  salt: bigint,
  formats: readonly CommitmentFormat[],
): bigint {
  return commitmentChain(weightsTag(formats), salt, words)
}

/**
 * Commitment of a `hashed` tensor: a chain of circomlib's Poseidon(5) over tag, salt and the packed words.
 *
 * @param words - the packed tensor
 * @param salt - a field element drawn uniformly; the commitment hides the tensor only as well as the salt is secret
 */
export function tensorCommitment(words: readonly bigint[], salt: bigint, format: CommitmentFormat): bigint {
  return commitmentChain(tensorTag(format), salt, words)
}

function commitmentChain(tag: bigint, salt: bigint, words: readonly bigint[]): bigint {
  for (const value of [salt, ...words]) {
    if (!isFieldElement(value)) {
      throw new EncodingValueError(`A salt or word is ${value}, which is no field element; reduce it below r.`)
    }
  }
  const at = (index: number): bigint => words[index] ?? 0n
  let state = poseidon5([tag, salt, at(0), at(1), at(2)])
  for (let next = FIRST_WORDS; next < words.length; next += NEXT_WORDS) {
    state = poseidon5([state, at(next), at(next + 1), at(next + 2), at(next + 3)])
  }
  return state
}
