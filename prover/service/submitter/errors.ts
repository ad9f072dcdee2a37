// SPDX-License-Identifier: GPL-3.0-or-later

import { ServiceError } from '../errors'

/** The submitter was given a policy or accounts that cannot work. */
export class SubmitterPolicyError extends ServiceError {
  readonly code = 'SUBMITTER_POLICY'
}

/** Another daemon sends the transactions of this account now. */
export class LaneLeaseLostError extends ServiceError {
  readonly code = 'SUBMITTER_LEASE_LOST'
  override readonly transient = true
}

/** An RPC endpoint answered with something that is not what the method returns. */
export class ChainAnswerError extends ServiceError {
  readonly code = 'SUBMITTER_CHAIN_ANSWER'
  override readonly transient = true
}
