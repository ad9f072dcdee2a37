// SPDX-License-Identifier: GPL-3.0-or-later

import type { Wallet } from 'ethers'
import type { Market } from './market'
import type { MarketInput } from './models'
import type { AskedRequest } from './requester'

/** Body of `POST /v1/requests/{id}/input`. */
export type InputBody = {
  readonly chainId: number
  readonly input_integers: readonly (readonly string[])[]
  readonly salts: readonly string[]
  readonly signature: string
}

const TYPES = {
  RequestInput: [
    { name: 'requestId', type: 'bytes32' },
    { name: 'input', type: 'int256[][]' },
    { name: 'salts', type: 'uint256[]' },
  ],
}

/** An input of a request, signed by an account. */
export async function inputBody(
  { chainId, coordinatorAddress }: Market,
  wallet: Wallet,
  { id }: AskedRequest,
  { values, salts }: MarketInput,
): Promise<InputBody> {
  const integers = values.map((row) => Array.from(row, BigInt))
  const domain = { name: 'zkml prover', version: '1', chainId, verifyingContract: coordinatorAddress }
  return {
    chainId,
    input_integers: integers.map((row) => row.map(String)),
    salts: salts.map(String),
    signature: await wallet.signTypedData(domain, TYPES, { requestId: id, input: integers, salts }),
  }
}
