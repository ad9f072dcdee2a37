// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash } from 'node:crypto'
import { r1csChunks } from '../binfile'
import { assembleCircuit, GadgetCompiler, priceProgram, toolVersions, type LinkedCircuit } from '../circuit'
import { circuitHash, DEV_SETUP_HASH, ioSchemaHash, recipeHash, SHARED_VERIFIER } from '../encodings'
import { architectureOf, integerRange, parseModel, readWeights, type Graph } from '../onnx'
import {
  buildProgram,
  calibrate,
  inputRecipe,
  InputOptionError,
  multiplications,
  quantizeProgram,
  randomSamples,
  RecipeError,
  ReferenceModel,
  realRange,
  sizeOf,
  weightRecipe,
  type AccuracyTarget,
  type Calibration,
  type InputOptions,
  type OutputRecipe,
  type Program,
  type QuantizedProgram,
  type Recipe,
  type SampleSet,
} from '../quantize'
import { staged, type Progress } from './progress'
import { commitWeights, hasPrivateWeights, type PrivateWeights } from './private-weights'

/** How a model is to be compiled: with a recipe as it stands, or with what calibration needs to make one. */
export type CompileOptions = {
  readonly recipe?: Recipe
  readonly samples?: SampleSet
  /** By input name; of a tensor of private weights the range and the bits. */
  readonly inputs?: Readonly<Record<string, InputOptions>>
  /** By output name. */
  readonly outputs?: Readonly<Record<string, OutputRecipe['visibility']>>
  readonly target?: AccuracyTarget
  /** `private`: weights are committed to rather than part of the circuit. A recipe decides it otherwise. */
  readonly weights?: 'fixed' | 'private'
  /** Salt of the commitment to private weights; a fresh field element when absent. */
  readonly weightsSalt?: bigint
  /** The commitment itself, of an architecture whose weights are not at hand: no proof can be made then. */
  readonly weightsCommitment?: bigint
  readonly progress?: Progress
  readonly compiler?: GadgetCompiler
}

/** Hashes that make up a model's identity; docs/encodings.md. */
export type ModelHashes = {
  readonly modelHash: string
  readonly r1csHash: string
  readonly ioSchemaHash: string
  readonly recipeHash: string
  /** With a one-party setup and the shared verifier; a ceremony or a generated verifier gives another. */
  readonly circuitHash: string
}

/** A model compiled in memory. */
export type CompiledModel = {
  readonly onnx: Uint8Array
  readonly graph: Graph
  readonly program: Program
  readonly recipe: Recipe
  readonly quantized: QuantizedProgram
  readonly circuit: LinkedCircuit
  readonly hashes: ModelHashes
  /** Present when weights are private. */
  readonly weights?: PrivateWeights
  /** Present when the recipe was made in this run. */
  readonly calibration?: Calibration
}

/** Samples that calibration is limited to: enough to see a flip in 500, few enough to search quickly. */
const CALIBRATION_SAMPLES = 500
const RANDOM_SAMPLES = 200
/** Large models are searched on fewer: this many multiplications a trial, but no fewer samples than a flip needs to show. */
const CALIBRATION_WORK = 2e8
const LEAST_SAMPLES = 20

/**
 * Compiles an ONNX model to a circuit. With a recipe the result is a function of model and recipe alone, byte for byte.
 *
 * @example
 * ```ts
 * const model = await compileModel(readFileSync('model.onnx'), { samples })
 * console.log(model.circuit.r1cs.nConstraints)
 * ```
 */
