// SPDX-License-Identifier: GPL-3.0-or-later

import type { Message } from './messages'
import { runCli } from './run'

/** Runs a command in this process, for one that handles signals and writes its own log. */
export function runHere(args: readonly string[]): void {
  const receive = (message: Message): void => {
    switch (message.kind) {
      case 'print':
        process.stdout.write(message.text)
        return
      case 'note':
      case 'failure':
        process.stderr.write(`${message.text}\n`)
        return
      case 'progress':
      case 'temporary':
      case 'done':
        return
    }
  }
  void runCli(args, receive).then((code) => {
    process.exitCode = code
  })
}
