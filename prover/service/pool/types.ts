// SPDX-License-Identifier: GPL-3.0-or-later

import type { DecodedOutput, InferenceProof, ProvedInference, Verification } from '../../pipeline'
import type { ProofContext } from '../../encodings'

/** Stages of a proof, in order. */
export type ProveStage = 'load' | 'check key' | 'witness' | 'prove'

/** One input: integers q per input tensor, in the order of the io schema. */
export type QuantizedInput = readonly Float64Array[]

/** What a model says of an input, without a proof. */
export type RunResult = {
  readonly outputs: readonly {
    readonly name: string
    readonly shape: readonly number[]
    readonly values: readonly number[]
    /** Decimal strings; value ≈ integer · 2^-exponent. */
    readonly integers: readonly string[]
    readonly exponent: number
  }[]
}

export type ProveTask = {
  readonly folder: string
  readonly input: QuantizedInput
  readonly context: ProofContext | null
  /** Of hashed tensors, in signal order; fresh ones when absent. */
  readonly salts?: readonly bigint[]
  readonly signal?: AbortSignal
  /** Within `prove` the fraction is a guess from earlier proofs of the model, below 1 until it is done. */
  readonly onProgress?: (stage: ProveStage, fraction: number) => void
}

/** What `ProverPool.prove` returns: a verified proof, with everything the planner needs to submit it. */
export type PoolProof = ProvedInference & { readonly outputs: readonly DecodedOutput[] }

/** Quick proofs that a process is handed at once. */
export const PROOFS_AHEAD = 2

/**
 * Processes that run models and prove, apart from the daemon's own, so that neither a crash nor minutes of arithmetic
 * touch it. Errors of the work itself arrive as the `ZkmlError` they were, by code.
 */
export type ProverPool = {
  /** Proofs that can run at once. */
  readonly capacity: number
  /** Proofs to hand over at once: `PROOFS_AHEAD` for each process while they are quick, so that none waits for its next, or one. */
  readonly wanted: number
  /** Proves; waits for a free process. Aborting ends the process that does it. */
  prove(task: ProveTask): Promise<PoolProof>
  /** Runs the integer model; quick. */
  run(folder: string, input: QuantizedInput): Promise<RunResult>
  /** Makes a witness and checks every constraint, so that a bond is not staked on an input that cannot be proved. */
  check(folder: string, input: QuantizedInput, salts?: readonly bigint[], signal?: AbortSignal): Promise<void>
  /** Verifies a proof against the model in a folder, as `verifyInference` of the pipeline does. */
  verify(folder: string, statement: InferenceProof): Promise<Verification>
  /** Loads a model, and its key where proofs are made, in every process that has time now. */
  warm(folder: string): Promise<void>
  /** Median of the last 32 prove times of a model in milliseconds (witness and proof), or undefined before the first. */
  proveTime(folder: string): number | undefined
  /** Resident bytes of the daemon's children, and how many there are. */
  usage(): Promise<{ readonly processes: number; readonly residentBytes: number; readonly busy: number }>
  /** Takes no more tasks, lets those that were begun go on for `timeoutMs` (default 0), and ends all processes. */
  close(options?: { readonly timeoutMs?: number }): Promise<void>
}
