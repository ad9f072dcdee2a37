// SPDX-License-Identifier: GPL-3.0-or-later

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { checkModelFolder, readInputFile } from '../files'
import { modelName } from '../output-folder'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml commit-weights my-architecture --model retrained.onnx --out retrained
  zkml commit-weights my-architecture --model retrained.onnx --out retrained --json

The new folder shares circuit and keys with the first, and is another model in the registry: its commitment is part of the
model's id. Keep its folder private/ to yourself, and keep it: it holds the weights and the salt that every proof needs.`

type Flags = { readonly model: string; readonly out: string; readonly name?: string }

/** `zkml commit-weights DIR`. */
export function commitWeightsCommand(command: Command, shell: Shell): void {
  command
    .description('commit to other weights of an architecture with private weights')
    .argument('<folder>', 'the folder that "zkml compile --weights private" wrote')
    .requiredOption('--model <file>', 'the .onnx file with the weights, of the same architecture')
    .requiredOption('--out <folder>', 'folder to write')
    .option('--name <name>', 'name of the model (default: from the file name)')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, flags: Flags) => commit(folder, flags, shell))
}

async function commit(folder: string, flags: Flags, shell: Shell): Promise<void> {
  checkModelFolder(folder)
  const onnx = readInputFile(flags.model, 'the model')
  const name = modelName(flags.model, flags.name, flags.out)
  const { commitWeightSet } = await import('../../pipeline')
  const { modelHash, circuitHash, weightsCommitment } = await commitWeightSet(folder, onnx, resolve(flags.out), name)
  shell.note(`${flags.out}/private holds the weights and their salt; keep it, and keep it to yourself`)
  shell.result({ name, out: flags.out, modelHash, circuitHash, weightsCommitment }, () =>
    [`weights commitment ${weightsCommitment}`, `wrote ${flags.out}; it shares circuit and keys with ${folder}`].join(
      '\n',
    ),
  )
}
