// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../../errors'
import type { Log } from '../log'
import type { Metrics } from '../metrics'

/** Tells operators of an error that reaches no caller, because it happened in the background. */
export type Report = (error: unknown, message: string) => void

/** Reports to the log, and counts. */
export function reporter(log: Log, metrics: Pick<Metrics, 'errors'> | undefined): Report {
  return (error, message) => {
    const code = error instanceof ZkmlError ? error.code : 'UNEXPECTED'
    log.warn({ code, reason: (error as Error).message }, message)
    metrics?.errors.inc({ code, module: 'store' })
  }
}
