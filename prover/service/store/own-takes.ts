// SPDX-License-Identifier: GPL-3.0-or-later

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailableError } from './errors'
import type { Report } from './report'

const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 5000

/**
 * Which takes this process works on, so that none stays in the database that nobody works on: one whose COMMIT went through though
 * its answer was lost, or whose end failed.
 */
export class OwnTakes {
  readonly #live = new Set<string>()
  readonly #report: Report
  #mayHaveLost = false
  #closed = false

  constructor(report: Report) {
    this.#report = report
  }

  has(id: string): boolean {
    return this.#live.has(id)
  }

  /** Runs what takes a job under the id given, which has to be known before it is in the database. */
  async begin<T>(take: (id: string) => Promise<T>, isTaken: (result: T) => boolean): Promise<T> {
    const id = randomUUID()
    this.#live.add(id)
    try {
      const result = await take(id)
      if (!isTaken(result)) this.#live.delete(id)
      return result
    } catch (error) {
      this.#lose(id)
      throw error
    }
  }

  /** Runs what ends a take; while the database is away it is repeated in the background, until `close`. */
  async end(id: string, run: () => Promise<void>): Promise<void> {
    try {
      await run()
      this.#live.delete(id)
    } catch (error) {
      if (this.#closed || !(error instanceof StoreUnavailableError)) {
        this.#lose(id)
        throw error
      }
      this.#report(error, 'the end of a job could not be noted; it is tried again')
      void this.#insist(id, run)
    }
  }

  /** Runs what gives back the takes of this process that are not known here, if there may be some. */
  async recover(run: () => Promise<void>): Promise<void> {
    if (!this.#mayHaveLost) return
    this.#mayHaveLost = false
    try {
      await run()
    } catch (error) {
      this.#mayHaveLost = true
      throw error
    }
  }

  close(): void {
    this.#closed = true
  }

  async #insist(id: string, run: () => Promise<void>): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.#closed; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
      await sleep(pause, undefined, { ref: false })
      if (this.#closed) return
      try {
        await run()
        this.#live.delete(id)
        return
      } catch (error) {
        if (error instanceof StoreUnavailableError) continue
        this.#report(error, 'the end of a job could not be noted; the job is taken again')
        this.#lose(id)
        return
      }
    }
  }

  #lose(id: string): void {
    this.#live.delete(id)
    this.#mayHaveLost = true
  }
}
