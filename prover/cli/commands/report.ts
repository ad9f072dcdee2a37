// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import { checkModelFolder } from '../files'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml report my-model
  zkml report my-model --json`

/** `zkml report DIR`. */
export function reportCommand(command: Command, shell: Shell): void {
  command
    .description('print what a model costs and how close it is to the float model')
    .argument('<folder>', 'the folder that "zkml compile" wrote')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string) => {
      const { formatReport, readReport } = await import('../../pipeline')
      const report = readReport(checkModelFolder(folder))
      shell.result(report, () => formatReport(report))
    })
}
