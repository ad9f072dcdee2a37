// SPDX-License-Identifier: GPL-3.0-or-later

import type { RegisteredModel, RequestState } from '../../chain/types'
import type { MarketRequest } from '../../encodings'
import type { InferenceCall } from '../../pipeline'
import type { LockPermit } from '../submitter'

/** A call to send. Value is wei. */
export type ChainCall = { readonly to: string; readonly data: string; readonly value: bigint }

/** What the operator asks of a request; amounts are wei. */
export type MarketPolicy = {
  readonly models: 'local' | 'any' | ReadonlySet<string>
  readonly trustedVerifiers: ReadonlySet<string>
  readonly minProfit: bigint
  readonly maxBond: bigint
  /** By lower-case token address: wei that 10^18 units are worth. */
  readonly tokens: ReadonlyMap<string, bigint>
  readonly timeFactor: number
}

/** All the planner has to know of one chain. What it reads may be a few seconds old. */
export type MarketChain = {
  readonly chainId: number
  readonly coordinator: string
  /** Who locks and is paid. */
  readonly account: string
  readonly policy: MarketPolicy
  /** Newest block; timestamp in seconds. */
  head(): Promise<{ readonly number: number; readonly timestamp: number }>
  stateOf(request: MarketRequest): Promise<RequestState>
  recordOf(requestId: string): Promise<{ readonly locker: string; readonly lockedAt: number }>
  /** Who was paid for a request that is fulfilled, or undefined when its event is not among the newest blocks. */
  fulfillerOf(requestId: string, fromBlock: number): Promise<string | undefined>
  model(modelId: bigint): Promise<RegisteredModel>
  /** Wei a unit of gas costs now. */
  gasPrice(): Promise<bigint>
  /** Wei that a transaction with so many bytes of data costs on the parent chain. */
  l1Fee(dataBytes: number): Promise<bigint>
  /** Further gas that so many bytes of data cost, on chains that charge for them so; 0 on others. */
  l1Gas(dataBytes: number): Promise<bigint>
  /** Native coins of the account inside the coordinator. */
  deposited(): Promise<bigint>
  verifierGasCap(modelId: bigint): Promise<bigint>
  /** Whether the outbox would send a lock now, followed by a transaction with so high a gas limit. */
  canLock(gasLimit: bigint): LockPermit
  lockCall(request: MarketRequest, value: bigint): ChainCall
  fulfillCall(request: MarketRequest, call: InferenceCall): ChainCall
}
