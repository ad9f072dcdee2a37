// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import type { CheckResult, LoadedModel, SamplesCheck, table } from '../../pipeline'
import { NegativeResultError, UsageError } from '../errors'
import { checkModelFolder, readInputText } from '../files'
import { readLabels } from '../labels'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml check my-model --input input.json
  zkml check my-model --samples samples.json
  zkml check my-model --samples samples.json --labels labels.json --json

With --input every constraint of the circuit is checked; with --samples the integer model, which the circuit equals,
is compared with onnxruntime.`

type Flags = { readonly input?: string; readonly samples?: string; readonly labels?: string }

/** `zkml check DIR`. */
export function checkCommand(command: Command, shell: Shell): void {
  command
    .description('run a model without proving and compare it with onnxruntime')
    .argument('<folder>', 'the folder that "zkml compile" wrote')
    .option('--input <file>', 'one input: {"input_data": [[flat values], …]}, a row for each input tensor')
    .option('--samples <file>', 'many inputs: {"input_data": [[flat values], …], "labels": […]}')
    .option('--labels <file>', 'JSON list of labels, instead of those of the samples')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, flags: Flags) => check(folder, flags, shell))
}

async function check(folder: string, { input, samples, labels }: Flags, shell: Shell): Promise<void> {
  if ((input === undefined) === (samples === undefined))
    throw new UsageError('check needs either --input FILE (one input) or --samples FILE (many)')
  if (labels !== undefined && samples === undefined) throw new UsageError('--labels needs --samples FILE')
  const text = readInputText(input ?? samples!, input === undefined ? 'the samples file' : 'the input')
  const { loadModel } = await import('../../pipeline')
  const model = await loadModel(checkModelFolder(folder), { progress: shell.progress })
  if (input !== undefined) await checkOne(model, text, input, shell)
  else await checkMany(model, text, samples!, labels, shell)
}

async function checkOne(model: LoadedModel, text: string, file: string, shell: Shell): Promise<void> {
  const { checkInput } = await import('../../pipeline')
  const { parseInput } = await import('../../quantize')
  const result = await checkInput(model, parseInput(text, model.graph, file), shell.progress)
  if (!result.satisfied)
    throw new NegativeResultError(
      'NOT_SATISFIED',
      `${file} gives a witness that breaks a constraint; report this as a bug`,
      result,
    )
  shell.result(result, () => describeRun(model, result))
}

function describeRun(model: LoadedModel, result: CheckResult): string {
  const lines = model.graph.outputs.flatMap(({ name, texts }, i) => [
    `${name}: ${short(result.output[i]!)}${named(result.output[i]!, texts)}`,
    `${' '.repeat(name.length)}  ${short(result.reference[i]!)}  in onnxruntime`,
  ])
  return [
    ...lines,
    `all ${model.circuit.r1cs.nConstraints.toLocaleString('en-US')} constraints hold; |error| ${result.meanAbsError.toPrecision(3)} mean, ${result.maxAbsError.toPrecision(3)} max; ${result.argmaxAgrees ? 'same' : 'ANOTHER'} argmax; witness in ${result.witnessMilliseconds} ms`,
  ].join('\n')
}

/** The name of a class, which the circuit has the index of. */
function named([index]: readonly number[], texts: readonly string[] | undefined): string {
  const text = index === undefined ? undefined : texts?.[index]
  return text === undefined ? '' : ` "${text}"`
}

function short(values: readonly number[]): string {
  const shown = values.slice(0, 10).map((value) => Number(value.toPrecision(6)))
  return `[${shown.join(', ')}${values.length > shown.length ? `, … ${values.length} values` : ''}]`
}

async function checkMany(
  model: LoadedModel,
  text: string,
  file: string,
  labels: string | undefined,
  shell: Shell,
): Promise<void> {
  const { checkSamples, table: toTable } = await import('../../pipeline')
  const { parseSamples } = await import('../../quantize')
  const set = parseSamples(text, model.graph, file)
  const all = labels === undefined ? set : { ...set, labels: readLabels(labels, set.samples.length) }
  const result = await checkSamples(model, all, shell.progress)
  shell.result(result, () => describeSamples(result, toTable))
}

function describeSamples(result: SamplesCheck, toTable: typeof table): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)}%`
  const lines = [
    `${result.samples} samples: same argmax as onnxruntime on ${percent(result.argmaxAgreement)} (${result.flips} flips)`,
    `|error| ${result.meanAbsError.toPrecision(3)} mean, ${result.maxAbsError.toPrecision(3)} max, at sample ${result.worst.sample}`,
  ]
  if (result.quantizedAccuracy !== null && result.floatAccuracy !== null)
    lines.push(`accuracy ${percent(result.quantizedAccuracy)}; in float ${percent(result.floatAccuracy)}`)
  if (result.confusion) {
    lines.push('')
    const head = ['label', ...result.confusion.map((_, i) => String(i))]
    lines.push(
      ...toTable(
        head,
        result.confusion.map((row, i) => [String(i), ...row.map(String)]),
      ),
    )
  }
  return lines.join('\n')
}
