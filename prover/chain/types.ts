// SPDX-License-Identifier: GPL-3.0-or-later

import type { IoSchema, MarketRequest } from '../encodings'

/** What a registry entry says of a model, and where it stands. Hashes are 0x strings of 32 bytes. */
export type RegisteredModel = {
  readonly modelId: bigint
  readonly publisher: string
  readonly modelHash: string
  readonly circuitHash: string
  readonly vkHash: string
  readonly proofSystemId: string
  readonly uri: string
  readonly r1csHash: string
  readonly recipeHash: string
  readonly setupHash: string
  readonly weightsCommitment: bigint
  /** 0 when the shared verifier serves it. */
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
  readonly requestId: string
  readonly request: MarketRequest
  /** The hint of the event: for a public input its packed words, 32 bytes each. Not to be trusted. */
  readonly input: string
  readonly block: { readonly number: number; readonly hash: string }
}

/** Where a request stands (`IInferenceCoordinator.State`). */
export type RequestState =
  'none' | 'open' | 'locked' | 'lock-expired' | 'expired' | 'fulfilled' | 'cancelled' | 'refunded'
