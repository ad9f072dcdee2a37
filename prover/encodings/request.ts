// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, keccak256, TypedDataEncoder, type TypedDataDomain } from 'ethers'
import { DOMAIN_LEDGER_REQUEST } from './domains'

/** What a requester asks the market for and offers (`contracts/libraries/Requests.sol`). Times are seconds. */
export type MarketRequest = {
  readonly requester: string
  readonly nonce: bigint
  readonly modelId: bigint
  readonly inputCommitment: string
  /** What is paid in; the zero address is the native coin. */
  readonly token: string
  readonly minPrice: bigint
  readonly maxPrice: bigint
  readonly rampStart: bigint
  readonly rampSeconds: bigint
  readonly lockSeconds: bigint
  readonly deadline: bigint
  /** In the native coin. */
  readonly bond: bigint
  readonly callback: string
  readonly callbackGas: bigint
}

/** EIP-712 types of a request. */
export const MARKET_REQUEST_TYPES = {
  Request: [
    { name: 'requester', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'modelId', type: 'uint256' },
    { name: 'inputCommitment', type: 'bytes32' },
    { name: 'token', type: 'address' },
    { name: 'minPrice', type: 'uint128' },
    { name: 'maxPrice', type: 'uint128' },
    { name: 'rampStart', type: 'uint48' },
    { name: 'rampSeconds', type: 'uint32' },
    { name: 'lockSeconds', type: 'uint32' },
    { name: 'deadline', type: 'uint48' },
    { name: 'bond', type: 'uint128' },
    { name: 'callback', type: 'address' },
    { name: 'callbackGas', type: 'uint32' },
  ],
}

/** EIP-712 domain of a coordinator. */
export function marketDomain(chainId: bigint, coordinator: string): TypedDataDomain {
  return { name: 'zkml InferenceCoordinator', version: '1', chainId, verifyingContract: coordinator }
}

/** EIP-712 struct hash of a request. */
export function marketRequestHash(request: MarketRequest): string {
  return TypedDataEncoder.hashStruct('Request', MARKET_REQUEST_TYPES, request)
}

/** The id of a request: the EIP-712 digest, which is also what its requester signs. */
export function marketRequestId(chainId: bigint, coordinator: string, request: MarketRequest): string {
  return TypedDataEncoder.hash(marketDomain(chainId, coordinator), MARKET_REQUEST_TYPES, request)
}

/** The price of a request at a second, in the token's smallest unit; rounded down. */
export function marketPriceAt(request: MarketRequest, time: bigint): bigint {
  if (time < request.rampStart) return request.minPrice
  const elapsed = time - request.rampStart
  if (elapsed >= request.rampSeconds) return request.maxPrice
  return request.minPrice + ((request.maxPrice - request.minPrice) * elapsed) / request.rampSeconds
}

/** Last second of a lock taken at a second. */
export function marketLockExpiry(request: MarketRequest, lockedAt: bigint): bigint {
  const end = lockedAt + request.lockSeconds
  return end < request.deadline ? end : request.deadline
}

/** What the id of a request at an `InferenceLedger` is made of. */
export type LedgerRequest = {
  readonly chainId: bigint
  readonly ledger: string
  readonly consumer: string
  readonly modelId: bigint
  readonly inputCommitment: string
  readonly nonce: bigint
}

/** The id of a request at an `InferenceLedger`. */
export function ledgerRequestId({ chainId, ledger, consumer, modelId, inputCommitment, nonce }: LedgerRequest): string {
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'uint256', 'address', 'address', 'uint256', 'bytes32', 'uint256'],
      [DOMAIN_LEDGER_REQUEST, chainId, ledger, consumer, modelId, inputCommitment, nonce],
    ),
  )
}
