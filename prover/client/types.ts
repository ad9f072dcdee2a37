// SPDX-License-Identifier: GPL-3.0-or-later

import type { components, operations } from './openapi'

type Schemas = components['schemas']

/** A model that a prover serves. */
export type ServedModel = Schemas['Model']
/** A proof that was asked for, and where it stands. */
export type Inference = Schemas['Inference']
/** What to list of the inferences of a prover. */
export type InferenceFilter = NonNullable<operations['listInferences']['parameters']['query']>
export type InferencePage = operations['listInferences']['responses'][200]['content']['application/json']
/** A `zkml-proof/1`. */
export type ProofFile = Schemas['Proof']
/** What opens the commitments of a proof. */
export type ProofSecrets = Schemas['Secrets']
/** The body of `POST /v1/inferences`. */
export type InferenceBody = operations['createInference']['requestBody']['content']['application/json']
export type OpenCommitmentBody = operations['openCommitment']['requestBody']['content']['application/json']
export type VerificationResult = operations['verifyProof']['responses'][200]['content']['application/json']

/** An output of a model in both forms: value = integer · 2^-exponent. */
export type ModelOutput = {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: readonly number[]
  /** Decimal. */
  readonly integers: readonly string[]
  readonly exponent: number
  /** Of a hashed output, decimal; null without a proof and for public outputs. */
  readonly commitment: string | null
}

/** One input tensor, row-major: real values, or as bigints the integers q that the circuit takes. */
export type FeatureRow = readonly number[] | readonly bigint[]

/** The only input tensor of a model, or a row for each. All rows are of one kind. */
export type Features = FeatureRow | readonly FeatureRow[]

/** How far a proof is. */
export type InferenceProgress = {
  readonly state: Inference['state']
  readonly stage: string
  /** Of the stage; null when it cannot be known. */
  readonly percent: number | null
  /** Milliseconds since the proof was asked for. */
  readonly elapsed: number
}

export type CallOptions = {
  /** Stops waiting. What was asked for goes on; `cancel` ends it. */
  readonly signal?: AbortSignal
}

export type ProofOptions = CallOptions & {
  /** What to bind the proof to; without it, it is portable. */
  readonly context?: NonNullable<InferenceBody['context']>
  /** Chain on which an account of the prover calls `verifyInference`, and the id of the model there if the prover does not know it. */
  readonly submit?: NonNullable<InferenceBody['submit']>
  /** Of every hashed tensor, outputs first; drawn by the prover when absent. */
  readonly salts?: readonly bigint[]
  readonly onProgress?: (progress: InferenceProgress) => void
  /** Names this proof, so that asking again does not make another; drawn when absent. */
  readonly idempotencyKey?: string
}

export type InferOptions = ProofOptions & {
  /** Prove the run, and wait for the proof. */
  readonly prove?: boolean
}

/** Whoever can sign typed data: a signer of ethers, for example. */
export type TypedDataSigner = {
  signTypedData(
    domain: Record<string, unknown>,
    types: Record<string, { name: string; type: string }[]>,
    value: Record<string, unknown>,
  ): Promise<string>
}

/** A request of the market, as its requester knows it. */
export type RequestOfMarket = {
  readonly chainId: number
  readonly coordinator: string
  /** 0x string of 32 bytes. */
  readonly requestId: string
}
