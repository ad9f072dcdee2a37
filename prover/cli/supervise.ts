// SPDX-License-Identifier: GPL-3.0-or-later

import { fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { constants } from 'node:os'
import { errorJson, EXIT, type Message } from './messages'
import { ProgressView } from './progress-view'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof SIGNALS)[number]

/**
 * Runs the command line in a child process and stays responsive meanwhile: much of the work is arithmetic that blocks
 * its thread for seconds. On a signal the child is stopped at once and its temporary files are removed.
 */
export function supervise(args: readonly string[]): void {
  const isDebugged = process.env.ZKML_DEBUG === '1'
  const child = fork(require.resolve('./worker'), [...args], {
    // Results come as messages: what libraries print, or crash with, never mixes with them.
    stdio: ['ignore', isDebugged ? 2 : 'ignore', isDebugged ? 2 : 'ignore', 'ipc'],
  })
  const view = new ProgressView(process.stderr)
  const temporaries = new Set<string>()
  let code: number | undefined
  let stoppedBy: Signal | undefined

  const fail = (errorCode: string, message: string) => {
    view.abandon()
    process.stderr.write(`zkml: ${message}\n`)
    if (args.includes('--json')) process.stdout.write(`${JSON.stringify(errorJson(errorCode, message))}\n`)
  }
  const receive = (message: Message): void => {
    switch (message.kind) {
      case 'progress':
        view.show(message.stage, message.fraction, message.detail)
        return
      case 'print':
        view.finish()
        process.stdout.write(message.text)
        return
      case 'note':
      case 'failure':
        if (message.kind === 'note') view.finish()
        else view.abandon()
        process.stderr.write(`${message.text}\n`)
        return
      case 'temporary':
        if (message.exists) temporaries.add(message.path)
        else temporaries.delete(message.path)
        return
      case 'done':
        code = message.code
        // The child ends when its channel closes; threads that libraries keep cannot hold it.
        if (child.connected) child.disconnect()
        return
    }
  }
  child.on('message', (message) => receive(message as Message))
  child.on('error', (error) => fail('INTERNAL', `the worker process could not be started: ${error.message}`))
  child.on('exit', (childCode, childSignal) => {
    for (const path of temporaries) rmSync(path, { recursive: true, force: true })
    // A terminal sends Ctrl-C to the child as well.
    stoppedBy ??= SIGNALS.find((signal) => signal === childSignal)
    if (stoppedBy !== undefined) {
      fail('INTERRUPTED', `stopped by ${stoppedBy}; no unfinished file was left behind`)
      code = 128 + constants.signals[stoppedBy]
    } else if (code === undefined) {
      fail('CRASHED', describeCrash(childCode, childSignal))
    } else {
      view.finish()
    }
    process.exitCode = code ?? EXIT.failure
  })

  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (code !== undefined) return
      stoppedBy ??= signal
      child.kill('SIGKILL')
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader such as `head` that has seen enough is no failure.
    if (error.code !== 'EPIPE') throw error
  })
}

function describeCrash(code: number | null, signal: NodeJS.Signals | null): string {
  const isOutOfMemory = signal === 'SIGABRT' || signal === 'SIGKILL' || code === 134
  const advice = isOutOfMemory
    ? 'it most likely ran out of memory, so give the machine more or set NODE_OPTIONS=--max-old-space-size=8192'
    : 'run again with ZKML_DEBUG=1 and report what it prints'
  return `the worker process ended with ${signal ?? `code ${code}`}; ${advice}`
}
