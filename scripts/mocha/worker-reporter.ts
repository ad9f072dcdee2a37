// SPDX-License-Identifier: GPL-3.0-or-later

import type { MochaOptions, Runner } from 'mocha'
import ParallelBuffered from 'mocha/lib/nodejs/reporters/parallel-buffered'

/**
 * Reports to mocha's main process what happened in one file. The report travels as JSON, where a single error that holds
 * a bigint, as those of ethers and of comparisons do, would cost the report of the whole file.
 */
class WorkerReporter extends ParallelBuffered {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options)
    // After mocha's own listeners, which have turned what a diff shows into text, and before anything is sent.
    runner.on('fail', (_test, error: unknown) => {
      if (error instanceof Error) keepWhatIsPrinted(error)
    })
  }
}

function keepWhatIsPrinted(error: Error): void {
  error.stack = [...causesOf(error)].map(({ stack, message }) => stack ?? message).join('\n   Caused by: ')
  for (const [key, value] of Object.entries(error)) {
    if (!['string', 'boolean'].includes(typeof value)) Reflect.deleteProperty(error, key)
  }
}

/** An error, its cause, and so on. */
function causesOf(error: Error): ReadonlySet<Error> {
  const chain = new Set<Error>()
  for (let next: unknown = error; next instanceof Error && !chain.has(next); next = next.cause) chain.add(next)
  return chain
}

// Mocha takes the whole module for the reporter.
export = WorkerReporter
