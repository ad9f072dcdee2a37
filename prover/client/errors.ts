// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'
import type { Inference } from './types'

/** What a prover answered instead of what was asked for; `code` is its stable code (docs/errors.md). */
export class ZkmlApiError extends ZkmlError {
  override readonly code: string
  /** The HTTP status. */
  readonly status: number
  /** Id of the request, which the prover's log has too; empty when the answer was not the prover's own. */
  readonly instance: string
  /** Seconds after which to try again, if the prover said so. */
  readonly retryAfter: number | undefined

  constructor(problem: {
    readonly code: string
    readonly status: number
    readonly detail: string
    readonly instance: string
    readonly retryAfter?: number | undefined
  }) {
    super(problem.detail)
    this.code = problem.code
    this.status = problem.status
    this.instance = problem.instance
    this.retryAfter = problem.retryAfter
  }
}

/** The prover could not be reached, or its answer could not be read. */
export class ProverUnreachableError extends ZkmlError {
  override readonly code = 'CLIENT_UNREACHABLE'
}

/** An inference ended without a proof: it failed, was cancelled, or its time was over. */
export class InferenceEndedError extends ZkmlError {
  override readonly code = 'CLIENT_INFERENCE_ENDED'

  constructor(readonly inference: Inference) {
    const { id, state, error } = inference
    super(`The inference ${id} ended ${state}${error ? ` (${error.code}: ${error.message})` : ''}.`)
  }
}

/** An input that does not have the form the client takes, or not that of the model. */
export class ClientInputError extends ZkmlError {
  override readonly code = 'CLIENT_INPUT'
}
