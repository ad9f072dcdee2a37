// SPDX-License-Identifier: GPL-3.0-or-later

export type { RpcSender } from './chain-reader'
export type { OnSettled, SettledOutcome, Waiting } from './context'
export { ChainAnswerError, LaneLeaseLostError, SubmitterPolicyError } from './errors'
export type { LaneStatus } from './lane'
export type { SubmitPolicy } from './policy'
export type { SigningAccount } from './sign'
export {
  createSubmitter,
  type LockPermit,
  type Submitter,
  type SubmitterOptions,
  type SubmitterStatus,
} from './submitter'
