// SPDX-License-Identifier: GPL-3.0-or-later

import { StoreUnavailableError } from './errors'

/** Codes of PostgreSQL by which it says that it cannot serve now: connections, shutdowns, time limits. */
const UNREACHABLE = /^(08|57P|53300$|57014$|25P03$)/
/** No room, no memory, errors of the disk. */
const EXHAUSTED = /^(53|58)/
const NETWORK = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND|ENOENT)/
/** Errors of the driver, which have no code. */
const DRIVER = /terminated|timeout|not queryable|was closed|cannot use a pool/i

/** The error that callers get for one that says that the database, or the way to it, is down; undefined for others. */
export function outageOf(error: unknown): StoreUnavailableError | undefined {
  if (error instanceof StoreUnavailableError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (typeof code === 'string' ? UNREACHABLE.test(code) || NETWORK.test(code) : DRIVER.test(message)) {
    return new StoreUnavailableError(
      'the database does not answer; check that it runs and that "database.url" is right',
      {
        cause: error,
      },
    )
  }
  if (typeof code === 'string' && EXHAUSTED.test(code)) {
    return new StoreUnavailableError('the database has no room or no memory left; check the disk it is on', {
      cause: error,
    })
  }
  return undefined
}
