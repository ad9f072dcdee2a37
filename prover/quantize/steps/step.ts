// SPDX-License-Identifier: GPL-3.0-or-later

import type { Ranges } from '../ranges'
import type { StepRecipe } from '../recipe'

/** The ONNX node a step comes from, for reports and messages. */
export type Origin = { readonly node: string; readonly op: string }

/** What every step has. */
export type StepBase = {
  /** Unique; the node's name, with a suffix where a node takes several steps. Recipes refer to it. */
  readonly name: string
  readonly origin: Origin
  readonly output: number
}

/** A flat tensor of a program; `id` is its position in `Program.tensors`. */
export type ProgramTensor = {
  readonly id: number
  readonly name: string
  readonly shape: readonly number[]
  readonly size: number
}

/** A tensor of integers q with real value ≈ q · 2^-exponent and a proven interval for every element. */
export type QuantizedTensor = ProgramTensor & { readonly exponent: number; readonly ranges: Ranges }

/** Lists of elements of one tensor, as compressed rows. */
export type Groups = { readonly start: Uint32Array; readonly column: Uint32Array }

/** Integers of one tensor: doubles where its proven interval is below 2^52, otherwise bigints. */
export type IntegerValues = Float64Array | readonly bigint[]

/** What quantising a step may look at, and where it puts its results. */
export type QuantizeContext = {
  /** Subject of an error sentence. */
  readonly where: string
  readonly recipe: StepRecipe
  /** Recipe of another step, by name. */
  readonly recipeOf: (name: string) => StepRecipe | undefined
  /** A tensor that an earlier step made. */
  readonly tensor: (id: number) => QuantizedTensor
  readonly sizeOf: (id: number) => number
  readonly define: (id: number, exponent: number, ranges: Ranges) => void
}

/** Where calibration starts with a step: what is known of the tensors so far. */
export type InitialContext = {
  readonly exponentOf: (tensor: number) => number
  readonly setExponent: (tensor: number, exponent: number) => void
  /** Recipe of an earlier step. */
  readonly recipeOf: (name: string) => StepRecipe | undefined
  /** Smallest and largest value of a tensor over the samples. */
  readonly seen: (tensor: number) => { readonly lo: number; readonly hi: number }
}

/** Values of the tensors computed so far, and the way to add one. */
export type EvaluateContext = {
  readonly values: readonly IntegerValues[]
  /** Whether doubles hold every value that a tensor can have. */
  readonly isExact: (tensor: number) => boolean
  /** Keeps a result as doubles where its proven interval allows it. */
  readonly store: (tensor: number, result: readonly bigint[]) => void
  /** Keeps a result that is exact in doubles. */
  readonly storeDoubles: (tensor: number, result: Float64Array) => void
}

/** All that a kind of step means: over the reals, when it is quantised, and over the integers. */
export type StepKind<S, Q> = {
  /** The tensors a step reads. */
  readonly sources: (step: S) => readonly number[]
  /** The tensors it writes. */
  readonly outputs: (step: S) => readonly number[]
  /** Calls `read` for every reading of an element: those read more than once may get a wire. */
  readonly reads: (step: Q, sizeOf: (tensor: number) => number, read: (tensor: number, element: number) => void) => void
  /** Runs the step in doubles. Nothing that reaches a circuit depends on it except through the recipe. */
  readonly evaluateFloat: (step: S, values: Float64Array[]) => void
  /** The recipe that calibration starts with; sets the exponents of the outputs. */
  readonly initial: (step: S, context: InitialContext) => StepRecipe
  /** Rounds the step to integers and proves an interval for every element it makes. */
  readonly quantize: (step: S, context: QuantizeContext) => Q
  /** Runs the step on integers: what the circuit equals bit for bit. */
  readonly evaluate: (step: Q, context: EvaluateContext) => void
}

type Reads<S> = Pick<StepKind<S, S>, 'sources' | 'outputs' | 'reads'>

/** What kinds have in common whose steps read every element of one tensor. */
export const ofTensor: Reads<{ readonly source: number; readonly output: number }> = {
  sources: ({ source }) => [source],
  outputs: ({ output }) => [output],
  reads({ source }, sizeOf, read) {
    for (let i = 0; i < sizeOf(source); i++) read(source, i)
  },
}

/** A step that combines elements of two tensors: y_i is made of a[indexA_i] and b[indexB_i]. */
export type PairStep = StepBase & {
  readonly a: number
  readonly b: number
  readonly indexA: Int32Array
  readonly indexB: Int32Array
}

/** What their kinds have in common. */
export const ofPairs: Reads<PairStep> = {
  sources: ({ a, b }) => [a, b],
  outputs: ({ output }) => [output],
  reads({ a, b, indexA, indexB }, _, read) {
    indexA.forEach((i) => read(a, i))
    indexB.forEach((i) => read(b, i))
  },
}

/** The start of kinds whose results are whole numbers: nothing to choose. */
export const toWholeNumbers = {
  initial({ output }: { readonly output: number }, { setExponent }: InitialContext): StepRecipe {
    setExponent(output, 0)
    return {}
  },
}

/** Values as bigints, whatever form they have. */
export function toBigInts(values: IntegerValues): readonly bigint[] {
  return values instanceof Float64Array ? Array.from(values, BigInt) : values
}

/** Groups are asked for again with every recipe that calibration tries. */
const known = new WeakMap<Groups, readonly (readonly number[])[]>()

/** The elements of each group, as lists. */
export function groupRows(groups: Groups): readonly (readonly number[])[] {
  const rows =
    known.get(groups) ??
    Array.from({ length: groups.start.length - 1 }, (_, row) =>
      Array.from(groups.column.subarray(groups.start[row], groups.start[row + 1])),
    )
  known.set(groups, rows)
  return rows
}
