// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import { NegativeResultError } from '../errors'
import { checkModelFolder } from '../files'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml audit my-model
  zkml audit my-model --json

The circuit is deterministic when the inputs, the salts and the context fix every other wire: then no forged witness
exists that gives another output. Wires for which that could not be shown are listed as "unreached".`

/** `zkml audit DIR`. */
export function auditCommand(command: Command, shell: Shell): void {
  command
    .description('prove that the inputs fix every wire of the circuit')
    .argument('<folder>', 'the folder that "zkml compile" wrote')
    .addHelpText('after', EXAMPLES)
    .action((folder: string) => audit(folder, shell))
}

async function audit(folder: string, shell: Shell): Promise<void> {
  const { loadModel, staged } = await import('../../pipeline')
  const { auditCircuit } = await import('../../circuit')
  const model = await loadModel(checkModelFolder(folder), { progress: shell.progress })
  const result = await staged(shell.progress, 'audit', () => auditCircuit(model.circuit))
  const [first] = result.unreached
  if (!result.deterministic)
    throw new NegativeResultError(
      'NOT_DETERMINISTIC',
      `${result.unreached.length} wires are not fixed by the inputs${first ? `, the first in gadget ${first.gadget} of node "${first.origin.node}" (${first.origin.op})` : ''}; do not use this circuit, and report it as a bug`,
      result,
    )
  const number = (value: number) => value.toLocaleString('en-US')
  shell.result(
    result,
    () =>
      `deterministic: the inputs fix all ${number(result.wires)} wires through ${number(result.constraints)} constraints`,
  )
}
