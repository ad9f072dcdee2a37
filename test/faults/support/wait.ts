// SPDX-License-Identifier: GPL-3.0-or-later

import { setTimeout as sleep } from 'node:timers/promises'

export { sleep }

/** `ZKML_FAULTS_PATIENCE=5` waits five times as long before it gives up, for machines that have other things to do. */
export const PATIENCE = Number(process.env.ZKML_FAULTS_PATIENCE ?? 1)

/**
 * Asks again and again until an answer is neither undefined nor false.
 *
 * @param what - what was waited for, or a function that says it once time is up
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined | false>,
  what: string | (() => string),
  milliseconds = 60_000,
  every = 25,
): Promise<T> {
  const end = Date.now() + milliseconds * PATIENCE
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (Date.now() > end) {
      throw new Error(`not within ${milliseconds / 1000} s: ${typeof what === 'string' ? what : what()}`)
    }
    await sleep(every)
  }
}
