// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, concat, dataLength, dataSlice, toBeHex } from 'ethers'
import { EncodingValueError } from './errors'

/** A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y: EIP-197 order. */
export type ProofPoints = readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint]

/** What travels in ERC-7992's `proof` bytes. A portable proof has requestId and prover 0. */
export type ProofBlob = {
  readonly points: ProofPoints
  /** Every input signal, in signal order: words of public tensors, commitments of hashed ones. */
  readonly inputWords: readonly bigint[]
  /** 0x string of 32 bytes. */
  readonly requestId: string
  readonly prover: string
}

const PROOF_TYPES = ['uint256[8]', 'uint256[]', 'bytes32', 'address']

/** abi.encode(points, inputWords, requestId, prover), as a 0x string. */
export function encodeProofBlob(blob: ProofBlob): string {
  return AbiCoder.defaultAbiCoder().encode(PROOF_TYPES, [blob.points, blob.inputWords, blob.requestId, blob.prover])
}

/** The inverse of {@link encodeProofBlob}; like the chain, it takes only the canonical form. */
export function decodeProofBlob(bytes: string): ProofBlob {
  const blob = decodeLoosely(bytes)
  if (encodeProofBlob(blob) !== bytes.toLowerCase())
    throw new EncodingValueError('The proof bytes are not in canonical ABI form; encode them again.')
  return blob
}

function decodeLoosely(bytes: string): ProofBlob {
  try {
    const [points, inputWords, requestId, prover] = AbiCoder.defaultAbiCoder().decode(PROOF_TYPES, bytes).toArray() as [
      { toArray(): bigint[] },
      { toArray(): bigint[] },
      string,
      string,
    ]
    return {
      points: points.toArray() as unknown as ProofPoints,
      inputWords: inputWords.toArray(),
      requestId,
      prover,
    }
  } catch (cause) {
    throw new EncodingValueError('The proof bytes are not (uint256[8], uint256[], bytes32, address).', { cause })
  }
}

/** ERC-7992's `output`: the output signals, 32 bytes each. */
export function encodeOutput(words: readonly bigint[]): string {
  return concat(words.map((word) => toBeHex(word, 32)))
}

/** The inverse of {@link encodeOutput}. */
export function decodeOutput(output: string): bigint[] {
  const length = dataLength(output)
  if (length % 32 !== 0) throw new EncodingValueError(`An output is whole 32-byte words, not ${length} bytes.`)
  return Array.from({ length: length / 32 }, (_, index) => BigInt(dataSlice(output, index * 32, index * 32 + 32)))
}
