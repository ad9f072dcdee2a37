// SPDX-License-Identifier: GPL-3.0-or-later

export { ZkmlClient, type ZkmlClientOptions } from './client'
export * from './errors'
export type {
  CallOptions,
  FeatureRow,
  Features,
  Inference,
  InferenceBody,
  InferenceFilter,
  InferencePage,
  InferenceProgress,
  InferOptions,
  ModelOutput,
  OpenCommitmentBody,
  ProofFile,
  ProofSecrets,
  ProofOptions,
  RequestOfMarket,
  ServedModel,
  TypedDataSigner,
  VerificationResult,
} from './types'
