// SPDX-License-Identifier: GPL-3.0-or-later

import { ServiceError } from '../errors'

/** The input that was given for a request is not the one it asks about. */
export class InputMismatchError extends ServiceError {
  readonly code = 'INPUT_MISMATCH'
}

/** The input of a job is not here: it has not come, or was erased after its time. */
export class InputMissingError extends ServiceError {
  readonly code = 'INPUT_MISSING'
}

/** The chain of a job is not configured with an account on the daemon that took the job. */
export class ChainNotServedError extends ServiceError {
  readonly code = 'CHAIN_NOT_SERVED'
  override readonly transient = true
}

/** The model of a job is not in the catalogue of the daemon that took the job. */
export class ModelMissingError extends ServiceError {
  readonly code = 'MODEL_MISSING'
  override readonly transient = true
}
