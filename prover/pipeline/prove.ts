// SPDX-License-Identifier: GPL-3.0-or-later

import { encodeWtns } from '../binfile'
import type { ProofContext } from '../encodings'
import { setup, verify, type ProverBackend, type SetupOptions, type SetupPaths, type SetupResult } from '../groth16'
import { quantizeInput, type Sample } from '../quantize'
import { universalSetup, verifyUniversal, type UniversalSetupOptions, type UniversalSetupResult } from '../universal'
import { WitnessGenerator } from '../witness'
import { ArtefactError, artefactPaths } from './artefacts'
import { readCircuitKey, type CircuitKey } from './circuit-key'
import { rememberKey } from './known-keys'
import { openCircuit, readModelFile, type LoadedModel } from './model-folder'
import { openKey, type OpenKey, type OpenKeyOptions } from './open-key'
import { requireWeights, withIntegerWeights } from './private-weights'
import { staged, type Progress } from './progress'
import { decodeOutputs, expectedContext, isUniversalProof, type DecodedOutput, type InferenceProof } from './proof-file'
import { tensorSecrets, type TensorSecret } from './secrets'

/** Makes the proving and verifying keys of a compiled model; see `setup` in `prover/groth16`. */
export async function setupModel(
  folder: string,
  options: Omit<SetupOptions, 'onProgress'> & { readonly progress?: Progress },
): Promise<SetupResult> {
  const { progress, ...rest } = options
  return withCircuit(folder, (paths) =>
    setup(paths, { ...rest, onProgress: (fraction) => progress?.('setup', fraction) }),
  )
}

/** Makes the keys of a compiled model in PLONK or FFLONK; see `universalSetup` in `prover/universal`. */
export async function setupUniversalModel(
  folder: string,
  options: Omit<UniversalSetupOptions, 'onProgress'> & { readonly progress?: Progress },
): Promise<UniversalSetupResult> {
  const { progress, ...rest } = options
  return withCircuit(folder, (paths) =>
    universalSetup(paths, { ...rest, onProgress: (fraction) => progress?.('setup', fraction) }),
  )
}

/** Runs a setup of a folder's circuit and remembers the key that it made. */
async function withCircuit<T>(folder: string, run: (paths: SetupPaths) => Promise<T>): Promise<T> {
  const { paths, r1csHash } = await openCircuit(folder)
  const { r1cs, zkey, verificationKey, keyMetadata: metadata, transcript } = paths
  const result = await run({ r1cs, zkey, verificationKey, metadata, transcript })
  await rememberKey(zkey, r1csHash)
  return result
}

