// SPDX-License-Identifier: GPL-3.0-or-later

import {
  argmax,
  compareOutputs,
  outputShapes,
  DEFAULT_TARGET,
  meetsTarget,
  quantizedOutputs,
  quantizeInput,
  ReferenceModel,
  toBigInts,
  type Accuracy,
  type AccuracyTarget,
  type Sample,
  type SampleSet,
} from '../quantize'
import { firstUnsatisfiedRow, WitnessGenerator } from '../witness'
import type { CompiledModel } from './compile'
import { requireWeights, withIntegerWeights, withWeights } from './private-weights'
import { staged, type Progress } from './progress'
import type { MeasuredAccuracy } from './report'

/** A run without a proof: does the circuit hold, and how far is it from the float model? */
export type CheckResult = {
  readonly satisfied: boolean
  readonly output: readonly (readonly number[])[]
  readonly reference: readonly (readonly number[])[]
  readonly maxAbsError: number
  readonly meanAbsError: number
  readonly argmaxAgrees: boolean
  readonly witnessMilliseconds: number
}

/**
 * Runs one input through the circuit, checks every constraint, and compares with onnxruntime.
 *
 * @throws InputRangeError when a value is outside the range the circuit accepts.
 */
export async function checkInput(model: CompiledModel, sample: Sample, progress?: Progress): Promise<CheckResult> {
  requireWeights(model)
  const { circuit, quantized, graph, onnx } = model
  const generator = await WitnessGenerator.create(circuit)
  const inputs = sample.map((values, i) => quantizeInput(quantized.inputs[i]!.recipe, values))
  const start = performance.now()
  const witness = await staged(progress, 'witness', () =>
    generator.generate({ ...withIntegerWeights(model, inputs), context: 0n }),
  )
  const witnessMilliseconds = Math.round(performance.now() - start)
  const broken = await staged(progress, 'constraints', () => firstUnsatisfiedRow(circuit.r1cs, witness.values))
  const output = quantized.outputs.map(({ tensor }) =>
    Float64Array.from(
      toBigInts(witness.tensors[tensor]!),
      (q) => Number(q) * 2 ** -quantized.tensors[tensor]!.exponent,
    ),
  )
  const runtime = await ReferenceModel.load(graph, onnx)
  try {
    const reference = await staged(progress, 'reference', () => runtime.run(sample))
    const accuracy = compareOutputs([output], [reference], outputShapes(quantized))
    return {
      satisfied: broken === undefined,
      output: output.map((values) => Array.from(values)),
      reference: reference.map((values) => Array.from(values)),
      maxAbsError: accuracy.maxAbsError,
      meanAbsError: accuracy.meanAbsError,
      argmaxAgrees: accuracy.flips === 0,
      witnessMilliseconds,
    }
  } finally {
    await runtime.close()
  }
}

/** The integer model against the float one, and both against labels, over many samples. */
export type SamplesCheck = Accuracy & {
  readonly quantizedAccuracy: number | null
  readonly floatAccuracy: number | null
  /** confusion[label][predicted], of the integer model; null when labels are no classes. */
  readonly confusion: readonly (readonly number[])[] | null
  /** The sample with the largest error, and that error. */
  readonly worst: { readonly sample: number; readonly maxAbsError: number }
}

export async function checkSamples(model: CompiledModel, set: SampleSet, progress?: Progress): Promise<SamplesCheck> {
  requireWeights(model)
  const { quantized, graph, onnx } = model
  const { samples, labels } = set
  const runtime = await ReferenceModel.load(graph, onnx)
  try {
    const reference = await runtime.runAll(samples, (done) => progress?.('reference', done / samples.length))
    const outputs = samples.map((sample, i) => {
      progress?.('evaluate', (i + 1) / samples.length)
      return quantizedOutputs(quantized, withWeights(model, sample))
    })
    const errors = outputs.map((output, i) => compareOutputs([output], [reference[i]!]).maxAbsError)
    const worst = argmax(errors)
    return {
      ...compareOutputs(outputs, reference, outputShapes(quantized)),
      quantizedAccuracy: labels ? accuracyOf(outputs, labels) : null,
      floatAccuracy: labels ? accuracyOf(reference, labels) : null,
      confusion: labels ? confusionOf(outputs, labels) : null,
      worst: { sample: worst, maxAbsError: errors[worst]! },
    }
  } finally {
    await runtime.close()
  }
}

/** How a model that was compiled by a given recipe does on samples. */
export async function measureAccuracy(
  model: CompiledModel,
  set: SampleSet,
  target: AccuracyTarget = DEFAULT_TARGET,
  progress?: Progress,
): Promise<MeasuredAccuracy> {
  const { samples, flips, argmaxAgreement, meanAbsError, maxAbsError, meanErrorOfRange, relativeError } =
    await checkSamples(model, { samples: set.samples }, progress)
  const accuracy = { samples, flips, argmaxAgreement, meanAbsError, maxAbsError, meanErrorOfRange, relativeError }
  return { ...accuracy, meetsTarget: meetsTarget(accuracy, target) }
}

const MAX_CLASSES = 1000

/** The class a model names: its largest score, or its single output rounded. */
function predicted(output: Sample): number {
  const [first] = output
  return first!.length > 1 ? argmax(first!) : Math.round(first![0]!)
}

function accuracyOf(outputs: readonly Sample[], labels: readonly number[]): number {
  return outputs.filter((output, i) => predicted(output) === labels[i]).length / labels.length
}

/** Numbers that are not the classes of a classifier have no confusion matrix. */
function confusionOf(outputs: readonly Sample[], labels: readonly number[]): number[][] | null {
  const seen = [...labels, ...outputs.map(predicted)]
  if (seen.some((value) => value < 0 || value >= MAX_CLASSES)) return null
  const classes = 1 + seen.reduce((most, value) => Math.max(most, value), 0)
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  outputs.forEach((output, i) => confusion[labels[i]!]![predicted(output)]!++)
  return confusion
}
