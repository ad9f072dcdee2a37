// SPDX-License-Identifier: GPL-3.0-or-later

import type { Wallet } from 'ethers'
import { requestInputMessage } from '../../../prover/encodings'
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

/** An input of a request, signed by an account. */
export async function inputBody(
  { chainId, coordinatorAddress }: Market,
  wallet: Wallet,
  { id }: AskedRequest,
  { values, salts }: MarketInput,
): Promise<InputBody> {
  const integers = values.map((row) => Array.from(row, BigInt))
  const reference = { chainId: BigInt(chainId), coordinator: coordinatorAddress, requestId: id }
  const { domain, types, value } = requestInputMessage(reference, integers, salts)
  return {
    chainId,
    input_integers: integers.map((row) => row.map(String)),
    salts: salts.map(String),
    signature: await wallet.signTypedData(domain, types, value),
  }
}
