// SPDX-License-Identifier: GPL-3.0-or-later
import { toFieldBytes } from '../../prover/binfile'
import {
  GadgetCompiler,
  gadgetsOf,
  linkCircuit,
  planProgram,
  toolVersions,
  type CompiledGadget,
  type Gadget,
  type LinkedCircuit,
} from '../../prover/circuit'
import { compileCircom } from '../../prover/circuit/circom'
import { gadgetProgram } from '../../prover/circuit/gadget-source'
import { bindContext, inputDigit, poseidonLink } from '../../prover/circuit/gadgets'
import { readR1cs, type R1cs } from '../../prover/binfile'
import { parseModel, type Graph } from '../../prover/onnx'
import {
  buildProgram,
  quantizeProgram,
  type InputRecipe,
  type OutputRecipe,
  type Program,
  type QuantizedProgram,
  type Recipe,
} from '../../prover/quantize'
import { initialRecipe } from '../../prover/quantize/initial-recipe'
import { GadgetCalculator } from '../../prover/witness'
import { buildModel, seededRandom, type ModelSpec } from './onnx-builder'

/** Gadgets compiled by this process, shared between test files. */
export const compiler = new GadgetCompiler()

/** A model from ONNX bytes to a linked circuit. */
export type LinkedModel = {
  readonly bytes: Uint8Array
  readonly graph: Graph
  readonly program: Program
  readonly recipe: Recipe
  readonly quantized: QuantizedProgram
  readonly circuit: LinkedCircuit
  readonly compiled: (gadget: Gadget) => CompiledGadget
}

/** How a test quantises a model; bits default to 6, lo to −2^(bits−1), the exponent to bits − 2. */
export type ModelOptions = {
  readonly inputs?: Readonly<Record<string, Partial<InputRecipe>>>
  readonly outputs?: Readonly<Record<string, Partial<OutputRecipe>>>
  /** Float initializers are private weights, quantised like inputs: `inputs` has theirs as well. */
  readonly privateWeights?: boolean
  /** Changes the recipe that calibration would start from. */
  readonly recipe?: (recipe: Recipe) => Recipe
}

/** Builds, quantises, plans, compiles and links a model. */
export async function linkModel(spec: ModelSpec, options: ModelOptions = {}): Promise<LinkedModel> {
  const model = quantizeModel(spec, options)
  const compiled = await compileGadgets(model.quantized)
  const circuit = linkCircuit(model.quantized, planProgram(model.quantized), compiled)
  return { ...model, circuit, compiled }
}

/** The stages of {@link linkModel} before any gadget is compiled. */
export function quantizeModel(spec: ModelSpec, options: ModelOptions = {}) {
  const bytes = buildModel(spec)
  const graph = parseModel(bytes, { privateWeights: options.privateWeights ?? false })
  const program = buildProgram(graph)
  const inputs = [...graph.inputs, ...graph.weights].map(({ name }, i): InputRecipe => {
    const given = options.inputs?.[name] ?? {}
    const bits = given.bits ?? 6
    const visibility = i < graph.inputs.length ? 'public' : 'weights'
    return { name, visibility, bits, lo: -(2 ** (bits - 1)), exponent: bits - 2, ...given }
  })
  const outputs = graph.outputs.map(({ name }): OutputRecipe => ({
    name,
    visibility: 'public',
    ...options.outputs?.[name],
  }))
  const samples = sampleInputs(inputs, graph, 16).map((sample) =>
    sample.map((values, i) => values.map((q) => q * 2 ** -inputs[i]!.exponent)),
  )
  const start = initialRecipe(program, inputs, outputs, toolVersions(), samples)
  const recipe = options.recipe ? options.recipe(start) : start
  return { bytes, graph, program, recipe, quantized: quantizeProgram(program, recipe) }
}

/** Compiles every gadget a program needs. */
export async function compileGadgets(program: QuantizedProgram): Promise<(gadget: Gadget) => CompiledGadget> {
  const gadgets = [bindContext(), poseidonLink(), ...program.inputs.map(({ recipe }) => inputDigit(recipe.bits))]
  for (const plan of planProgram(program)) gadgets.push(...gadgetsOf(plan))
  const compiled = new Map<string, CompiledGadget>()
  for (const gadget of gadgets) {
    const key = gadgetProgram(gadget)
    if (!compiled.has(key)) compiled.set(key, await compiler.compile(gadget))
  }
  return (gadget) => {
    const found = compiled.get(gadgetProgram(gadget))
    if (!found) throw new Error(`gadget ${gadget.template} was not planned`)
    return found
  }
}

/** Integer inputs, and private weights: all lowest, all highest, then random ones. */
export function sampleInputs(
  inputs: readonly InputRecipe[],
  graph: Pick<Graph, 'inputs' | 'weights'>,
  count: number,
  seed = 7,
): Float64Array[][] {
  const random = seededRandom(seed)
  const slots = [...graph.inputs, ...graph.weights]
  return Array.from({ length: count }, (_, s) =>
    inputs.map(({ lo, bits }, i) => {
      const size = slots[i]!.shape.reduce((product, dimension) => product * dimension, 1)
      const span = 2 ** bits
      const pick = () => (s === 0 ? 0 : s === 1 ? span - 1 : Math.floor(random() * span))
      return Float64Array.from({ length: size }, () => lo + pick())
    }),
  )
}

/** A Circom program compiled whole, with a witness calculator for all of its wires. */
export type Monolith = {
  readonly r1cs: R1cs
  readonly bytes: Uint8Array
  /** Values of all wires; throws WitnessError when there is no witness. */
  readonly witness: (inputs: Readonly<Record<string, readonly bigint[]>>) => Uint8Array
}

/** Compiles a whole program at O1 and loads its WASM. */
export async function compileMonolith(
  source: string,
  inputs: readonly (readonly [name: string, size: number])[],
): Promise<Monolith> {
  const { r1cs: bytes, wasm } = await compileCircom(source)
  const r1cs = readR1cs(bytes)
  const gadget: Gadget = {
    template: 'Model',
    file: '',
    parameters: [],
    inputs: inputs.map(([name, size]) => ({ name, size })),
    outputs: [],
    requires: [],
    guarantees: [],
    rows: r1cs.nConstraints,
    digits: 0,
  }
  // With no outputs and inputs of its own to skip, the calculator hands out every wire.
  const calculator = await GadgetCalculator.create({ gadget, r1cs, wasm, outputCount: 0, inputCount: 0 })
  return {
    r1cs,
    bytes,
    witness: (values) => {
      const words = new Uint32Array(r1cs.nWires * 8)
      calculator.run(
        inputs.flatMap(([name]) => values[name]!),
        words,
        1,
      )
      const all = new Uint8Array(words.buffer)
      toFieldBytes(1n, all, 0)
      return all
    },
  }
}
