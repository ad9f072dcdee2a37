// SPDX-License-Identifier: GPL-3.0-or-later

import type { CatalogueModel } from '../artefacts/types'
import type { InferenceProof, Verification } from '../../pipeline'
import type { QuantizedInput, RunResult } from '../pool/types'
import type { Queryable } from '../store/database'
import type { Job, JobFilter, JobState, StoredContext } from '../store/job'
import type { OutgoingTransaction } from '../store/transaction'

/** What the daemon knows of a model besides its files. */
export type ModelFacts = {
  /** Median of recent prove times, or undefined before the first proof. */
  readonly proveMilliseconds: number | undefined
  /** Registry entries that speak of it; ids are decimal strings. */
  readonly registrations: readonly { readonly chainId: number; readonly modelId: string }[]
}

/** Where an account of the daemon is to call `verifyInference`. */
export type Submission = {
  readonly chainId: number
  /** Of the model in the registry there; decimal. */
  readonly modelId: string
}

/** A proof that a client asks for. */
export type ProofRequest = {
  /** Name of the API token, or `anonymous`. */
  readonly client: string
  readonly model: CatalogueModel
  readonly input: QuantizedInput
  /** What the client binds the proof to. With `submission` it is null: the daemon binds it to its own call. */
  readonly context: StoredContext | null
  /** As {@link ApiBackend.prepareSubmission} returned it, or null. */
  readonly submission: Submission | null
  /** Of every hashed tensor, in signal order; fresh ones when absent. */
  readonly salts?: readonly bigint[]
}

/** How far the running stage of a job is. */
export type JobProgress = {
  readonly stage: string
  /** 0 to 1, or null when it cannot be known. */
  readonly fraction: number | null
}

/** News of a job. A hint: a listener that misses some reads the job again. */
export type JobChange = { readonly state: JobState; readonly progress: JobProgress | null }

/** What opens the commitments of one proof: `zkml-secrets/1`, as `secretsToJson` writes it. */
export type StoredSecrets = {
  readonly format: 'zkml-secrets/1'
  readonly modelHash: string
  readonly tensors: readonly {
    readonly side: 'output' | 'input'
    readonly name: string
    readonly commitment: string
    readonly salt: string
    readonly integers: readonly string[]
    readonly values: readonly number[]
  }[]
}

/** A market request that the daemon has discovered. */
export type MarketTarget = {
  readonly jobId: string
  readonly chainId: number
  readonly coordinator: string
  /** 0x string of 32 bytes. */
  readonly requestId: string
  readonly requester: string
  /** Undefined when this daemon does not serve its model. */
  readonly model: CatalogueModel | undefined
}

/** A requester's input of a market request; whose it is has been checked, whether it is the committed one has not. */
export type RequestInput = {
  readonly input: QuantizedInput
  /** Of the hashed input tensors, in the order of the io schema. */
  readonly salts: readonly bigint[]
}

/** Whether the daemon can do its work, part by part. Details are shown to anybody: no secret, no address of an endpoint. */
export type Readiness = {
  readonly ready: boolean
  readonly parts: readonly { readonly name: string; readonly ready: boolean; readonly detail: string }[]
}

/**
 * The daemon as the HTTP API sees it. Methods may throw any `ZkmlError`; those of `prover/service/api/errors.ts` carry the HTTP
 * status they stand for, transient ones are answered with 503 and all others by their code.
 */
export type ApiBackend = {
  listModels(): readonly CatalogueModel[]
  /** By key, model hash or circuit hash. */
  getModel(id: string): CatalogueModel | undefined
  modelFacts(model: CatalogueModel): ModelFacts
  /** Runs the integer model, without a proof. Called for every plain inference, so it must not touch the database. */
  run(model: CatalogueModel, input: QuantizedInput): Promise<RunResult>
  /**
   * Finds out whether proofs of a model can be submitted to a chain, and checks that the registry there says of the model id what this
   * daemon knows of the model: with another one the proof would be made in vain. Asks the chain at the first time.
   *
   * @param modelId the one that the client names; absent, that of the daemon's configuration.
   * @throws SubmitUnavailableError
   */
  prepareSubmission(model: CatalogueModel, chainId: number, modelId: string | undefined): Promise<Submission>
  /**
   * Records a job with its input and queues it, all in the given transaction.
   *
   * @throws OverloadedError when too many wait
   */
  createInference(tx: Queryable, request: ProofRequest): Promise<Job>
  getInference(id: string): Promise<Job | undefined>
  listInferences(filter: JobFilter): Promise<readonly Job[]>
  /** Transactions of a job, oldest first. */
  transactions(id: string): Promise<readonly OutgoingTransaction[]>
  /**
   * Ends a job. Cancelling it again is no error.
   *
   * @returns the job as it is now.
   * @throws CancelTooLateError, InferenceUnknownError
   */
  cancel(job: Job): Promise<Job>
  /**
   * Takes up a job again that ended without success.
   *
   * @returns the job as it is now.
   * @throws RetryRefusedError for any other job, InferenceUnknownError
   */
  retry(job: Job): Promise<Job>
  /** Last known progress of a job that this process works on. */
  progress(id: string): JobProgress | undefined
  /** Tells of changes of a job. @returns stops. */
  subscribe(id: string, listener: (change: JobChange) => void): () => void
  /** What opens the commitments of a proof; undefined when there are none, not yet, or no more. */
  secrets(id: string): Promise<StoredSecrets | undefined>
  /** `verifyInference` of the pipeline on the model's folder, outside of this process. */
  verify(model: CatalogueModel, statement: InferenceProof): Promise<Verification>
  /** @throws RequestPendingError for one that is known, and was not looked at yet. */
  findRequest(chainId: number, requestId: string): Promise<MarketTarget | undefined>
  /** ERC-1271: whether the contract at `account` accepts the signature. False where there is no contract. */
  isContractSignature(chainId: number, account: string, digest: string, signature: string): Promise<boolean>
  /**
   * Checks an input against the commitment of its request, keeps it and wakes the job.
   *
   * @throws InputMismatchError, InputNotWantedError when the job is past needing it.
   */
  submitRequestInput(target: MarketTarget, input: RequestInput): Promise<void>
  readiness(): Promise<Readiness>
}
