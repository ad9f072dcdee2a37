// SPDX-License-Identifier: GPL-3.0-or-later

import { setTimeout as sleep } from 'node:timers/promises'

export { sleep }

/**
 * Asks again and again until an answer is neither undefined nor false.
 *
 * @param what - ends the sentence "… did not happen: ", or gives the end of it when time is up
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined | false>,
  what: string | (() => string),
  milliseconds = 60_000,
  every = 25,
): Promise<T> {
  const end = Date.now() + milliseconds
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (Date.now() > end) {
      throw new Error(`not within ${milliseconds / 1000} s: ${typeof what === 'string' ? what : what()}`)
    }
    await sleep(every)
  }
}
