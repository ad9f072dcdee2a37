// SPDX-License-Identifier: GPL-3.0-or-later

import type { Visibility } from '../encodings'
import type { Graph } from '../onnx'
import type { CompileOptions } from '../pipeline'
import type { AccuracyTarget, InputOptions, OutputRecipe } from '../quantize'
import { UsageError } from './errors'
import { readInputFile, readInputText } from './files'
import {
  parseAssignments,
  parseChoice,
  parseInteger,
  parseNamed,
  parseRange,
  parseShare,
  type Assignments,
} from './options'

/** Options of `zkml compile` as they are written. */
export type CompileFlags = {
  readonly samples?: string
  readonly recipe?: string
  readonly input?: readonly string[]
  readonly output?: readonly string[]
  readonly inputRange?: readonly string[]
  readonly inputBits?: readonly string[]
  readonly maxFlips?: string
  readonly maxError?: string
  readonly weights?: string
  readonly out?: string
  readonly name?: string
}

const MAX_INPUT_BITS = 40

/** Reads and parses the model: names and shapes are needed before the options make sense. */
export async function inspectModel(path: string, flags: CompileFlags): Promise<{ onnx: Uint8Array; graph: Graph }> {
  const onnx = readInputFile(path, 'the model')
  const { parseModel } = await import('../onnx')
  return { onnx, graph: parseModel(onnx, { privateWeights: flags.weights === 'private' }) }
}

/** Turns the options into what `compileModel` takes. */
export async function compileRequest(
  graph: Graph,
  flags: CompileFlags,
): Promise<CompileOptions & { target?: AccuracyTarget }> {
  const weights = readWeights(flags.weights)
  checkRecipeOptions(flags)
  const { parseRecipe, parseSamples } = await import('../quantize')
  const target = await accuracyTarget(flags)
  const common = {
    ...(flags.samples !== undefined && {
      samples: parseSamples(readInputText(flags.samples, 'the samples file'), graph, flags.samples),
    }),
    ...(target && { target }),
    ...(weights && { weights }),
  }
  if (flags.recipe !== undefined) return { ...common, recipe: parseRecipe(readInputText(flags.recipe, 'the recipe')) }
  return { ...common, inputs: inputOptions(graph, flags), outputs: outputOptions(graph, flags) }
}

function readWeights(weights: string | undefined): 'fixed' | 'private' | undefined {
  return weights === undefined ? undefined : parseChoice('--weights', ['fixed', 'private'] as const)(weights)
}

/** A recipe holds every choice these options would make. */
function checkRecipeOptions(flags: CompileFlags): void {
  if (flags.recipe === undefined) return
  const decided = {
    '--input': flags.input,
    '--output': flags.output,
    '--input-range': flags.inputRange,
    '--input-bits': flags.inputBits,
    '--weights': flags.weights,
  }
  const [given] = Object.entries(decided).find(([, value]) => value !== undefined) ?? []
  if (given !== undefined)
    throw new UsageError(`${given} cannot be combined with --recipe, which already decides it; leave one of them out`)
  const target = flags.maxFlips !== undefined ? '--max-flips' : flags.maxError !== undefined ? '--max-error' : undefined
  if (target !== undefined && flags.samples === undefined)
    throw new UsageError(`${target} with --recipe needs --samples to be measured on; add it or leave ${target} out`)
}

async function accuracyTarget({ maxFlips, maxError }: CompileFlags): Promise<AccuracyTarget | undefined> {
  if (maxFlips === undefined && maxError === undefined) return undefined
  const { DEFAULT_TARGET } = await import('../quantize')
  return {
    maxFlips: maxFlips === undefined ? DEFAULT_TARGET.maxFlips : parseShare('--max-flips', maxFlips),
    maxMeanError: maxError === undefined ? DEFAULT_TARGET.maxMeanError : parseShare('--max-error', maxError),
  }
}

function inputOptions(graph: Graph, flags: CompileFlags): Record<string, InputOptions> {
  const names = graph.inputs.map((info) => info.name)
  const parseVisibility = parseChoice<Visibility>('--input', ['public', 'hashed', 'private'])
  const visibilities = parseAssignments('--input', flags.input ?? [], parseVisibility)
  const ranges = parseNamed('--input-range', 'name=lo,hi', flags.inputRange ?? [], parseRange('--input-range'))
  const parseBits = parseInteger('--input-bits', 1, MAX_INPUT_BITS)
  const bits = parseNamed('--input-bits', 'name=bits', flags.inputBits ?? [], parseBits)
  const weights = graph.weights.map((info) => info.name)
  checkNames('input', names, [...visibilities.named.keys()])
  checkNames('input', [...names, ...weights], [...ranges.keys(), ...bits.keys()])
  return byName([...names, ...weights], (name) => {
    const [visibility, range, width] = [valueFor(visibilities, name), ranges.get(name), bits.get(name)]
    return { ...(visibility && { visibility }), ...(range && { range }), ...(width !== undefined && { bits: width }) }
  })
}

function outputOptions(graph: Graph, flags: CompileFlags): Record<string, OutputRecipe['visibility']> {
  const names = graph.outputs.map((info) => info.name)
  const parseVisibility = parseChoice<OutputRecipe['visibility']>('--output', ['public', 'hashed'])
  const visibilities = parseAssignments('--output', flags.output ?? [], parseVisibility)
  checkNames('output', names, [...visibilities.named.keys()])
  return byName(names, (name) => valueFor(visibilities, name) ?? 'public')
}

function checkNames(kind: 'input' | 'output', known: readonly string[], given: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new UsageError(
      `the model has no ${kind} "${unknown}"; its ${kind}s are ${known.map((name) => `"${name}"`).join(', ')}`,
    )
}

function valueFor<T>({ all, named }: Assignments<T>, name: string): T | undefined {
  return named.get(name) ?? all
}

/** Tensor names are data: none of them may reach an object's prototype. */
function byName<T>(names: readonly string[], value: (name: string) => T): Record<string, T> {
  return Object.assign(
    Object.create(null) as Record<string, T>,
    Object.fromEntries(names.map((name) => [name, value(name)])),
  )
}
