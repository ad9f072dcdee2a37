// SPDX-License-Identifier: GPL-3.0-or-later

import { keccak256, Transaction, type TransactionRequest as EthersRequest } from 'ethers'
import type { OutgoingTransaction, TransactionAttempt } from '../store/transaction'
import type { Fees } from './fees'

/** An account whose key is at hand; a `Wallet` of ethers. */
export type SigningAccount = {
  readonly address: string
  signTransaction(transaction: EthersRequest): Promise<string>
}

/** The part of a transaction that does not change between attempts. */
export type Payload = {
  readonly to: string
  readonly data: string
  readonly value: bigint
  readonly gasLimit: bigint
}

/** Nothing, to ourselves: it uses up a nonce. */
export function emptyTransfer(address: string, gasLimit: bigint): Payload {
  return { to: address, data: '0x', value: 0n, gasLimit }
}

/** Signs an attempt. `legacy` is for chains without a base fee. */
export async function signAttempt(
  account: SigningAccount,
  chainId: number,
  nonce: number,
  payload: Payload,
  fees: Fees,
  legacy: boolean,
  sentAt: number,
): Promise<TransactionAttempt> {
  const { to, data, value, gasLimit } = payload
  const price = legacy ? { type: 0, gasPrice: fees.maxFeePerGas } : { type: 2, ...fees }
  const raw = await account.signTransaction({ chainId, nonce, to, data, value, gasLimit, ...price })
  return { hash: keccak256(raw), raw, ...fees, sentAt }
}

/** Whether the attempt of this hash only uses up the nonce. */
export function isEmptyTransfer(row: OutgoingTransaction, hash: string): boolean {
  const attempt = row.attempts.find((candidate) => candidate.hash === hash)
  // The first attempt is always the call itself.
  if (attempt === undefined || attempt === row.attempts[0]) return false
  const { to, data } = Transaction.from(attempt.raw)
  return data === '0x' && to?.toLowerCase() === row.from.toLowerCase()
}
