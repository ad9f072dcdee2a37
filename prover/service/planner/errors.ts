// SPDX-License-Identifier: GPL-3.0-or-later

import { ServiceError } from '../errors'

/** The input that was given for a request is not the one it asks about. */
export class InputMismatchError extends ServiceError {
  readonly code = 'INPUT_MISMATCH'
}

/** The chain is not configured, or nothing is sent to it because it has no account. */
export class ChainNotServedError extends ServiceError {
  readonly code = 'CHAIN_NOT_SERVED'
}

/** The model of a job is not in the catalogue of the daemon that took the job. */
export class ModelMissingError extends ServiceError {
  readonly code = 'MODEL_MISSING'
  override readonly transient = true
}
