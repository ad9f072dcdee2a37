// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hexlify, randomBytes, toBeHex, ZeroHash } from 'ethers'
import { SCALAR_FIELD } from '../../../prover/binfile'
import {
  DEV_SETUP_HASH,
  elementCount,
  encodeOutput,
  inputCommitment,
  pack,
  tensorCommitment,
} from '../../../prover/encodings'
import { readKeyMetadata, vkHash } from '../../../prover/groth16'
import {
  artefactPaths,
  compileModel,
  compileReport,
  loadModel,
  readModelFile,
  readVerifyingKey,
  saveModel,
  setupModel,
  type LoadedModel,
} from '../../../prover/pipeline'
import { evaluateProgram, toBigInts } from '../../../prover/quantize'
import { buildBundled, buildFolder, compileBundled } from '../../../scripts/bundle'
import { BUNDLED, modelFolder } from '../../../scripts/bundled'
import { JsonReader } from '../../../scripts/deploy/json'
import { parseRegistration, type ModelRegistration } from '../../../scripts/deploy/registration'
import { quantizeModel, sampleInputs, type ModelOptions } from '../../support/linked-model'
import { floats, type ModelSpec } from '../../support/onnx-builder'

/** A model with circuit and key on disk, ready to be registered and served. */
export type MarketModel = {
  readonly name: string
  readonly folder: string
  readonly registration: ModelRegistration
  readonly loaded: LoadedModel
}

/** A real input of a model, and everything a requester knows of it. */
export type MarketInput = {
  /** Integers q per input tensor. */
  readonly values: readonly Float64Array[]
  /** Of hashed tensors, in order. */
  readonly salts: readonly bigint[]
  readonly commitment: string
  /** What the event hints at: packed words of public tensors; nothing when one is hashed. */
  readonly hint: string
  /** Output words by the integer evaluator, as `RequestFulfilled` has them. */
  readonly output: string
}

/** 569 constraints, proved in a moment, with a verifier of its own. */
export const CANCER = 'breast-cancer'
/** A handful of constraints, for the shared verifier. */
export const TINY = 'tiny'
/** The same with a hashed input. */
export const HASHED = 'tiny-hashed'

export type ModelName = typeof CANCER | typeof TINY | typeof HASHED

const BUILD = join(__dirname, '..', '..', '..', '.zkml', 'faults')
const known = new Map<ModelName, Promise<MarketModel>>()

/** A model by name, built unless an earlier run did. */
export function marketModel(name: ModelName): Promise<MarketModel> {
  const model =
    known.get(name) ??
    (name === CANCER
      ? bundledModel(name)
      : smallModel(name, perceptron([6, 5, 3], 1), {
          inputs: { x: { visibility: name === HASHED ? 'hashed' : 'public' } },
        }))
  known.set(name, model)
  return model
}

async function bundledModel(name: string): Promise<MarketModel> {
  const path = join(modelFolder(name), 'registration.json')
  const registration = parseRegistration(new JsonReader(path, JSON.parse(readFileSync(path, 'utf8'))))
  const bundled = BUNDLED.find((candidate) => candidate.name === name)!
  const folder = buildFolder(name)
  if (!isBuilt(folder, registration)) await buildBundled(bundled, await compileBundled(bundled))
  return { name, folder, registration, loaded: await loadModel(folder) }
}

/** Compiles a model that a test describes, with a key from a public seed. */
export async function smallModel(name: string, spec: ModelSpec, options: ModelOptions = {}): Promise<MarketModel> {
  const folder = join(BUILD, name)
  const { bytes, recipe } = quantizeModel(spec, options)
  const model = await compileModel(bytes, { recipe })
  const paths = artefactPaths(folder)
  if (!isBuilt(folder, model.hashes)) {
    await saveModel(folder, name, model, compileReport(model))
    await setupModel(folder, { dev: true, publicSeed: `zkml/${name}/1` })
  }
  const registration = {
    ...{
      name,
      modelHash: model.hashes.modelHash,
      r1csHash: model.hashes.r1csHash,
      recipeHash: model.hashes.recipeHash,
    },
    ...{ setupHash: DEV_SETUP_HASH, weightsCommitment: 0n, uri: '' },
    verifyingKey: readVerifyingKey(paths),
    ioSchema: model.circuit.schema,
  }
  return { name, folder, registration, loaded: { ...model, file: readModelFile(paths), paths } }
}

