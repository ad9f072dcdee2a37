// SPDX-License-Identifier: GPL-3.0-or-later

import { INITIAL } from './001-initial'

/** One step of the schema; what was released is never changed. */
export type Migration = {
  /** 1, 2, 3, … */
  readonly version: number
  /** Statements separated by semicolons. */
  readonly sql: string
}

export const MIGRATIONS: readonly Migration[] = [INITIAL]
