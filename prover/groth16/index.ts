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
  checkPtau,
  PtauNotPreparedError,
  ptauSetup,
  PtauSetupError,
  type PtauSetupOptions,
  PtauTooSmallError,
} from './ptau-setup'
export { nativeBackend, type NativeBackendOptions, NativeProverError } from './native-backend'
export { setup, type SetupOptions, type SetupPaths, type SetupResult, SetupSourceError } from './setup'
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
