// SPDX-License-Identifier: GPL-3.0-or-later

import type { IoSchema } from '../../encodings'
import type { InferenceCall } from '../../pipeline'
import type { Catalogue } from '../artefacts/types'
import type { Log } from '../log'
import type { Metrics } from '../metrics'
import type { ProverPool } from '../pool/types'
import type { Store } from '../store/store'
import type { GasTracker } from './gas-tracker'
import type { JobBoard } from './jobs'
import type { ChainCall, MarketChain } from './market-chain'

/** A chain to which this daemon sends, and the outbox to wake when there is something to send. */
export type ServedChain = {
  readonly chainId: number
  /** Address whose key signs. */
  readonly account: string
  /** Present where requests of a coordinator are served. */
  readonly market: MarketChain | null
  /** `verifyInference`, for jobs of the API. */
  readonly verifyCall: (modelId: bigint, call: InferenceCall) => Promise<ChainCall>
  /** Gas limit of `verifyInference` for a model. */
  readonly verifyGas: (modelId: bigint, schema: IoSchema) => Promise<bigint>
  readonly wake: () => void
}

/** What the planner works with. */
export type PlannerContext = {
  readonly store: Store
  readonly board: JobBoard
  readonly catalogue: Catalogue
  readonly pool: ProverPool
  readonly chains: ReadonlyMap<number, ServedChain>
  readonly gas: GasTracker
  readonly metrics: Metrics
  readonly log: Log
  /** Decide, and send nothing. */
  readonly dryRun: boolean
}
