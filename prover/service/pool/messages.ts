// SPDX-License-Identifier: GPL-3.0-or-later

import type { BackendName } from '../../groth16'
import type { InferenceProof } from '../../pipeline'
import type { ProveTask, ProveStage, QuantizedInput } from './types'

/** What a process of the pool can be asked to do. */
export type Work =
  | ({ readonly kind: 'prove' } & Pick<ProveTask, 'folder' | 'input' | 'context' | 'salts'>)
  | { readonly kind: 'run'; readonly folder: string; readonly input: QuantizedInput }
  | {
      readonly kind: 'check'
      readonly folder: string
      readonly input: QuantizedInput
      readonly salts?: readonly bigint[]
    }
  | { readonly kind: 'verify'; readonly folder: string; readonly statement: InferenceProof }
  | { readonly kind: 'warm'; readonly folder: string }

/** From the pool to a process. */
export type Order = { readonly id: number; readonly work: Work; readonly wantsProgress: boolean }

/** What crosses the channel of an error: never more than code, message and where in the code it was thrown. */
export type Failure =
  | { readonly kind: 'known'; readonly code: string; readonly message: string; readonly transient: boolean }
  /** Its message may say anything, so it stays where it was made. */
  | { readonly kind: 'unforeseen'; readonly name: string; readonly frames: readonly string[] }

/** From a process to the pool. Orders are answered in the order they came. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly id: number; readonly stage: ProveStage; readonly fraction: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown; readonly residentBytes: number }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure; readonly residentBytes: number }

/** What a process is told when it starts. */
export type WorkerOptions = {
  /** Whether it proves, or runs and checks. */
  readonly role: 'prover' | 'runner'
  readonly maxModels: number
  readonly backend: BackendName
  /** Of one proof. */
  readonly threads: number
  /** Process id of the pool. */
  readonly parent: number
}