export async function compileModel(onnx: Uint8Array, options: CompileOptions = {}): Promise<CompiledModel> {
  const { progress } = options
  const privateWeights = options.recipe ? hasPrivateWeights(options.recipe) : options.weights === 'private'
  const graph = await staged(progress, 'parse', () => parseModel(onnx, { privateWeights }))
  if (privateWeights && graph.weights.length === 0)
    throw new InputOptionError('the model has no weights to hide; leave out --weights private')
  const program = await staged(progress, 'fold', () => buildProgram(graph))
  const calibration = options.recipe ? undefined : await makeRecipe(onnx, graph, program, options)
  const recipe = options.recipe ?? calibration!.recipe
  const quantized = await staged(progress, 'quantise', () => quantize(graph, program, recipe))
  const circuit = await assembleCircuit(quantized, options.compiler ?? new GadgetCompiler(), (stage, done, total) =>
    progress?.(stage, done / total, stage === 'gadgets' ? `${done}/${total}` : undefined),
  )
  const weights =
    privateWeights && options.weightsCommitment === undefined
      ? commitWeights(onnx, graph, quantized, options.weightsSalt)
      : undefined
  const commitment = options.weightsCommitment ?? weights?.commitment ?? 0n
  const hashes = await staged(progress, 'hash', () => hashModel(onnx, recipe, circuit, commitment))
  return {
    onnx,
    graph,
    program,
    recipe,
    quantized,
    circuit,
    hashes,
    ...(weights && { weights }),
    ...(calibration && { calibration }),
  }
}

/**
 * The integer model of an ONNX file and its recipe: all that running it takes. No circuit is assembled.
 *
 * @throws RecipeError when the recipe is not of this model, or the errors of reading a model.
 */
export function quantizeModel(onnx: Uint8Array, recipe: Recipe): QuantizedProgram {
  const graph = parseModel(onnx, { privateWeights: hasPrivateWeights(recipe) })
  return quantize(graph, buildProgram(graph), recipe)
}

function quantize(graph: Graph, program: Program, recipe: Recipe): QuantizedProgram {
  checkRecipe(recipe, graph, program)
  return quantizeProgram(program, recipe)
}

async function makeRecipe(
  onnx: Uint8Array,
  graph: Graph,
  program: Program,
  options: CompileOptions,
): Promise<Calibration> {
  const { progress } = options
  checkNames(
    'input',
    Object.keys(options.inputs ?? {}),
    [...graph.inputs, ...graph.weights].map((info) => info.name),
  )
  checkNames(
    'output',
    Object.keys(options.outputs ?? {}),
    graph.outputs.map((info) => info.name),
  )
  const affordable = Math.max(LEAST_SAMPLES, Math.floor(CALIBRATION_WORK / multiplications(program)))
  const given = options.samples?.samples.slice(0, Math.min(CALIBRATION_SAMPLES, affordable)) ?? []
  const inputs = graph.inputs.map((info, i) =>
    inputRecipe(
      info.name,
      given.map((sample) => sample[i]!),
      { ...options.inputs?.[info.name], whole: integerRange(info.elementType) },
    ),
  )
  const sizes = graph.inputs.map((info) => sizeOf(info.shape))
  const drawn =
    given.length > 0 ? [] : randomSamples(inputs.map(realRange), sizes, Math.min(RANDOM_SAMPLES, affordable))
  const samples = [
    ...given,
    ...drawn.map((sample) => sample.map((x, i) => (graph.inputs[i]!.kind === 'float' ? x : x.map(Math.floor)))),
  ]
  // The search sees private weights as inputs that are the same in every sample.
  const weights = readWeights(onnx, graph.weights)
  const weightRecipes = graph.weights.map(({ name }, i) =>
    weightRecipe(name, weights[i]!, options.inputs?.[name] ?? {}),
  )
  const reference = await ReferenceModel.load(graph, onnx)
  try {
    const expected = await reference.runAll(samples, (done) => progress?.('reference', done / samples.length))
    return calibrate({
      program,
      inputs: [...inputs, ...weightRecipes],
      outputs: graph.outputs.map(({ name }) => ({ name, visibility: options.outputs?.[name] ?? 'public' })),
      tools: toolVersions(),
      samples: samples.map((sample) => [...sample, ...weights]),
      reference: expected,
      costModel: priceProgram,
      ...(options.target && { target: options.target }),
      onProgress: (message, fraction) => progress?.('calibrate', fraction, message),
    })
  } finally {
    await reference.close()
  }
}

