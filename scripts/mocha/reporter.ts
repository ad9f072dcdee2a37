// SPDX-License-Identifier: GPL-3.0-or-later

import { reporters, type MochaOptions, type Runner } from 'mocha'

/** What the runner has beyond `@types/mocha`. */
type EitherRunner = Runner & {
  isParallelMode(): boolean
  workerReporter(path: string): void
}

/** Mocha's `spec`, which hears from files that run in parallel through `worker-reporter.ts`. */
class Reporter extends reporters.Spec {
  constructor(runner: EitherRunner, options: MochaOptions) {
    super(runner, options)
    if (!runner.isParallelMode()) return
    runner.workerReporter(require.resolve('./worker-reporter'))
    // Until the end says otherwise: for a worker that broke between two files mocha waits, and Node would end with 0.
    process.exitCode = 1
  }
}

// Mocha takes the whole module for the reporter.
export = Reporter
