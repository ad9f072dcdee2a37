// SPDX-License-Identifier: GPL-3.0-or-later

import { ServiceError } from '../errors'
import type { JobState } from './job'

/** The database cannot be reached at the moment, or went away during the query. */
export class StoreUnavailableError extends ServiceError {
  readonly code = 'STORE_UNAVAILABLE'
  override readonly transient = true
}

/** The database was written by a newer version of zkml. */
export class StoreVersionError extends ServiceError {
  readonly code = 'STORE_TOO_NEW'

  constructor(found: number, known: number) {
    super(`the database has schema version ${found}, this program knows up to ${known}; run the newer zkml on it`)
  }
}

/** Another process has the state folder's database open. */
export class StoreInUseError extends ServiceError {
  readonly code = 'STORE_IN_USE'

  constructor(
    folder: string,
    /** Of the process that has it, if it said so. */
    readonly pid: number | undefined,
  ) {
    const who = pid === undefined ? 'another process' : `process ${pid}`
    super(`${who} uses the state folder "${folder}"; stop it, or choose another "stateDir"`)
  }
}

/** The state folder cannot hold a database. */
export class StoreFolderError extends ServiceError {
  readonly code = 'STORE_FOLDER'
}

/** The store was used in a way that would never end or never be safe, such as a query beside an open transaction. */
export class StoreMisuseError extends ServiceError {
  readonly code = 'STORE_MISUSE'
}

/** The database returned an integer beyond 2^53. */
export class StoreRangeError extends ServiceError {
  readonly code = 'STORE_RANGE'
}

/** What was to be changed is not in the database. */
export class StoreNotFoundError extends ServiceError {
  readonly code = 'STORE_NOT_FOUND'

  constructor(what: 'job' | 'transaction', id: string) {
    super(`there is no ${what} "${id}"; it was forgotten, or never existed`)
  }
}

/** A job is not in the state from which it was to be moved, because somebody else moved it. */
export class JobConflictError extends ServiceError {
  readonly code = 'JOB_CONFLICT'

  constructor(id: string, from: readonly JobState[], is: JobState) {
    super(`job "${id}" is "${is}", not "${from.join('" or "')}"; read it again`)
  }
}

/** A job was to be moved to a state that may not follow its own. */
export class JobTransitionError extends ServiceError {
  readonly code = 'JOB_TRANSITION'

  constructor(id: string, from: JobState, to: JobState) {
    super(`job "${id}" may not go from "${from}" to "${to}"; see NEXT_STATES for what may follow`)
  }
}

/** The key that encrypts inputs is missing, malformed, readable by others, or not the one of this database. */
export class DataKeyError extends ServiceError {
  readonly code = 'DATA_KEY'
}

/** A stored secret cannot be decrypted with the data key of this process. */
export class SecretUnreadableError extends ServiceError {
  readonly code = 'SECRET_UNREADABLE'

  constructor(jobId: string, name: string) {
    super(
      `the ${name} of job "${jobId}" cannot be decrypted; start with the data key it was stored under, or cancel the job`,
    )
  }
}
