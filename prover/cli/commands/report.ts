// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import { checkModelFolder } from '../files'
import { parseChoice } from '../options'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml report my-model
  zkml report my-model --json
  zkml report my-model --system plonk

With --system: gates, powers of tau, key and memory in PLONK, or in FFLONK, a beta of snarkjs. Affine maps are free in
Groth16 only.`

const SYSTEMS = ['groth16', 'plonk', 'fflonk'] as const

type Flags = { readonly system: (typeof SYSTEMS)[number] }

/** `zkml report DIR`. */
export function reportCommand(command: Command, shell: Shell): void {
  command
    .description('print what a model costs and how close it is to the float model')
    .argument('<folder>', 'the folder that "zkml compile" wrote')
    .option('--system <name>', 'groth16, plonk or fflonk (beta)', parseChoice('--system', SYSTEMS), 'groth16')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, { system }: Flags) => {
      const { formatReport, formatUniversalReport, readReport, universalReport } = await import('../../pipeline')
      checkModelFolder(folder)
      if (system === 'groth16') {
        const report = readReport(folder)
        shell.result(report, () => formatReport(report))
        return
      }
      const report = universalReport(folder, system)
      shell.result(report, () => formatUniversalReport(report))
    })
}
