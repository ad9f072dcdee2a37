// SPDX-License-Identifier: GPL-3.0-or-later

import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Log } from '../log'
import type { Order, Report, WorkerOptions } from './messages'

/** All that a process of the pool sees of the environment: the daemon's may hold keys and passwords. */
const ENVIRONMENT = [
  ...['PATH', 'HOME', 'USERPROFILE', 'SYSTEMROOT', 'TMPDIR', 'TMP', 'TEMP', 'LANG', 'TZ'],
  ...['NODE_OPTIONS', 'LD_LIBRARY_PATH', 'ZKML_CACHE', 'ZKML_NATIVE', 'ZKML_RAPIDSNARK'],
]
const MAX_OUTPUT = 2000

export type ChildEvents = {
  readonly onReport: (report: Report) => void
  /** Once, unless it was killed by `kill`. `how` is what the system says: `signal SIGSEGV`. */
  readonly onCrash: (how: string) => void
}

/** One process of the pool. */
export class Child {
  readonly exited: Promise<void>
  private readonly process: ChildProcess
  private isEnded = false
  private reported = 0

  constructor(options: WorkerOptions, log: Log, events: ChildEvents) {
    this.process = fork(require.resolve('./worker'), [JSON.stringify(options)], {
      // Typed arrays and bigints arrive as they are.
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: __filename.endsWith('.ts') ? ['-r', require.resolve('ts-node/register/transpile-only')] : [],
      env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
    })
    const { pid } = this.process
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (data: Buffer) => {
        log.debug({ pid, output: data.toString('utf8').slice(0, MAX_OUTPUT) }, 'output of a prover process')
      })
    }
    this.process.on('message', (message) => {
      const report = message as Report
      if ('residentBytes' in report) this.reported = report.residentBytes
      if (!this.isEnded) events.onReport(report)
    })
    this.exited = new Promise((resolve) => {
      const ended = (how: string) => {
        resolve()
        if (this.isEnded) return
        this.isEnded = true
        events.onCrash(how)
      }
      this.process.on('exit', (code, signal) => ended(signal === null ? `code ${code}` : `signal ${signal}`))
      // Also told of messages that did not arrive; then it has exited, or will.
      this.process.on('error', (error) => {
        if (pid === undefined) ended(error.message)
      })
    })
  }

  get pid(): number | undefined {
    return this.process.pid
  }

  send(order: Order): void {
    this.process.send(order, () => undefined)
  }

  /** Ends it at once. Nothing is heard of it any more. */
  kill(): void {
    this.isEnded = true
    this.process.kill('SIGKILL')
  }

  /** Resident bytes, as the system counts them where it tells, or as the process last said. */
  residentBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
    } catch {
      return this.reported
    }
  }
}
