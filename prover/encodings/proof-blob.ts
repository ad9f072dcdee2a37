// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, concat, dataLength, dataSlice, toBeHex } from 'ethers'
import { EncodingValueError } from './errors'

/** A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y: EIP-197 order. */
export type ProofPoints = readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint]

/** Words of a Groth16 proof, and of one of PLONK or FFLONK. */
export type ProofWordCount = 8 | 24

/** What travels in ERC-7992's `proof` bytes. A portable proof has requestId and prover 0. */
export type ProofBlob = {
  /** The proof itself: {@link ProofPoints}, or the 24 words of PLONK and FFLONK in the order of their verifiers. */
  readonly points: readonly bigint[]
  /** Every input signal, in signal order: words of public tensors, commitments of hashed ones. */
  readonly inputWords: readonly bigint[]
  /** 0x string of 32 bytes. */
  readonly requestId: string
  readonly prover: string
}

const SHORT = 8
const LONG = 24

/** abi.encode(points, inputWords, requestId, prover), as a 0x string. */
export function encodeProofBlob({ points, inputWords, requestId, prover }: ProofBlob): string {
  if (points.length !== SHORT && points.length !== LONG)
    throw new EncodingValueError(`A proof has ${SHORT} or ${LONG} words, not ${points.length}; encode it again.`)
  const values = [points, inputWords, requestId, prover]
  return AbiCoder.defaultAbiCoder().encode(typesOf(points.length), values)
}

/** The inverse of {@link encodeProofBlob}; like the chain, it takes only the canonical form. */
export function decodeProofBlob(bytes: string): ProofBlob {
  const blob = decodeLoosely(bytes)
  if (encodeProofBlob(blob) !== bytes.toLowerCase())
    throw new EncodingValueError('The proof bytes are not in canonical ABI form; encode them again.')
  return blob
}

const typesOf = (words: ProofWordCount): readonly string[] => [`uint256[${words}]`, 'uint256[]', 'bytes32', 'address']

/** The offset of the input words follows the proof, and tells how long it is. */
function wordCountOf(bytes: string): ProofWordCount {
  const offset = BigInt(dataSlice(bytes, SHORT * 32, SHORT * 32 + 32))
  return offset === BigInt((SHORT + 3) * 32) ? SHORT : LONG
}

function decodeLoosely(bytes: string): ProofBlob {
  try {
    const [points, inputWords, requestId, prover] = AbiCoder.defaultAbiCoder()
      .decode(typesOf(wordCountOf(bytes)), bytes)
      .toArray() as [{ toArray(): bigint[] }, { toArray(): bigint[] }, string, string]
    return { points: points.toArray(), inputWords: inputWords.toArray(), requestId, prover }
  } catch (cause) {
    throw new EncodingValueError('The proof bytes are not (uint256[8 or 24], uint256[], bytes32, address).', { cause })
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