function checkNames(kind: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new InputOptionError(`the model has no ${kind} "${unknown}"; its ${kind}s are ${known.join(', ')}`)
}

/** A recipe must name exactly this model's tensors and steps, and be made for the installed tools. */
function checkRecipe(recipe: Recipe, graph: Graph, program: Program): void {
  const installed = toolVersions()
  for (const tool of ['circom2', 'circomlib'] as const) {
    if (recipe.tools[tool] !== installed[tool])
      throw new RecipeError(
        `the recipe was made with ${tool} ${recipe.tools[tool]}, but ${installed[tool]} is installed; install that version or calibrate again with --samples`,
      )
  }
  const same = (given: readonly { name: string }[], known: readonly { name: string }[]) =>
    given.length === known.length && given.every(({ name }, i) => name === known[i]!.name)
  if (!same(recipe.inputs, [...graph.inputs, ...graph.weights]) || !same(recipe.outputs, graph.outputs))
    throw new RecipeError('the recipe names other inputs or outputs than the model; it was made for another model')
  // Public signals are laid out by this: inputs first, and weights are none of them.
  if (recipe.inputs.some(({ visibility }, i) => (visibility === 'weights') !== i >= graph.inputs.length))
    throw new RecipeError('exactly the tensors of weights must have the visibility "weights"; calibrate again')
  // Operators on integers and bools take them for such: of a fraction they would make what no integer gives.
  graph.inputs.forEach(({ name, elementType }, i) => {
    const holds = integerRange(elementType)
    if (holds === undefined) return
    const { lo, bits, exponent } = recipe.inputs[i]!
    if (exponent !== 0)
      throw new RecipeError(`input "${name}" takes whole numbers, so its exponent in the recipe must be 0`)
    const last = lo + 2 ** bits - 1
    if (lo < holds.min || last > holds.max)
      throw new RecipeError(
        `input "${name}" is ${elementType}, from ${holds.min} to ${holds.max}, but the recipe takes ${lo} to ${last}; change its lo and bits`,
      )
  })
  const unknown = Object.keys(recipe.steps).find((name) => !program.steps.some((step) => step.name === name))
  if (unknown !== undefined)
    throw new RecipeError(`the recipe has a step "${unknown}" that the model lacks; it was made for another model`)
}

function hashModel(onnx: Uint8Array, recipe: Recipe, circuit: LinkedCircuit, weightsCommitment: bigint): ModelHashes {
  const r1cs = createHash('sha256')
  for (const chunk of r1csChunks(circuit.r1cs)) r1cs.update(chunk)
  const parts = {
    r1csHash: `0x${r1cs.digest('hex')}`,
    ioSchemaHash: ioSchemaHash(circuit.schema),
    recipeHash: recipeHash(recipe),
  }
  return {
    modelHash: hashOnnx(hasPrivateWeights(recipe) ? architectureOf(onnx) : onnx),
    ...parts,
    circuitHash: compiledCircuitHash(parts, weightsCommitment),
  }
}

/** The model hash: SHA-256 of the ONNX file, or of its architecture when weights are private. */
export function hashOnnx(onnx: Uint8Array): string {
  return `0x${createHash('sha256').update(onnx).digest('hex')}`
}

/** The circuit hash of a model with a one-party setup and the shared verifier; fixed weights have the commitment 0. */
export function compiledCircuitHash(
  parts: Pick<ModelHashes, 'r1csHash' | 'ioSchemaHash' | 'recipeHash'>,
  weightsCommitment = 0n,
): string {
  const { r1csHash, ioSchemaHash, recipeHash } = parts
  return circuitHash({
    r1csHash,
    ioSchemaHash,
    recipeHash,
    setupHash: DEV_SETUP_HASH,
    weightsCommitment,
    verifierCodeHash: SHARED_VERIFIER,
  })
}
