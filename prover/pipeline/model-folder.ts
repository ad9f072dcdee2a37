// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, mkdirSync } from 'node:fs'
import { sha256File, writeFileAtomic, writeJsonAtomic, writeR1cs } from '../binfile'
import { checkIoSchema, ioSchemaHash, recipeHash, signalLayout, type IoSchema, type TensorSpec } from '../encodings'
import { ioSchemaOf, type GadgetCompiler } from '../circuit'
import { architectureOf } from '../onnx'
import { parseRecipe, type QuantizedProgram, type Recipe } from '../quantize'
import { ArtefactError, artefactPaths, readArtefact, type ArtefactPaths } from './artefacts'
import {
  compiledCircuitHash,
  compileModel,
  hashOnnx,
  quantizeModel,
  type CompiledModel,
  type ModelHashes,
} from './compile'
import { readPrivateWeights, requireNoWeights, savePrivateWeights } from './private-weights'
import type { Progress } from './progress'
import type { CompileReport } from './report'

/** What `model.json` says: enough to encode inputs, decode outputs and check proofs without recompiling. */
export type ModelFile = {
  readonly format: 'zkml-model/1'
  readonly name: string
  readonly schema: IoSchema
  readonly constraints: number
  readonly wires: number
  readonly publicSignals: number
  /** What commits to private weights, in decimal; absent when weights are fixed. */
  readonly weightsCommitment?: string
} & ModelHashes

/**
 * Writes a compiled model to a folder: each file whole or not at all, `model.json` last.
 *
 * @throws FileWriteError; ArtefactError for a folder that holds private weights, whose salt would be lost.
 */
export async function saveModel(
  folder: string,
  name: string,
  model: CompiledModel,
  report: CompileReport,
): Promise<ModelFile> {
  const paths = artefactPaths(folder)
  requireNoWeights(paths)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new ArtefactError(`${folder} cannot be made: ${(error as Error).message}`, { cause: error })
  }
  const { r1cs, schema } = model.circuit
  const file: ModelFile = {
    format: 'zkml-model/1',
    name,
    schema,
    constraints: r1cs.nConstraints,
    wires: r1cs.nWires,
    publicSignals: r1cs.nPubOut + r1cs.nPubIn,
    ...model.hashes,
    ...(model.weights && { weightsCommitment: model.weights.commitment.toString() }),
  }
  await writeFileAtomic(paths.onnx, [model.weights ? architectureOf(model.onnx) : model.onnx])
  if (model.weights) await savePrivateWeights(paths, model.onnx, model.weights)
  await writeJsonAtomic(paths.recipe, model.recipe)
  await writeR1cs(paths.r1cs, r1cs)
  await writeJsonAtomic(paths.report, report)
  await writeJsonAtomic(paths.model, { ...file, schema: schemaToJson(schema) })
  return file
}

/** Reads `model.json`, checking that its schema is well-formed. */
export function readModelFile(paths: ArtefactPaths): ModelFile {
  const text = readArtefact(paths.model, 'zkml compile').toString('utf8')
  let value: ModelFile & { schema: { inputs: readonly { lo: string }[]; outputs: readonly { lo: string }[] } }
  try {
    value = JSON.parse(text) as typeof value
    if (value.format !== 'zkml-model/1') throw new Error(`its format is ${JSON.stringify(value.format)}`)
    const schema = schemaFromJson(value.schema)
    checkIoSchema(schema)
    checkIdentity({ ...value, schema })
    return { ...value, schema }
  } catch (error) {
    throw new ArtefactError(`${paths.model} is damaged: ${(error as Error).message}; run "zkml compile" again`, {
      cause: error,
    })
  }
}

/** The schema and the counts are those that the hashes speak of: a proof is decoded with them. */
function checkIdentity(file: ModelFile): void {
  if (ioSchemaHash(file.schema) !== file.ioSchemaHash) throw new Error('its schema does not have the hash it states')
  if (signalLayout(file.schema).total !== file.publicSignals)
    throw new Error(`its schema has ${signalLayout(file.schema).total} public signals, not ${file.publicSignals}`)
  if (file.schema.weightsCommitted !== (file.weightsCommitment !== undefined))
    throw new Error('its schema and its weightsCommitment contradict each other')
  if (compiledCircuitHash(file, BigInt(file.weightsCommitment ?? 0)) !== file.circuitHash)
    throw new Error('its circuitHash is not that of its parts')
}

/**
 * The circuit of a folder, which must be the one that `model.json` describes.
 *
 * @throws ArtefactError
 */
export async function openCircuit(
  folder: string,
): Promise<{ readonly paths: ArtefactPaths; readonly r1csHash: string }> {
  const paths = artefactPaths(folder)
  const { r1csHash } = readModelFile(paths)
  if (!existsSync(paths.r1cs)) readArtefact(paths.r1cs, 'zkml compile')
  if (`0x${await sha256File(paths.r1cs)}` !== r1csHash) {
    throw new ArtefactError(`${paths.r1cs} is not the circuit that model.json describes; run "zkml compile" again`)
  }
  return { paths, r1csHash }
}

