// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import { runDoctor } from '../doctor/run'
import { NegativeResultError } from '../errors'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml doctor
  zkml doctor --config zkml.json

With the configuration of a daemon: also its state folder, database and key, accounts, chains, models and places of artefacts.
Nothing is changed and nothing is sent; a daemon may be running.`

/** `zkml doctor`. */
export function doctorCommand(command: Command, shell: Shell): void {
  command
    .description('check that this installation works, or that a daemon will')
    .option('--config <file>', 'configuration of a daemon, whose needs are checked too')
    .addHelpText('after', EXAMPLES)
    .action(({ config }: { readonly config?: string }) => doctor(config, shell))
}

async function doctor(config: string | undefined, shell: Shell): Promise<void> {
  const checks = await runDoctor(shell.progress, config)
  const failed = checks.filter((check) => !check.ok)
  const result = { ok: failed.length === 0, checks }
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.map(({ name, ok, detail }) => `${name.padEnd(width)}  ${ok ? '' : '✗ '}${detail}`)
  const [first] = failed
  if (first)
    throw new NegativeResultError(
      'UNHEALTHY',
      `${failed.length > 1 ? `${failed.length} of ${checks.length} checks failed, the first: ` : ''}${first.name}: ${first.detail}`,
      result,
      lines.join('\n'),
    )
  shell.result(result, () => lines.join('\n'))
}
