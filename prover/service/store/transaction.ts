// SPDX-License-Identifier: GPL-3.0-or-later

/** What a transaction of ours is for. One job has at most one live transaction of each purpose, superseded ones aside. */
export type TransactionPurpose = 'lock' | 'fulfill' | 'verify'

/**
 * queued (no nonce yet) → pending (signed, nonce taken) → mined → confirmed. A pending one whose call would fail gives its
 * nonce to an empty transfer to ourselves, `cancelling`, and ends `abandoned`; so does a queued one that never got a nonce.
 * A mined one whose call failed stays `pending`, with a receipt, until that is final, and ends `reverted`; a cancelling one
 * likewise ends when its empty transfer is deep enough. One with a proof is `superseded` as soon as it is in a block without
 * effect: bonds do not wait until that is final. A reorg leads from mined back to pending, and a nonce that somebody
 * else used from pending back to queued.
 */
export type TransactionState = 'queued' | 'pending' | 'mined' | 'confirmed' | 'reverted' | 'cancelling' | 'abandoned'

/** What the planner asks to be sent. Amounts are wei. */
export type TransactionRequest = {
  readonly jobId: string
  readonly purpose: TransactionPurpose
  readonly chainId: number
  /** Address of an account of ours. */
  readonly from: string
  readonly to: string
  readonly data: string
  readonly value: bigint
  readonly gasLimit: bigint
  /** Gas limit of the transaction that this one makes necessary: of a lock, that with the proof. */
  readonly followUpGas?: bigint
  /** Second after which sending is pointless. */
  readonly deadline: number
}

/**
 * One signed form of a transaction. All attempts share its nonce, so at most one is ever mined; those from before it was queued again
 * have an older nonce, and cannot be mined any more.
 */
export type TransactionAttempt = {
  readonly hash: string
  readonly raw: string
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  /** Milliseconds since 1970. */
  readonly sentAt: number
}

export type OutgoingTransaction = TransactionRequest & {
  readonly id: string
  readonly state: TransactionState
  readonly nonce: number | null
  readonly attempts: readonly TransactionAttempt[]
  /** A block had it without effect, so that the planner may send another one; it may still succeed after a reorg. */
  readonly superseded: boolean
  /** Where it was mined. */
  readonly receipt: {
    readonly hash: string
    readonly blockNumber: number
    readonly blockHash: string
    readonly gasUsed: bigint
    /** gasUsed · effectiveGasPrice, and the L1 data fee where the chain has one. */
    readonly fee: bigint
  } | null
  /** Why it was given up or failed: the name of the custom error or of the reason, a colon, and a sentence. */
  readonly error: string | null
}
