// SPDX-License-Identifier: GPL-3.0-or-later

import { Command } from 'commander'
import { projectVersion } from '../project'
import { auditCommand } from './commands/audit'
import { ceremonyCommand } from './commands/ceremony'
import { checkCommand } from './commands/check'
import { commitWeightsCommand } from './commands/commit-weights'
import { compileCommand } from './commands/compile'
import { doctorCommand } from './commands/doctor'
import { exportCircomCommand } from './commands/export-circom'
import { jobsCommand } from './commands/jobs'
import { openCommand } from './commands/open'
import { proveCommand } from './commands/prove'
import { ptauCommand } from './commands/ptau'
import { publishCommand } from './commands/publish'
import { reportCommand } from './commands/report'
import { serveCommand } from './commands/serve'
import { setupCommand } from './commands/setup'
import { verifyCommand } from './commands/verify'
import { UsageError } from './errors'
import type { Shell } from './shell'

/** Declares a command's arguments and options and what it does; heavy modules are loaded when it runs. */
export type CommandBuilder = (command: Command, shell: Shell) => void

/** The commands, in the order in which a model goes through them. */
export const COMMANDS: Readonly<Record<string, CommandBuilder>> = {
  compile: compileCommand,
  report: reportCommand,
  check: checkCommand,
  audit: auditCommand,
  setup: setupCommand,
  ceremony: ceremonyCommand,
  ptau: ptauCommand,
  'commit-weights': commitWeightsCommand,
  prove: proveCommand,
  verify: verifyCommand,
  open: openCommand,
  'export-circom': exportCircomCommand,
  publish: publishCommand,
  serve: serveCommand,
  jobs: jobsCommand,
  doctor: doctorCommand,
}

const HELP_COLUMNS = 100

const EXAMPLES = `
Example:
  zkml compile model.onnx --samples samples.json --out my-model
  zkml setup my-model --dev
  zkml prove my-model --input input.json --out proof.json
  zkml verify my-model --proof proof.json

Exit codes: 0 success, 1 failure or a negative answer, 2 wrong usage, 130 interrupted.`

/** What is wrong with a command line that starts with no known command. */
function withoutCommand([first]: readonly string[]): string {
  const names = Object.keys(COMMANDS).join(', ')
  if (first === undefined) return `no command was given; the commands are ${names}`
  return first.startsWith('-')
    ? `unknown option ${first} before the command`
    : `there is no command "${first}"; the commands are ${names}`
}

/** The command line parser. Nothing in it ends the process or writes to the terminal by itself. */
export function buildProgram(shell: Shell, print: (text: string) => void): Command {
  const program = new Command('zkml')
    .description('Compiles ONNX models to Groth16 circuits, proves inferences and verifies them.')
    .version(projectVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined, getOutHelpWidth: () => HELP_COLUMNS })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments()
    .allowUnknownOption()
    .action((_options: unknown, { args }: Command) => {
      throw new UsageError(withoutCommand(args))
    })
  for (const [name, build] of Object.entries(COMMANDS)) {
    const command = program.command(name)
    build(command, shell)
    command
      .option('--json', 'print one JSON object on stdout')
      .option('-q, --quiet', 'no progress and no remarks on stderr')
      .helpOption('-h, --help', 'print help')
  }
  return program
}
