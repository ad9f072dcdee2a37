// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, keccak256 } from 'ethers'
import { DOMAIN_CONTEXT } from './domains'

/** What a proof is bound to: nobody else's, nowhere else, for nothing else. */
export type ProofContext = {
  readonly chainId: bigint
  /** The account that calls `verifyInference`: a consumer contract, or whoever submits directly. */
  readonly caller: string
  /** 0x string of 32 bytes. */
  readonly requestId: string
  readonly modelId: bigint
  /** Who is credited for the proof; not necessarily who sends it. */
  readonly prover: string
}

/** The context of a portable proof, which is bound to nothing. */
export const PORTABLE_CONTEXT = 0n

/** The context signal, below 2^248. */
export function contextSignal(context: ProofContext): bigint {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ['bytes32', 'uint256', 'address', 'bytes32', 'uint256', 'address'],
    [DOMAIN_CONTEXT, context.chainId, context.caller, context.requestId, context.modelId, context.prover],
  )
  return BigInt(keccak256(encoded)) >> 8n
}
