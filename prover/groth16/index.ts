// SPDX-License-Identifier: GPL-3.0-or-later

/** Groth16 over BN254: setup, keys, proving backends, verification and the Solidity verifier generator. */
export {
  type CheckedZkey,
  checkProverInputs,
  checkZkey,
  type ProveOptions,
  type ProverBackend,
  ProofRejectedError,
  WitnessMismatchError,
} from './backend'
export type { Fq2, G1Point, G2Point } from './curve'
export { devSetup, type DevSetupOptions } from './dev-setup'
export { CircuitTooLargeError, type Domain, domainOf } from './domain'
export { checkKeyMatchesCircuit, type KeyCheckOptions, KeyMismatchError } from './key-check'
export {
  type KeyKind,
  type KeyMetadata,
  KeyMetadataError,
  parseKeyMetadata,
  readKeyMetadata,
  writeKeyMetadata,
} from './key-metadata'
export {
  type Groth16Proof,
  parsePublicSignals,
  parseSnarkjsProof,
  ProofFormatError,
  type ProvedStatement,
  proofWords,
  toSnarkjsProof,
} from './proof'
export {
  type BeaconKeyOptions,
  beaconKey,
  type ContributeKeyOptions,
  contributeKey,
  type MadeContribution,
  writeInitialKey,
} from './ceremony/contribute'
export { initialKey } from './ceremony/initial-key'
export { type PtauProvenance, ptauProvenance } from './ceremony/provenance'
export { type Beacon, parseBeacon } from './contribution/randomness'
export {
  type CeremonyTranscript,
  ceremonyTranscript,
  encodeTranscript,
  ptauContributions,
  type TranscriptEntry,
  transcriptSetupHash,
} from './ceremony/transcript'
export { checkUsable, CeremonyError, type VerifiedKey, verifyKey } from './ceremony/verify'
export { pointEngine } from './engine'
export type { EngineOptions, PointEngine } from './point-engine'
export {
  checkPtau,
  openPtau,
  PtauNotPreparedError,
  PtauTooSmallError,
  readContributions,
  withPtau,
} from './ptau/format'
export { beaconPtau, contributePtau, newPtau, preparePtau } from './ptau/create'
export { blake2bFile, hermezFile } from './ptau/hermez'
export { MAX_VERIFIED_POWER, verifyPtau } from './ptau/verify'
export { nativeBackend, type NativeBackendOptions, NativeProverError } from './native-backend'
export { ptauSetup } from './ptau-setup'
export { saveKey, setup, type SetupOptions, type SetupPaths, type SetupResult, SetupSourceError } from './setup'
export { rapidsnarkBackend, type RapidsnarkOptions, RapidsnarkOutputError } from './rapidsnark-backend'
export { RapidsnarkFailedError, RapidsnarkMissingError, RapidsnarkTimeoutError } from './rapidsnark-process'
export {
  BACKEND_NAMES,
  type BackendChoice,
  BackendChoiceError,
  type BackendName,
  type BackendOptions,
  chooseBackend,
  selectBackend,
} from './select-backend'
export { snarkjsBackend, type SnarkjsBackendOptions } from './snarkjs-backend'
export { leaseSnarkjs, type SnarkjsLease, type SnarkjsThreads, withSnarkjs } from './snarkjs-session'
export { generateVerifier, type VerifierOptions, VerifierNameError, VerifierTooLargeError } from './solidity'
export { EntropyTooShortError, PublicSeedEmptyError } from './toxic-waste'
export { SignalCountError, verify } from './verify'
export {
  canonicalKeyBytes,
  canonicalKeyHex,
  checkVerifyingKey,
  type KeyFault,
  parseCanonicalKeyBytes,
  parseSnarkjsVerificationKey,
  signalCount,
  UnsafeVerifyingKeyError,
  type VerifyingKey,
  VerifyingKeyFormatError,
  vkHash,
} from './vkey'
export { openZkey, verifyingKeyOf, withZkey, type Zkey, type ZkeyHeader } from './zkey'
