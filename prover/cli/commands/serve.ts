// SPDX-License-Identifier: GPL-3.0-or-later

import { constants } from 'node:os'
import type { Command } from 'commander'
import { LogView } from '../log-view'
import { parseInteger } from '../options'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml serve --models my-model
  zkml serve --config zkml.json
  zkml serve --config zkml.json --dry-run
  zkml serve --config zkml.json --print-config

Serves an HTTP API on 127.0.0.1:8420, and the requests of the chains in the configuration. The token of the API is in
<state-dir>/api.token. Logs are JSON lines on stderr, readable ones on a terminal. SIGTERM or Ctrl-C lets running work
finish; a second one ends at once. docs/operating.md has all settings.`

type Flags = {
  readonly config?: string
  readonly stateDir?: string
  readonly models?: readonly string[]
  readonly host?: string
  readonly port?: string
  readonly logLevel?: string
  readonly dryRun?: boolean
  readonly printConfig?: boolean
}

/** `zkml serve`. */
export function serveCommand(command: Command, shell: Shell): void {
  command
    .description('run the prover daemon: an HTTP API, and requests of the market')
    .option('--config <file>', 'configuration, JSON; environment and the options below win over it')
    .option('--state-dir <folder>', 'everything the daemon remembers; default zkml-state')
    .option('--models <folder...>', 'folders of models, or of folders of models')
    .option('--host <address>', 'address to listen on; default 127.0.0.1')
    .option('--port <n>', 'port to listen on; default 8420, 0 for a free one')
    .option('--log-level <level>', 'debug, info, warn or error; default info')
    .option('--dry-run', 'decide what to do, and send nothing')
    .option('--print-config', 'print the configuration with secrets masked, and end')
    .addHelpText('after', EXAMPLES)
    .action((flags: Flags) => serve(flags, shell))
}

async function serve(flags: Flags, shell: Shell): Promise<void> {
  const { loadConfig, maskConfig } = await import('../../service/config')
  const { config: file, port, printConfig, ...rest } = flags
  const config = loadConfig({
    ...rest,
    ...(file !== undefined && { file }),
    ...(port !== undefined && { port: parseInteger('--port', 0, 65_535)(port) }),
  })
  if (printConfig === true) {
    shell.result(maskConfig(config), () => JSON.stringify(maskConfig(config), null, 2))
    return
  }
  const [{ startDaemon }, { createLog }] = await Promise.all([import('../../service'), import('../../service/log')])
  const log = createLog(config.log.level, process.stderr.isTTY ? new LogView(process.stderr) : undefined)
  // One that comes during the start is heeded after it.
  const signalled = firstSignal()
  const daemon = await startDaemon(config, { log })
  const signal = await signalled
  log.info({ signal }, 'zkml stops; another signal ends it at once')
  await daemon.stop()
  shell.result({ stopped: signal }, () => `stopped by ${signal}`)
}

/** Waits for a signal to stop; the next one ends the process at once. */
function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(128 + constants.signals[signal])
        isStopping = true
        resolve(signal)
      })
    }
  })
}
