// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { signalLayout, type ProofContext } from '../../prover/encodings'
import { readKeyMetadata, vkHash } from '../../prover/groth16'
import {
  artefactPaths,
  inferenceCall,
  loadModel,
  proveInference,
  readModelFile,
  type LoadedModel,
} from '../../prover/pipeline'
import { buildBundled, buildFolder, compileBundled } from '../../scripts/bundle'
import { BUNDLED, modelFolder } from '../../scripts/bundled'
import { JsonReader } from '../../scripts/deploy/json'
import { parseRegistration, type ModelRegistration } from '../../scripts/deploy/registration'

/** Bundled models that the reference consumers use. */
export type ReferenceModelName =
  | 'fee-mlp'
  | 'sprite-decoder'
  | 'reputation-score'
  | 'credit-default'
  | 'tumour-screening'
  | 'amm-spread'
  | 'sybil-airdrop'
  | 'option-pricer'
  | 'npc-dialogue'
  | 'sprite-diffusion'
  | 'flow-toxicity'
  | 'risk-engine'
  | 'contract-risk'

/** A real proof of a bundled model, in the forms that contracts take it. */
export type BundledProof = {
  /** Arguments of `verifyInference`, after the model id. */
  readonly inputCommitment: string
  readonly output: string
  readonly proof: string
  readonly inputWords: readonly bigint[]
  readonly outputWords: readonly bigint[]
  /** The first output, element by element. */
  readonly values: readonly number[]
}

const loaded = new Map<string, Promise<LoadedModel>>()

/** A bundled model with its key, compiled and set up from its public seed unless its build folder has both. */
export function loadBundled(name: ReferenceModelName): Promise<LoadedModel> {
  const known = loaded.get(name) ?? build(name)
  loaded.set(name, known)
  return known
}

async function build(name: ReferenceModelName): Promise<LoadedModel> {
  const bundled = BUNDLED.find((candidate) => candidate.name === name)!
  if (!isBuilt(name)) await buildBundled(bundled, await compileBundled(bundled))
  return loadModel(buildFolder(name))
}

/** Whether the build folder has the registered circuit and key. */
function isBuilt(name: ReferenceModelName): boolean {
  const paths = artefactPaths(buildFolder(name))
  if (![paths.model, paths.keyMetadata, paths.zkey].every((path) => existsSync(path))) return false
  const { r1csHash, verifyingKey } = bundledRegistration(name)
  const key = readKeyMetadata(paths.keyMetadata)
  return readModelFile(paths).r1csHash === r1csHash && key.r1csHash === r1csHash && key.vkHash === vkHash(verifyingKey)
}

/** What is registered of a bundled model. */
export function bundledRegistration(name: ReferenceModelName): ModelRegistration {
  const path = join(modelFolder(name), 'registration.json')
  return parseRegistration(new JsonReader(path, JSON.parse(readFileSync(path, 'utf8'))))
}

/**
 * Runs a bundled model and proves the run for a context; null makes a portable proof. A hashed input takes a salt.
 *
 * @example
 * ```ts
 * const context = { chainId: 31337n, caller: pool, requestId, modelId, prover: signer.address }
 * const { inputCommitment, output, proof } = await proveBundled('fee-mlp', inputs, context)
 * ```
 */
export async function proveBundled(
  name: ReferenceModelName,
  inputs: readonly (number | bigint)[],
  context: ProofContext | null,
  salt?: bigint,
): Promise<BundledProof> {
  const model = await loadBundled(name)
  const { schema } = model.circuit
  const sample = [Float64Array.from(inputs, Number)]
  const proved = await proveInference(model, { sample, context, ...(salt !== undefined && { salts: [salt] }) })
  const layout = signalLayout(schema)
  return {
    ...inferenceCall(schema, proved),
    outputWords: proved.publicSignals.slice(0, layout.outputs),
    inputWords: proved.publicSignals.slice(layout.outputs, layout.outputs + layout.inputs),
    values: proved.outputs[0]!.values!,
  }
}
