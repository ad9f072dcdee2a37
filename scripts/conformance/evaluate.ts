// SPDX-License-Identifier: GPL-3.0-or-later

import { priceProgram, toolVersions } from '../../prover/circuit'
import { parseModel, OnnxIntegerRangeError, ZkmlError, type Graph, type ValueInfo } from '../../prover/onnx'
import {
  buildProgram,
  calibrate,
  inputRecipe,
  quantizedOutputs,
  quantizeProgram,
  SampleError,
  sizeOf,
  type InputRecipe,
  type Program,
  type QuantizedProgram,
  type Sample,
} from '../../prover/quantize'
import type { Case, CaseTensor } from './archive'
import { compareOutput } from './compare'

/** How a case ended. Only `pass` and `unsupported` are in order: the others are defects. */
export type Status = 'pass' | 'unsupported' | 'wrong' | 'crash' | 'slow'

export type Verdict = {
  readonly status: Status
  /** Code of the error that said so, when the case is unsupported. */
  readonly code?: string
  /** One sentence; none for `pass`. */
  readonly reason?: string
}

/** The integer model and the sample a case passed with. */
export type Passed = { readonly quantized: QuantizedProgram; readonly sample: Sample }

type Outcome = { readonly verdict: Verdict; readonly passed?: Passed }

/** Milliseconds of the processor that a case may take: how busy the machine is makes no difference. */
export const PATIENCE = 20_000

/**
 * Mean errors, as shares of the output's range, that calibration is asked for, until one gives outputs within the
 * tolerance, which is of the largest error. The last one asks for all the bits there are.
 */
const MEAN_ERRORS = [2e-3, 2e-4, 0]

/** Milliseconds that this process has had of the processor. */
function worked(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Thrown from within calibration when a case takes too long. */
class SlowCaseError extends Error {}

/**
 * Takes a case from ONNX to the integer model's outputs and compares these with the case's.
 *
 * @param patience Milliseconds of the processor after which the case is `slow`.
 */
export function runCase(testCase: Case, patience: number): Outcome {
  const deadline = worked() + patience
  const outcome = attempt(testCase, deadline)
  return worked() > deadline ? { verdict: verdictOf(new SlowCaseError()) } : outcome
}

function attempt(testCase: Case, deadline: number): Outcome {
  try {
    return evaluate(testCase, deadline)
  } catch (error) {
    return { verdict: verdictOf(error) }
  }
}

/** What an error means for a case. */
export function verdictOf(error: unknown): Verdict {
  if (error instanceof ZkmlError) return { status: 'unsupported', code: error.code, reason: error.message }
  if (error instanceof SlowCaseError) return { status: 'slow', reason: 'it takes too long' }
  return { status: 'crash', reason: error instanceof Error ? String(error.stack) : String(error) }
}

function evaluate(testCase: Case, deadline: number): Outcome {
  const graph = parseModel(testCase.model)
  const sample = sampleOf(testCase, graph)
  const reference = graph.outputs.map(({ name }) => named(testCase.outputs, name))
  const program = buildProgram(graph)
  const inputs = graph.inputs.map((info, i) => inputOf(info, sample[i]!))
  let reason: string | undefined
  for (const maxMeanError of MEAN_ERRORS) {
    const quantized = calibrated({ program, inputs, sample, reference, maxMeanError, deadline })
    const outputs = quantizedOutputs(quantized, sample)
    reason = graph.outputs.map((info, i) => difference(testCase, info, reference[i]!, outputs[i]!)).find(Boolean)
    if (reason === undefined) return { verdict: { status: 'pass' }, passed: { quantized, sample } }
  }
  return { verdict: { status: 'wrong', reason: reason! } }
}

function calibrated(request: {
  readonly program: Program
  readonly inputs: readonly InputRecipe[]
  readonly sample: Sample
  readonly reference: readonly CaseTensor[]
  readonly maxMeanError: number
  readonly deadline: number
}): QuantizedProgram {
  const { program, inputs, sample, reference, maxMeanError, deadline } = request
  const { recipe } = calibrate({
    program,
    inputs,
    outputs: reference.map(({ name }) => ({ name, visibility: 'public' })),
    tools: toolVersions(),
    samples: [sample],
    reference: [reference.map(({ data }) => data)],
    costModel: priceProgram,
    target: { maxFlips: 0, maxMeanError },
    onProgress: () => {
      if (worked() > deadline) throw new SlowCaseError()
    },
  })
  return quantizeProgram(program, recipe)
}

/** The case's inputs in the order of the graph, refused as the command line would refuse them. */
function sampleOf(testCase: Case, graph: Graph): Sample {
  return graph.inputs.map((info) => {
    const { data, exact } = named(testCase.inputs, info.name)
    if (data.length !== sizeOf(info.shape))
      throw new SampleError(
        `input "${info.name}" [${info.shape.join(', ')}] takes ${sizeOf(info.shape)} values, not ${data.length}`,
      )
    if (!exact) {
      const value = data.find((candidate) => !Number.isSafeInteger(candidate))
      throw new OnnxIntegerRangeError(`input "${info.name}"`, value ?? NaN, '±2^53')
    }
    return data
  })
}

/**
 * The range of a whole-number input that is 0 throughout cannot be seen from it, and that of real numbers ends below the
 * next power of two: one that is such a power, and may be rounded by the operator, gets room above it.
 */
function inputOf({ name, kind }: ValueInfo, values: Float64Array): InputRecipe {
  const unseen = kind === 'bool' || (kind === 'int' && values.every((value) => value === 0))
  if (unseen) return inputRecipe(name, [values], { range: [0, 1] })
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  const isAtEnd =
    kind === 'float' && !values.every(Number.isInteger) && values.includes(most) && Number.isInteger(Math.log2(most))
  return inputRecipe(name, [values], isAtEnd ? { range: [-2 * most, 2 * most] } : {})
}

function difference(testCase: Case, info: ValueInfo, expected: CaseTensor, actual: Float64Array): string | undefined {
  if (info.shape.join() !== expected.shape.join())
    return `output "${info.name}" has the shape [${info.shape.join(', ')}], not [${expected.shape.join(', ')}]`
  return compareOutput(testCase, expected, actual)
}

function named(tensors: readonly CaseTensor[], name: string): CaseTensor {
  const found = tensors.find((tensor) => tensor.name === name)
  if (found === undefined) throw new Error(`the case has no tensor "${name}"`)
  return found
}
