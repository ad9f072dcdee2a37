// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import { runDoctor } from '../doctor'
import { NegativeResultError } from '../errors'
import type { Shell } from '../shell'

const EXAMPLES = `
Example:
  zkml doctor`

/** `zkml doctor`. */
export function doctorCommand(command: Command, shell: Shell): void {
  command
    .description('check that this installation works')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const checks = await runDoctor(shell.progress)
      const failed = checks.filter((check) => !check.ok)
      const result = { ok: failed.length === 0, checks }
      const [first] = failed
      if (first)
        throw new NegativeResultError(
          'UNHEALTHY',
          `${failed.map(({ name }) => name).join(', ')}: ${first.detail}`,
          result,
        )
      const width = Math.max(...checks.map(({ name }) => name.length))
      shell.result(result, () => checks.map(({ name, detail }) => `${name.padEnd(width)}  ${detail}`).join('\n'))
    })
}
