// SPDX-License-Identifier: GPL-3.0-or-later

import { ServiceError } from '../errors'

/** Endpoints of a chain do not agree on a block, or one of them does not have it; it is read again. */
export class SplitViewError extends ServiceError {
  override readonly code = 'DISCOVERY_SPLIT_VIEW'
  override readonly transient = true

  constructor(
    message: string,
    /** Name of the endpoint to blame, if there is one. */
    readonly endpoint?: string,
  ) {
    super(message)
  }
}

/** The head of a chain is below every block that is remembered of it; the endpoints are behind, or the chain was reset. */
export class ChainShrunkError extends ServiceError {
  override readonly code = 'DISCOVERY_CHAIN_SHRUNK'
  override readonly transient = true
}

/** A reorganisation replaced every block that is remembered; blocks before them are read again as well. */
export class DeepReorgError extends ServiceError {
  override readonly code = 'DISCOVERY_DEEP_REORG'
}

/** An endpoint left out logs that a block has; they were read in another way. */
export class LogsDroppedError extends ServiceError {
  override readonly code = 'DISCOVERY_LOGS_DROPPED'
}
