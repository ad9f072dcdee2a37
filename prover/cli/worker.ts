// SPDX-License-Identifier: GPL-3.0-or-later

/** The process that does the work; started by `supervise` only. */
import { rmSync } from 'node:fs'
import { watchTemporaries } from '../binfile/atomic'
import type { Message } from './messages'
import { reportFailure, runCli } from './run'

const temporaries = new Set<string>()

function send(message: Message): void {
  process.send?.(message)
}

watchTemporaries((path, exists) => {
  if (exists) temporaries.add(path)
  else temporaries.delete(path)
  send({ kind: 'temporary', path, exists })
})
process.on('disconnect', () => {
  for (const path of temporaries) rmSync(path, { recursive: true, force: true })
  process.exit()
})

function finish(code: number): void {
  process.exitCode = code
  send({ kind: 'done', code })
}

// Errors that libraries throw outside of any call of ours.
process.on('uncaughtException', (error) => finish(reportFailure(error, process.argv.slice(2), send)))

void runCli(process.argv.slice(2), send).then(finish)
