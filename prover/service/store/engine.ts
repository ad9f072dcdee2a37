// SPDX-License-Identifier: GPL-3.0-or-later

import type { Database } from './database'

/** A database with what the store itself needs of it besides. */
export type Engine = Database & {
  /** Runs statements separated by semicolons, without parameters; undone when one fails. @returns the rows of the last. */
  script(sql: string): Promise<readonly unknown[]>
  /** Runs what changes the schema while no other daemon does. */
  exclusively<T>(run: () => Promise<T>): Promise<T>
}
