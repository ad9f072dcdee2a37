// SPDX-License-Identifier: GPL-3.0-or-later

import { ServiceError } from '../errors'

/** A prover process died of something else than its task, most often of too little memory. */
export class ProverCrashedError extends ServiceError {
  readonly code = 'PROVER_CRASHED'
  override readonly transient = true

  /** @param how what the system says of it: `signal SIGKILL`, `code 134`. */
  constructor(how: string) {
    super(
      `a prover process ended unasked (${how}); when that happens often, give the machine more memory or make fewer ` +
        'proofs at once',
    )
  }
}

/** A proof or run took longer than a task may, so its process was ended. */
export class ProverTimeoutError extends ServiceError {
  readonly code = 'PROVER_TIMEOUT'
  override readonly transient = true

  constructor(kind: string, seconds: number) {
    super(`the task "${kind}" was not done after ${seconds} s and was given up; raise prover.timeoutSeconds`)
  }
}

/** The daemon is shutting down and takes no more work, or gave up what was under way. */
export class PoolClosedError extends ServiceError {
  readonly code = 'PROVER_POOL_CLOSED'
  override readonly transient = true

  constructor() {
    super('the prover pool is closed; the task can be done after a restart')
  }
}

/** A prover process met an error that nobody foresaw; the daemon's log has its place. */
export class ProverFaultError extends ServiceError {
  readonly code = 'PROVER_FAULT'

  constructor(name: string) {
    super(`a prover process met an unforeseen error (${name}); report it with what the log says of it`)
  }
}

/** An error of the work itself, as the `ZkmlError` it was in its process: same code, same message. */
export class RemoteError extends ServiceError {
  override readonly transient: boolean

  constructor(
    readonly code: string,
    message: string,
    transient: boolean,
  ) {
    super(message)
    this.transient = transient
  }
}
