// SPDX-License-Identifier: GPL-3.0-or-later

/** The process that does the work; started by `supervise` only. */
import { rmSync } from 'node:fs'
import type { Message } from './messages'
import { EXIT } from './messages'
import { runCli } from './run'
import { watchTemporaries } from '../binfile/atomic'

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

if (process.send) {
  process.exitCode = EXIT.failure
  void runCli(process.argv.slice(2), send).then((code) => {
    process.exitCode = code
    send({ kind: 'done', code })
  })
}