/** Reads `report.json`, checking that it is of the model beside it. */
export function readReport(folder: string): CompileReport {
  const paths = artefactPaths(folder)
  const file = readModelFile(paths)
  const text = readArtefact(paths.report, 'zkml compile').toString('utf8')
  try {
    const report = JSON.parse(text) as CompileReport
    for (const field of ['modelHash', 'r1csHash', 'recipeHash', 'constraints'] as const) {
      if (report[field] !== file[field]) throw new Error(`its ${field} is not that of model.json`)
    }
    if (!Array.isArray(report.layers) || !Array.isArray(report.inputs)) throw new Error('it has no layers or inputs')
    return report
  } catch (error) {
    throw new ArtefactError(`${paths.report} is damaged: ${(error as Error).message}; run "zkml compile" again`, {
      cause: error,
    })
  }
}

/** A model rebuilt from its ONNX file and recipe, and the file that describes it. */
export type LoadedModel = CompiledModel & { readonly file: ModelFile; readonly paths: ArtefactPaths }

/**
 * Rebuilds a model from its ONNX file and recipe. The circuit that other files of the folder were made for is never
 * taken on trust: the rebuilt one must have the same hashes.
 *
 * @throws ArtefactError when it has not.
 */
export async function loadModel(
  folder: string,
  options: { readonly progress?: Progress; readonly compiler?: GadgetCompiler } = {},
): Promise<LoadedModel> {
  const { paths, file, onnx, recipe } = readSources(folder)
  const secret = file.weightsCommitment === undefined ? undefined : readPrivateWeights(paths)
  const commitment = file.weightsCommitment === undefined ? undefined : BigInt(file.weightsCommitment)
  requireHashes(folder, file, { modelHash: hashOnnx(onnx) })
  const model = await compileModel(secret?.onnx ?? onnx, {
    ...options,
    recipe,
    ...(secret ? { weightsSalt: secret.salt } : commitment !== undefined && { weightsCommitment: commitment }),
  })
  requireHashes(folder, file, model.hashes)
  if (model.weights && model.weights.commitment !== commitment)
    throw new ArtefactError(
      `${paths.privateFolder}: the weights are not those that model.json commits to; run "zkml commit-weights" with the right model`,
    )
  return { ...model, file, paths }
}

/** The integer model of a folder, and the file that describes it. */
export type LoadedProgram = { readonly quantized: QuantizedProgram; readonly file: ModelFile }

/**
 * Rebuilds the integer model of a folder, which is enough to run it: a small part of the work of {@link loadModel}.
 *
 * @throws ArtefactError when ONNX file, recipe or io schema are not those of `model.json`.
 */
export function loadProgram(folder: string): LoadedProgram {
  const { file, onnx, recipe } = readSources(folder)
  requireHashes(folder, file, { modelHash: hashOnnx(onnx), recipeHash: recipeHash(recipe) })
  const quantized = quantizeModel(onnx, recipe)
  requireHashes(folder, file, { ioSchemaHash: ioSchemaHash(ioSchemaOf(quantized)) })
  return { quantized, file }
}

/** What a folder says that its model is made of. */
function readSources(folder: string): {
  readonly paths: ArtefactPaths
  readonly file: ModelFile
  readonly onnx: Uint8Array
  readonly recipe: Recipe
} {
  const paths = artefactPaths(folder)
  const file = readModelFile(paths)
  const onnx = readArtefact(paths.onnx, 'zkml compile')
  const recipe = parseRecipe(readArtefact(paths.recipe, 'zkml compile').toString('utf8'))
  return { paths, file, onnx, recipe }
}

function requireHashes(folder: string, file: ModelFile, actual: Partial<ModelHashes>): void {
  for (const hash of ['modelHash', 'recipeHash', 'ioSchemaHash', 'r1csHash'] as const) {
    if (actual[hash] !== undefined && file[hash] !== actual[hash])
      throw new ArtefactError(
        `${folder}: model.json gives ${hash} ${file[hash]}, but model.onnx and recipe.json compile to ${actual[hash]}; run "zkml compile" again`,
      )
  }
}

type SpecJson = Omit<TensorSpec, 'lo'> & { readonly lo: string }
type SchemaJson = Omit<IoSchema, 'inputs' | 'outputs'> & {
  readonly inputs: readonly SpecJson[]
  readonly outputs: readonly SpecJson[]
}

/** JSON form of an io schema: lower bounds are decimal strings. */
export function schemaToJson(schema: IoSchema): SchemaJson {
  const write = (spec: TensorSpec) => ({ ...spec, lo: spec.lo.toString() })
  return { ...schema, inputs: schema.inputs.map(write), outputs: schema.outputs.map(write) }
}

export function schemaFromJson(schema: {
  readonly inputs: readonly unknown[]
  readonly outputs: readonly unknown[]
}): IoSchema {
  const json = schema as SchemaJson
  const read = (spec: SpecJson): TensorSpec => ({ ...spec, lo: BigInt(spec.lo) })
  return { ...json, inputs: json.inputs.map(read), outputs: json.outputs.map(read) }
}
