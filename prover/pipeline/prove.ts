// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync } from 'node:fs'
import { encodeWtns, readWholeFile, sha256File } from '../binfile'
import type { ProofContext } from '../encodings'
import {
  checkZkey,
  parseSnarkjsVerificationKey,
  readKeyMetadata,
  setup,
  snarkjsBackend,
  verify,
  vkHash,
  type CheckedZkey,
  type ProverBackend,
  type SetupOptions,
  type SetupResult,
  type VerifyingKey,
} from '../groth16'
import { quantizeInput, type Sample } from '../quantize'
import { WitnessGenerator } from '../witness'
import { ArtefactError, artefactPaths, readArtefact, type ArtefactPaths } from './artefacts'
import { rememberKey, requireKnownKey } from './known-keys'
import { readModelFile, type LoadedModel } from './model-folder'
import { staged, type Progress } from './progress'
import { decodeOutputs, expectedContext, type DecodedOutput, type InferenceProof } from './proof-file'
import { tensorSecrets, type TensorSecret } from './secrets'

/** Makes the proving and verifying keys of a compiled model; see `setup` in `prover/groth16`. */
export async function setupModel(
  folder: string,
  options: Omit<SetupOptions, 'onProgress'> & { readonly progress?: Progress },
): Promise<SetupResult> {
  const paths = artefactPaths(folder)
  const file = readModelFile(paths)
  if (!existsSync(paths.r1cs)) readArtefact(paths.r1cs, 'zkml compile')
  if (`0x${await sha256File(paths.r1cs)}` !== file.r1csHash)
    throw new ArtefactError(`${paths.r1cs} is not the circuit that model.json describes; run "zkml compile" again`)
  const { progress, ...rest } = options
  const result = await setup(
    { r1cs: paths.r1cs, zkey: paths.zkey, verificationKey: paths.verificationKey, metadata: paths.keyMetadata },
    { ...rest, onProgress: (fraction) => progress?.('setup', fraction) },
  )
  await rememberKey(paths.zkey, file.r1csHash)
  return result
}

/** The verifying key of a model's folder. */
export function readVerifyingKey(paths: ArtefactPaths): VerifyingKey {
  const text = readArtefact(paths.verificationKey, 'zkml setup').toString('utf8')
  try {
    return parseSnarkjsVerificationKey(JSON.parse(text))
  } catch (error) {
    throw new ArtefactError(`${paths.verificationKey}: ${(error as Error).message}`, { cause: error })
  }
}

/** The verifying key, checked to be the one that was set up for a circuit. */
function readCircuitKey(paths: ArtefactPaths, r1csHash: string): VerifyingKey {
  readArtefact(paths.keyMetadata, 'zkml setup')
  const metadata = readKeyMetadata(paths.keyMetadata)
  if (metadata.r1csHash !== r1csHash)
    throw new ArtefactError(`${paths.keyMetadata}: the key was made for another circuit; run "zkml setup" again`)
  const key = readVerifyingKey(paths)
  if (vkHash(key) !== metadata.vkHash)
    throw new ArtefactError(`${paths.verificationKey} is not the key that key.json describes; run "zkml setup" again`)
  return key
}

export type ProveRequest = {
  readonly sample: Sample
  /** What the proof is bound to; null makes a portable one. */
  readonly context: ProofContext | null
  /** Salts of hashed tensors, in signal order; fresh ones when absent. */
  readonly salts?: readonly bigint[]
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
  readonly milliseconds: { readonly witness: number; readonly prove: number }
}

/**
 * Runs a model and proves the run. The proof is verified before it is returned.
 *
 * @throws InputRangeError, ArtefactError (no key, or a key of another circuit), ProofRejectedError
 */
export async function proveInference(model: LoadedModel, request: ProveRequest): Promise<ProvedInference> {
  const { sample, backend, ...rest } = request
  const inputs = model.quantized.inputs.map(({ recipe }, i) => quantizeInput(recipe, sample[i]!))
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
 * @throws ArtefactError (no key, or a key of another circuit), KeyMismatchError, UnsafeVerifyingKeyError
 * @example
 * ```ts
 * const prover = await openProver(await loadModel(folder), { backend: snarkjsBackend({ keepThreads: true }) })
 * const { proof } = await prover.prove({ inputs, context: null })
 * ```
 */
export async function openProver(
  model: LoadedModel,
  options: { readonly backend?: ProverBackend; readonly progress?: Progress; readonly signal?: AbortSignal } = {},
): Promise<ModelProver> {
  const { paths, circuit, hashes } = model
  const key = vkHash(readCircuitKey(paths, hashes.r1csHash))
  const zkey = checkZkey(readWholeFile(paths.zkey))
  if (vkHash(zkey.verifyingKey) !== key)
    throw new ArtefactError(`${paths.zkey} is not the key that key.json describes; run "zkml setup" again`)
  if ([...circuit.schema.inputs, ...circuit.schema.outputs].some(({ visibility }) => visibility !== 'public'))
    await staged(options.progress, 'check key', () =>
      requireKnownKey(zkey, circuit.r1cs, hashes.r1csHash, options.signal),
    )
  const generator = await WitnessGenerator.create(circuit)
  const backend = options.backend ?? snarkjsBackend()
  return { model, prove: (request) => proveWith({ model, zkey, vkHash: key, generator, backend }, request) }
}

type OpenKey = {
  readonly model: LoadedModel
  readonly zkey: CheckedZkey
  readonly vkHash: string
  readonly generator: WitnessGenerator
  readonly backend: ProverBackend
}

async function proveWith(open: OpenKey, request: ProveIntegers): Promise<ProvedInference> {
  const { zkey, generator, backend } = open
  const { circuit, quantized, hashes } = open.model
  const started = performance.now()
  const witness = await staged(request.progress, 'witness', () =>
    generator.generate({
      inputs: request.inputs,
      context: expectedContext(request.context),
      ...(request.salts && { salts: request.salts }),
    }),
  )
  const proving = performance.now()
  const { proof, publicSignals } = await staged(request.progress, 'prove', () =>
    backend.prove(zkey, encodeWtns(witness.values), request.signal && { signal: request.signal }),
  )
  const finished = performance.now()
  // A key of another circuit could name other wires public than those of the statement.
  if (
    publicSignals.length !== witness.signals.length ||
    publicSignals.some((signal, i) => signal !== witness.signals[i])
  )
    throw new ArtefactError(`${zkey.path} makes other wires public than this circuit; run "zkml setup" again`)
  return {
    proof,
    publicSignals,
    context: request.context,
    modelHash: hashes.modelHash,
    circuitHash: hashes.circuitHash,
    vkHash: open.vkHash,
    outputs: decodeOutputs(circuit.schema, publicSignals),
    salts: witness.salts,
    secrets: tensorSecrets(circuit.schema, quantized, witness),
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
  if (statement.vkHash !== vkHash(key)) return no('the proof was made under another verifying key')
  if (statement.publicSignals.length !== file.publicSignals)
    return no(`the proof has ${statement.publicSignals.length} public signals; the model has ${file.publicSignals}`)
  if (statement.publicSignals.at(-1) !== expectedContext(statement.context))
    return no('the context signal is not that of the stated context')
  if (!(await verify(key, statement.publicSignals, statement.proof)))
    return no('the proof does not satisfy the pairing equation')
  return { valid: true, reason: null, portable, outputs: decodeOutputs(file.schema, statement.publicSignals) }
}
