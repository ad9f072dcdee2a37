// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, keccak256, TypedDataEncoder, type TypedDataDomain, type TypedDataField } from 'ethers'

/** What a requester signs, in the form that `signTypedData` of a wallet takes. */
export type TypedData = {
  readonly domain: TypedDataDomain
  readonly types: Record<string, TypedDataField[]>
  readonly value: Readonly<Record<string, unknown>>
}

/** The market request that a message to a prover is about. */
export type RequestReference = {
  readonly chainId: bigint
  readonly coordinator: string
  /** 0x string of 32 bytes. */
  readonly requestId: string
}

/**
 * keccak256(abi.encode(int256[][] integers, uint256[] salts)): the input of a market request, so that nobody who passes it on can
 * exchange it.
 *
 * @param integers q of every element, a row for each input tensor
 * @param salts of the hashed input tensors, in order
 */
export function requestInputHash(integers: readonly (readonly bigint[])[], salts: readonly bigint[]): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(['int256[][]', 'uint256[]'], [integers, salts]))
}

/**
 * What a requester signs to hand a prover the input of a request that only has a commitment to it.
 *
 * @example
 * ```ts
 * const { domain, types, value } = requestInputMessage({ chainId, coordinator, requestId }, [[1n, 2n]], [salt])
 * const signature = await signer.signTypedData(domain, types, value)
 * ```
 */
export function requestInputMessage(
  request: RequestReference,
  integers: readonly (readonly bigint[])[],
  salts: readonly bigint[],
): TypedData {
  return {
    domain: requestDomain('zkml prover input', request),
    types: {
      RequestInput: [
        { name: 'requestId', type: 'bytes32' },
        { name: 'inputHash', type: 'bytes32' },
      ],
    },
    value: { requestId: request.requestId, inputHash: requestInputHash(integers, salts) },
  }
}

/** When a message was signed and until when it counts. Seconds since 1970. */
export type Validity = { readonly issuedAt: bigint; readonly expiresAt: bigint }

/** What a requester signs to get what opens the hashed outputs of a request. Whoever has it gets them too, until it expires. */
export function requestOutputMessage(request: RequestReference, { issuedAt, expiresAt }: Validity): TypedData {
  return {
    domain: requestDomain('zkml prover output', request),
    types: {
      RequestOutput: [
        { name: 'requestId', type: 'bytes32' },
        { name: 'issuedAt', type: 'uint48' },
        { name: 'expiresAt', type: 'uint48' },
      ],
    },
    value: { requestId: request.requestId, issuedAt, expiresAt },
  }
}

/** The EIP-712 digest of a message. */
export function typedDataDigest({ domain, types, value }: TypedData): string {
  return TypedDataEncoder.hash(domain, types, value)
}

function requestDomain(name: string, { chainId, coordinator }: RequestReference): TypedDataDomain {
  return { name, version: '1', chainId, verifyingContract: coordinator }
}
