// SPDX-License-Identifier: GPL-3.0-or-later

import type { OpenedRequest, RpcProvider } from '../../chain'
import type { Log } from '../log'
import type { Metrics } from '../metrics'
import type { Queryable } from '../store/database'
import type { Store } from '../store/store'

export type DiscoverySettings = {
  /** First block to search where nothing was searched before; by default the head at the first start. */
  readonly startBlock?: number
  /** Blocks that a block must have above it before it is searched. Default 0: reorganisations are undone anyway. */
  readonly confirmations?: number
  /** Most blocks to search at once. */
  readonly rangeBlocks: number
  /** Longest time between two looks at the head; a websocket makes it shorter. */
  readonly pollSeconds: number
  /** Before the first repetition of what failed; the next ones wait longer each. Default 0.5. */
  readonly retrySeconds?: number
}

export type DiscoveryOptions = {
  readonly chainId: number
  readonly coordinators: readonly string[]
  readonly provider: Pick<RpcProvider, 'ask' | 'onHead'>
  readonly store: Pick<Store, 'db' | 'cursors'>
  readonly metrics: Metrics
  readonly log: Log
  readonly settings: DiscoverySettings
  /** Takes a request up, in the transaction that moves the cursor past it. The same may come again after a reorganisation. */
  readonly onRequest: (tx: Queryable, opened: OpenedRequest) => Promise<void>
  /** Told, in the transaction that moves the cursor back, the first block that was replaced. */
  readonly onReorg: (tx: Queryable, reorg: { readonly from: number }) => Promise<void>
}

export type DiscoveryStatus = {
  readonly chainId: number
  readonly running: boolean
  /** Newest block seen, and its second; null before the first look. */
  readonly head: { readonly number: number; readonly timestamp: number } | null
  /** Last block searched; -1 before block 0. */
  readonly cursor: number | null
  /** Blocks still to be searched. */
  readonly behind: number | null
  /** What the last look failed with, or null when it did not. */
  readonly error: { readonly code: string; readonly message: string } | null
}

/** Searches one chain for requests, for ever. */
export type Discovery = {
  start(): void
  /** Ends the search, and waits until nothing of it is going on. */
  stop(): Promise<void>
  status(): DiscoveryStatus
}