/** Whether a folder has a circuit and the key that was made for it. */
function isBuilt(folder: string, wanted: Pick<ModelRegistration, 'r1csHash'> & Partial<ModelRegistration>): boolean {
  const paths = artefactPaths(folder)
  if (![paths.model, paths.keyMetadata, paths.zkey].every((path) => existsSync(path))) return false
  const key = readKeyMetadata(paths.keyMetadata)
  if (readModelFile(paths).r1csHash !== wanted.r1csHash || key.r1csHash !== wanted.r1csHash) return false
  return wanted.verifyingKey === undefined || key.vkHash === vkHash(wanted.verifyingKey)
}

/** A ReLU perceptron with random weights. */
export function perceptron(sizes: readonly number[], seed: number): ModelSpec {
  const layers = sizes.slice(1).map((outputs, i) => ({ inputs: sizes[i]!, outputs, last: i === sizes.length - 2 }))
  return {
    inputs: [{ name: 'x', shape: [1, sizes[0]!] }],
    outputs: [{ name: 'y' }],
    nodes: layers.flatMap(({ last }, i) => [
      {
        ...{ op: 'Gemm', name: `fc${i}`, inputs: [i === 0 ? 'x' : `r${i - 1}`, `w${i}`], attributes: { transB: 1 } },
        outputs: [last ? 'y' : `h${i}`],
      },
      ...(last ? [] : [{ op: 'Relu', name: `relu${i}`, inputs: [`h${i}`], outputs: [`r${i}`] }]),
    ]),
    initializers: Object.fromEntries(
      layers.map(({ inputs, outputs }, i) => [`w${i}`, floats([outputs, inputs], seed + i)]),
    ),
  }
}

/** Random inputs of a model, the same for the same seed; salts are fresh. */
export function marketInputs(model: MarketModel, count: number, seed = 7): MarketInput[] {
  const { quantized, graph } = model.loaded
  const recipes = quantized.inputs.map(({ recipe }) => recipe)
  // The first two are the extremes, which are the same for every seed.
  return sampleInputs(recipes, graph, count + 2, seed)
    .slice(2)
    .map((values) => describeInput(model, values))
}

/** What follows from an input, by the integer evaluator and the encodings. */
export function describeInput({ loaded }: MarketModel, values: readonly Float64Array[]): MarketInput {
  const { quantized, circuit } = loaded
  const { schema } = circuit
  const salts: bigint[] = []
  const signals = schema.inputs.flatMap((spec, i) => {
    const words = pack(Array.from(values[i]!, BigInt), spec)
    if (spec.visibility !== 'hashed') return words
    const salt = BigInt(hexlify(randomBytes(32))) % SCALAR_FIELD
    salts.push(salt)
    return [tensorCommitment(words, salt, { lo: spec.lo, bits: spec.bits, count: elementCount(spec) })]
  })
  const tensors = evaluateProgram(quantized, values)
  const output = schema.outputs.flatMap((spec, i) => pack(toBigInts(tensors[quantized.outputs[i]!.tensor]!), spec))
  const isPublic = schema.inputs.every(({ visibility }) => visibility === 'public')
  return {
    values,
    salts,
    commitment: inputCommitment(schema, signals),
    hint: isPublic ? `0x${signals.map((word) => toBeHex(word, 32).slice(2)).join('')}` : '0x',
    output: encodeOutput(output),
  }
}

/** An input that does not open its commitment. */
export function withWrongCommitment(input: MarketInput): MarketInput {
  return { ...input, commitment: ZeroHash.replace(/0$/, '1') }
}
