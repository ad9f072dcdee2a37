// SPDX-License-Identifier: GPL-3.0-or-later

/** The process that works for a pool; started by `Child` only. */
import { Worker } from 'node:worker_threads'
import type { Order, Report, WorkerOptions } from './messages'

const options = JSON.parse(process.argv[2]!) as WorkerOptions

// A terminal or service manager signals the whole group; the pool decides what becomes of its processes.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

// Nobody is left to hear of a result.
process.on('disconnect', () => process.exit())

/** Ends the process when the pool is gone, even in the midst of arithmetic that hears of no events for minutes. */
const WATCHDOG = `
  const { workerData: parent } = require('node:worker_threads')
  setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL') }, 500)`
new Worker(WATCHDOG, { eval: true, execArgv: [], workerData: options.parent }).unref()

function tell(report: Report): void {
  // Where the channel is gone the process is about to end.
  if (process.connected) process.send!(report, undefined, undefined, () => undefined)
}

void import('./workshop').then(({ Workshop }) => {
  const workshop = new Workshop(options, tell)
  process.on('message', (message) => workshop.take(message as Order))
  tell({ kind: 'ready' })
})
