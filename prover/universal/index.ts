// SPDX-License-Identifier: GPL-3.0-or-later

/** PLONK and FFLONK over BN254: what a circuit costs there, and setup, keys, proofs, verification through snarkjs. */
export {
  checkUniversalPtau,
  estimateUniversal,
  formatBytes,
  requireFit,
  type Room,
  type UniversalEstimate,
  UniversalFitError,
} from './fit'
export { countGates, type GateCount, RepeatedWireError } from './gates'
export { isDevKey, readKeySystem, readUniversalKeyMetadata, type UniversalKeyMetadata } from './key-metadata'
export {
  isWellFormedUniversal,
  parseSnarkjsUniversalProof,
  PROOF_WORDS,
  toSnarkjsUniversalProof,
  type UniversalProof,
} from './proof'
export {
  type PublishedPtau,
  universalPtau,
  type UniversalPtau,
  universalSetupHash,
  universalTranscript,
} from './provenance'
export {
  type CheckedUniversalZkey,
  checkUniversalZkey,
  proveUniversal,
  UniversalProofError,
  type UniversalStatement,
} from './prove'
export { universalSetup, UniversalSetupError, type UniversalSetupOptions, type UniversalSetupResult } from './setup'
export { estimateMemory, keyBytes, type MemoryEstimate, ptauBytes } from './size'
export { type ProofSystem, proofSystemId, SYSTEM_NAMES, UNIVERSAL_SYSTEMS, type UniversalSystem } from './system'
export { verifyUniversal } from './verify'
export {
  checkUniversalKey,
  parseUniversalKey,
  UnsafeUniversalKeyError,
  type UniversalKey,
  universalKeyHash,
} from './vkey'
export { readUniversalZkey, type UniversalZkey } from './zkey'
export {
  generateUniversalVerifier,
  MAX_UNIVERSAL_SIGNALS,
  type UniversalVerifierOptions,
  VerifierTemplateError,
} from './solidity'
