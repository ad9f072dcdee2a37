// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { auditCircuit } from '../../prover/circuit'
import { pack } from '../../prover/encodings'
import { checkSamples, type CompiledModel, type SamplesCheck } from '../../prover/pipeline'
import { evaluateProgram, parseSamples, quantizeInput, toBigInts, type SampleSet } from '../../prover/quantize'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import { compileBundled } from '../bundle'
import { BUNDLED } from '../bundled'
import { atMost, isTrue, median, type Figure } from './figures'

/** Samples whose whole witness is compared with the integer evaluator, per model. */
const WITNESSES = 20

/** Accuracy, agreement of circuit and evaluator, audit and witness time of the bundled models. */
export async function circuitFigures(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const bundled of BUNDLED) {
    const { name } = bundled
    const model = await compileBundled(bundled)
    const set = parseSamples(readFileSync(bundled.heldOut, 'utf8'), model.graph, bundled.heldOut)
    const check = await checkSamples(model, set)
    figures.push(set.labels ? classFigure(name, check) : errorFigure(name, check))

    const { equal, tried, times } = await compareWitnesses(model, set)
    figures.push(isTrue(`circuit = evaluator, ${name}`, equal === tried, `${equal} of ${tried}`, 'every sample'))
    if (name.startsWith('lenet')) figures.push(atMost('witness, ReLU LeNet (median)', median(times) / 1000, 1.5, 's'))

    const start = performance.now()
    const { deterministic, unreached, constraints } = auditCircuit(model.circuit)
    const took = ((performance.now() - start) / 1000).toFixed(1)
    figures.push(
      isTrue(
        `audit, ${name}`,
        deterministic,
        `${unreached.length} unreached of ${constraints.toLocaleString('en-US')} rows, ${took} s`,
        'unreached = []',
      ),
    )
  }
  return figures
}

/** Share of samples whose class is right, with floats and as proved. */
function classFigure(name: string, check: SamplesCheck): Figure {
  const lost = 100 * (check.floatAccuracy! - check.quantizedAccuracy!)
  const detail = `${share(check.floatAccuracy!)} float, ${share(check.quantizedAccuracy!)} proved, ${check.flips} of ${check.samples} flip`
  const bar = name === 'breast-cancer' ? 'no sample flips' : '≤ 0.2 points lost'
  const met = name === 'breast-cancer' ? check.flips === 0 : lost < 0.2 + 1e-9
  return isTrue(`accuracy, ${name}`, met, detail, bar)
}

/** Models without classes: how far what is proved is from the float model, as a share of the range of its outputs. */
function errorFigure(name: string, { meanErrorOfRange, maxAbsError }: SamplesCheck): Figure {
  const detail = `${share(meanErrorOfRange)} of the range, at most ${maxAbsError.toFixed(2)}`
  return isTrue(`mean error to float, ${name}`, meanErrorOfRange <= 0.0125, detail, '≤ 1.25%')
}

function share(value: number): string {
  return `${(100 * value).toFixed(2)}%`
}

/** Witnesses that satisfy every row and whose output words are those of the evaluator. */
async function compareWitnesses(model: CompiledModel, { samples }: SampleSet) {
  const generator = await WitnessGenerator.create(model.circuit)
  const { circuit, quantized } = model
  const times: number[] = []
  let equal = 0
  const tried = Math.min(WITNESSES, samples.length)
  for (const sample of samples.slice(0, tried)) {
    const inputs = quantized.inputs.map(({ recipe }, i) => quantizeInput(recipe, sample[i]!))
    const start = performance.now()
    const { values, signals } = generator.generate({ inputs, context: 1n })
    times.push(performance.now() - start)
    const evaluated = evaluateProgram(quantized, inputs)
    const words = quantized.outputs.flatMap(({ tensor }, i) =>
      pack(toBigInts(evaluated[tensor]!), circuit.schema.outputs[i]!),
    )
    const same = words.every((word, i) => word === signals[i])
    if (same && firstUnsatisfiedRow(circuit.r1cs, values) === undefined) equal++
  }
  return { equal, tried, times: times.length % 2 ? times : times.slice(1) }
}