export type ProveRequest = {
  readonly sample: Sample
  /** What the proof is bound to; null makes a portable one. */
  readonly context: ProofContext | null
  /** Salts of hashed tensors, in signal order; fresh ones when absent. */
  readonly salts?: readonly bigint[]
  /** The one of {@link selectBackend} when absent. */
  readonly backend?: ProverBackend
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** A proof, the secrets that open its commitments, and how long each stage took. */
export type ProvedInference = InferenceProof & {
  readonly outputs: readonly DecodedOutput[]
  /** Keep these: without its salt a commitment cannot be opened. Whoever has them learns the tensor. */
  readonly salts: readonly bigint[]
  /** The same with the committed tensors: one for each hashed tensor. */
  readonly secrets: readonly TensorSecret[]
  /** Name of what made the proof. */
  readonly backend: string
  readonly milliseconds: { readonly witness: number; readonly prove: number }
}

/**
 * Runs a model and proves the run. The proof is verified before it is returned.
 *
 * @throws InputRangeError, ArtefactError (no key, or a key of another circuit), ProofRejectedError
 */
export async function proveInference(model: LoadedModel, request: ProveRequest): Promise<ProvedInference> {
  const { sample, backend, ...rest } = request
  const { inputs: slots } = model.circuit.schema
  const inputs = slots.map((_, i) => quantizeInput(model.quantized.inputs[i]!.recipe, sample[i]!))
  const prover = await openProver(model, { ...rest, ...(backend && { backend }) })
  return prover.prove({ ...rest, inputs })
}

/** One run to prove: like {@link ProveRequest}, with the integers that the circuit takes. */
export type ProveIntegers = Omit<ProveRequest, 'sample' | 'backend'> & {
  /** Integers q per input tensor, in the order of the io schema. */
  readonly inputs: readonly Float64Array[]
}

/** A model with its proving key in memory, both checked: what happens to the files afterwards changes no proof. */
export type ModelProver = {
  readonly model: LoadedModel
  /** @throws InputRangeError, WitnessError, ProofRejectedError */
  prove(request: ProveIntegers): Promise<ProvedInference>
}

/**
 * Reads and checks the proving key of a model once, ahead of any number of proofs.
 *
 * @throws ArtefactError (no key, a key of another circuit, or no weights), KeyMismatchError, UnsafeVerifyingKeyError
 * @example
 * ```ts
 * const prover = await openProver(await loadModel(folder), { backend: selectBackend() })
 * const { proof } = await prover.prove({ inputs, context: null })
 * ```
 */
export async function openProver(model: LoadedModel, options: OpenKeyOptions = {}): Promise<ModelProver> {
  requireWeights(model)
  const key = await openKey(model, options)
  const generator = await WitnessGenerator.create(model.circuit)
  return { model, prove: (request) => proveWith({ model, key, generator }, request) }
}

type Opened = { readonly model: LoadedModel; readonly key: OpenKey; readonly generator: WitnessGenerator }

async function proveWith({ model, key, generator }: Opened, request: ProveIntegers): Promise<ProvedInference> {
  const { circuit, quantized, hashes } = model
  const started = performance.now()
  const witness = await staged(request.progress, 'witness', () =>
    generator.generate({
      ...withIntegerWeights(model, request.inputs),
      context: expectedContext(request.context),
      ...(request.salts && { salts: request.salts }),
    }),
  )
  const proving = performance.now()
  const { proof, publicSignals } = await staged(request.progress, 'prove', () =>
    key.prove(encodeWtns(witness.values), request.signal && { signal: request.signal }),
  )
  const finished = performance.now()
  // A key of another circuit could name other wires public than those of the statement.
  if (
    publicSignals.length !== witness.signals.length ||
    publicSignals.some((signal, i) => signal !== witness.signals[i])
  )
    throw new ArtefactError(`${key.path} makes other wires public than this circuit; run "zkml setup" again`)
  return {
    proof,
    publicSignals,
    context: request.context,
    modelHash: hashes.modelHash,
    circuitHash: hashes.circuitHash,
    vkHash: key.vkHash,
    outputs: decodeOutputs(circuit.schema, publicSignals),
    salts: witness.salts,
    secrets: tensorSecrets(circuit.schema, quantized, witness),
    backend: key.backend,
    milliseconds: { witness: Math.round(proving - started), prove: Math.round(finished - proving) },
  }
}

/** What verification found; `outputs` and `context` may be relied on only when it is valid. */
export type Verification = {
  readonly valid: boolean
  /** Why not. */
  readonly reason: string | null
  readonly portable: boolean
  readonly outputs: readonly DecodedOutput[]
}

/**
 * Verifies a proof against the model in a folder, off chain. Needs neither the proving key nor the ONNX file.
 *
 * @throws ArtefactError when the folder's key is not of the folder's circuit.
 */
export async function verifyInference(folder: string, statement: InferenceProof): Promise<Verification> {
  const paths = artefactPaths(folder)
  const file = readModelFile(paths)
  const key = readCircuitKey(paths, file.r1csHash)
  const portable = statement.context === null
  const no = (reason: string): Verification => ({ valid: false, reason, portable, outputs: [] })
  if (statement.modelHash !== file.modelHash) return no('the proof names another model')
  if (statement.circuitHash !== file.circuitHash) return no('the proof names another circuit')
  if (statement.vkHash !== key.hash) return no('the proof was made under another verifying key')
  if (statement.publicSignals.length !== file.publicSignals)
    return no(`the proof has ${statement.publicSignals.length} public signals; the model has ${file.publicSignals}`)
  if (file.weightsCommitment !== undefined && statement.publicSignals.at(-2) !== BigInt(file.weightsCommitment))
    return no('the proof is of other weights than the model commits to')
  if (statement.publicSignals.at(-1) !== expectedContext(statement.context))
    return no('the context signal is not that of the stated context')
  if (!(await holds(key, statement))) return no('the proof does not satisfy the pairing equation')
  return { valid: true, reason: null, portable, outputs: decodeOutputs(file.schema, statement.publicSignals) }
}

async function holds({ system, key }: CircuitKey, { proof, publicSignals }: InferenceProof): Promise<boolean> {
  if (system === 'groth16') return !isUniversalProof(proof) && verify(key, publicSignals, proof)
  return isUniversalProof(proof) && verifyUniversal(key, publicSignals, proof)
}
