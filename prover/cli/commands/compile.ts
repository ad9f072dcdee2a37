// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import { compileRequest, inspectModel, type CompileFlags } from '../compile-request'
import { collect } from '../options'
import { checkOutputFolder, modelName, saveModelFolder } from '../output-folder'
import type { Shell } from '../shell'
import { TargetError } from '../errors'

const EXAMPLES = `
Examples:
  zkml compile model.onnx --samples samples.json
  zkml compile model.onnx --samples samples.json --input hashed --output public --out my-model
  zkml compile model.onnx --input-range x=-4,4 --input-bits x=8 --max-flips 0.2% --max-error 1%
  zkml compile model.onnx --samples samples.json --weights private --out my-architecture
  zkml compile model.onnx --recipe recipe.json --json

Without --samples, random inputs within --input-range are used; accuracy on them says little about real data.
The folder is written whole or not at all. With a recipe, the same files result on any machine.`

/** `zkml compile MODEL`. */
export function compileCommand(command: Command, shell: Shell): void {
  command
    .description('compile an ONNX model to a circuit')
    .argument('<model>', 'the .onnx file')
    .option('--samples <file>', 'inputs to calibrate with: {"input_data": [[…], …], "labels": […]}')
    .option('--recipe <file>', 'compile by this recipe instead of calibrating')
    .option('--input <visibility>', 'public (default), hashed or private; name=… for one input; repeatable', collect)
    .option('--output <visibility>', 'public (default) or hashed; name=… for one output; repeatable', collect)
    .option(
      '--input-range <name=lo,hi>',
      'interval the circuit accepts for an input, or for private weights; repeatable',
      collect,
    )
    .option('--input-bits <name=bits>', 'bits of an input, 1 to 40; repeatable', collect)
    .option('--max-flips <share>', 'share of samples whose argmax may change (default 0.2%)')
    .option('--max-error <share>', 'mean error allowed, as a share of the output range (default 1%)')
    .option(
      '--weights <kind>',
      'fixed (default): part of the circuit; private: committed to, one setup for all weights',
    )
    .option('--out <folder>', 'folder to write (default: <model>.zkml here)')
    .option('--name <name>', 'name of the model (default: from the file name)')
    .addHelpText('after', EXAMPLES)
    .action((path: string, flags: CompileFlags) => compile(path, flags, shell))
}

async function compile(path: string, flags: CompileFlags, shell: Shell): Promise<void> {
  const startedAt = performance.now()
  const { onnx, graph } = await inspectModel(path, flags)
  const name = modelName(path, flags.name, flags.out)
  const out = flags.out ?? `${name}.zkml`
  const request = await compileRequest(graph, flags)
  checkOutputFolder(out, onnx, flags.recipe)

  const { compileModel, compileReport, formatReport, measureAccuracy } = await import('../../pipeline')
  const model = await compileModel(onnx, { ...request, progress: shell.progress })
  const accuracy =
    request.recipe && request.samples
      ? await measureAccuracy(model, request.samples, request.target, shell.progress)
      : undefined
  const report = compileReport(model, accuracy)
  const isRandom = !request.recipe && !request.samples
  if (report.accuracy && !report.accuracy.meetsTarget && request.target)
    throw new TargetError(
      `no recipe meets the target: ${(100 * (1 - report.accuracy.argmaxAgreement)).toFixed(2)}% of the samples flip and the mean error is ${(100 * report.accuracy.meanErrorOfRange).toFixed(3)}% of the output range and ${(100 * report.accuracy.relativeError).toFixed(3)}% of the outputs' mean size; raise --max-flips or --max-error`,
    )
  await saveModelFolder(out, name, model, report)

  if (model.weights) await remarkOnWeights(out, onnx, shell)
  if (isRandom)
    shell.warn('calibrated on random inputs; give --samples FILE for figures and precision that fit real data')
  if (report.accuracy && !report.accuracy.meetsTarget) shell.warn('the accuracy target was not met; see the report')
  const milliseconds = Math.round(performance.now() - startedAt)
  const peakBytes = process.resourceUsage().maxRSS * 1024
  shell.result({ ...report, name, out, milliseconds, peakBytes }, () =>
    [
      formatReport(report),
      '',
      `wrote ${out} in ${(milliseconds / 1000).toFixed(1)} s, peak memory ${Math.round(peakBytes / 2 ** 20)} MiB; next: zkml setup ${out} --dev`,
    ].join('\n'),
  )
}

/** What to do with private weights, and which numbers of the model are not among them. */
async function remarkOnWeights(out: string, onnx: Uint8Array, shell: Shell): Promise<void> {
  const { publicNumbers } = await import('../../onnx')
  shell.note(`${out}/private holds the weights and their salt; keep it, and keep it to yourself`)
  const shown = publicNumbers(onnx)
  const [first] = shown
  if (first !== undefined)
    shell.warn(
      `${shown.length} lists of numbers stay public, the first ${first.count} of "${first.name}": only initializers of float tensors are hidden`,
    )
}
