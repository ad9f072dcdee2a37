// SPDX-License-Identifier: GPL-3.0-or-later

import type { IoSchema, MarketRequest } from '../encodings'

/** A call of a contract, to be sent as a transaction or simulated. */
export type Call = {
  readonly to: string
  readonly data: string
  /** In wei. */
  readonly value: bigint
}

/** What a registry entry says of a model, and where it stands. Hashes are 0x strings of 32 bytes. */
export type RegisteredModel = {
  readonly modelId: bigint
  /** Owner of its lineage now: at first its publisher, who is hashed into the id and stored nowhere. */
  readonly owner: string
  readonly modelHash: string
  readonly circuitHash: string
  readonly vkHash: string
  /** 0x string of 4 bytes. */
  readonly proofSystemId: string
  readonly uri: string
  readonly r1csHash: string
  readonly recipeHash: string
  /** 0 for a key made by one party. */
  readonly setupHash: string
  /** 0 when weights are fixed. */
  readonly weightsCommitment: bigint
  /** Generated verifier, and hash of its code; both 0 when the shared verifier serves it. */
  readonly verifier: string
  readonly verifierCodeHash: string
  readonly ioSchema: IoSchema
  readonly ioSchemaHash: string
  readonly deprecated: boolean
  /** Whether the route or key is stopped at the verifier that was asked. */
  readonly stopped: boolean
  /** Second from which it is active, 0 for the first of a lineage. */
  readonly activatesAt: number
}

/** A `RequestOpened` event. */
export type OpenedRequest = {
  /** Address of the coordinator that announced it. */
  readonly coordinator: string
  readonly requestId: string
  readonly request: MarketRequest
  /** The hint of the event: for a public input its packed words, 32 bytes each. Not to be trusted. */
  readonly input: string
  readonly block: { readonly number: number; readonly hash: string }
}

/** Where a request stands (`IInferenceCoordinator.State`). */
export type RequestState =
  'none' | 'open' | 'locked' | 'lock-expired' | 'expired' | 'fulfilled' | 'cancelled' | 'refunded'

/** What a coordinator stores of a request. */
export type RequestRecord = {
  /** As the last transaction left it: never `lock-expired` or `expired`, which come with time. */
  readonly state: RequestState
  /** Who locked it, or the zero address. */
  readonly locker: string
  /** Second of the lock, or 0. */
  readonly lockedAt: bigint
}

/** A `RequestFulfilled` event. */
export type Fulfilment = {
  readonly requestId: string
  /** Who was paid. */
  readonly prover: string
  readonly modelId: bigint
  readonly inputCommitment: string
  /** Output words, proven; 32 bytes each. */
  readonly output: string
  /** In the request's token. */
  readonly price: bigint
  readonly block: { readonly number: number; readonly hash: string }
}
