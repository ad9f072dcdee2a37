// SPDX-License-Identifier: GPL-3.0-or-later

import { isCallException, isHexString } from 'ethers'
import { describeRevert, nodeMessage } from '../../chain/revert'

/** What became of raw bytes that were handed to a node. */
export type BroadcastOutcome =
  /** It is in the mempool, now or already. */
  | 'accepted'
  /** Some transaction with this nonce is mined; receipts say which. */
  | 'nonce used'
  /** The mempool prefers another one with this nonce, or wants a higher fee. */
  | 'underpriced'
  | 'no funds'
  /** Anything else, a node out of reach included: try again. */
  | 'refused'

/** Why a simulated call failed. */
export type CallFailure =
  /** `name` is that of the custom error. */
  | { readonly kind: 'revert'; readonly name: string; readonly message: string }
  | { readonly kind: 'no funds' }
  /** The node could not tell: out of reach, or it does not know the block. */
  | { readonly kind: 'unknown'; readonly message: string }

/** Wordings of geth, Erigon, Nethermind, Besu, Reth, anvil and Hardhat. */
const BROADCAST_WORDINGS: readonly (readonly [RegExp, BroadcastOutcome])[] = [
  [/already (known|imported|exists|in (the )?(mem)?pool)|known transaction|already_?exists|alreadyknown/i, 'accepted'],
  [/nonce.{0,20}too low|nonce has already been used|old ?nonce|nonce.{0,40}lower than/i, 'nonce used'],
  [
    /underpriced|fee ?too ?low|price too low|less than block base fee|fee cap.{0,20}less than|replacement/i,
    'underpriced',
  ],
  [/insufficient (funds|balance)|doesn't have enough funds|upfront cost exceeds/i, 'no funds'],
]
const REVERT = /revert|out ?of ?gas|invalid ?(fe)?opcode|vm execution error|stack ?(over|under)flow|invalid ?jump/i
const NO_FUNDS = /insufficient (funds|balance)|out ?of ?funds|doesn't have enough funds/i

/** Longest message of a node that is kept. */
const LONGEST = 300

/** Reads the error of `eth_sendRawTransaction`. */
export function broadcastOutcome(error: unknown): BroadcastOutcome {
  const message = nodeMessage(error)
  if (message === undefined) return 'refused'
  return BROADCAST_WORDINGS.find(([wording]) => wording.test(message))?.[1] ?? 'refused'
}

/** Reads the error of `eth_call`. What ethers calls a call exception may as well be a block that the node does not know. */
export function callFailure(error: unknown): CallFailure {
  const message = nodeMessage(error)?.slice(0, LONGEST)
  if (!isCallException(error) || message === undefined) return { kind: 'unknown', message: shortMessage(error) }
  if (error.data !== null && isHexString(error.data) && error.data.length >= 10) {
    const revert = describeRevert(error.data)
    return { kind: 'revert', name: revert.name, message: `the call fails with ${revert.message}` }
  }
  if (NO_FUNDS.test(message)) return { kind: 'no funds' }
  if (REVERT.test(message)) return { kind: 'revert', name: 'Reverted', message: `the call fails: ${message}` }
  return { kind: 'unknown', message }
}

/** The text of an error without the request that ethers appends to it, which holds whole transactions. */
export function shortMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { shortMessage: short } = error as { readonly shortMessage?: unknown }
  const said = nodeMessage(error) ?? (typeof short === 'string' ? short : error.message)
  return said.slice(0, LONGEST)
}
