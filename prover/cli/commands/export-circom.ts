// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import { checkModelFolder, checkOutputFile } from '../files'
import type { Shell } from '../shell'

const EXAMPLES = `
Example:
  zkml export-circom my-model --out model.circom

The program is the same circuit for people and other tools to read. Compile it with the folders circuits/ of zkml and
of circomlib on the include path; zkml itself does not need it.`

/** `zkml export-circom DIR`. */
export function exportCircomCommand(command: Command, shell: Shell): void {
  command
    .description('write a model as one Circom program')
    .argument('<folder>', 'the folder that "zkml compile" wrote')
    .requiredOption('--out <file>', 'where to write the program')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, { out }: { readonly out: string }) => exportProgram(folder, out, shell))
}

async function exportProgram(folder: string, path: string, shell: Shell): Promise<void> {
  checkModelFolder(folder)
  const out = checkOutputFile(path)
  const { loadModel, staged } = await import('../../pipeline')
  const { exportCircom } = await import('../../circuit')
  const { writeFileAtomic } = await import('../../binfile')
  const model = await loadModel(folder, { progress: shell.progress })
  const program = await staged(shell.progress, 'export', () => exportCircom(model.circuit))
  const { bytes } = await writeFileAtomic(out, [Buffer.from(program, 'utf8')])
  shell.result({ out, bytes }, () => `wrote ${out}, ${bytes.toLocaleString('en-US')} bytes`)
}
