// SPDX-License-Identifier: GPL-3.0-or-later

import type { Progress } from '../pipeline'
import type { Message } from './messages'

/** All a command may do to the outside world besides writing its files. */
export type Shell = {
  readonly progress: Progress
  /** A line for people, on stderr; silent with `--quiet`. */
  readonly note: (text: string) => void
  /** A line on stderr that `--quiet` does not silence. */
  readonly warn: (text: string) => void
  /** The result: with `--json` the object, otherwise the text. Called once, last. */
  readonly result: (json: object, text: () => string) => void
}

export type ShellOptions = { readonly json: boolean; readonly quiet: boolean }

/** Reports of one stage are sent at most this often. */
const PROGRESS_MILLISECONDS = 50

/** A shell that speaks through messages. */
export function createShell(send: (message: Message) => void, { json, quiet }: ShellOptions): Shell {
  let [lastStage, lastSent] = ['', -Infinity]
  return {
    progress: (stage, fraction, detail) => {
      const now = performance.now()
      if (quiet || (stage === lastStage && now - lastSent < PROGRESS_MILLISECONDS)) return
      ;[lastStage, lastSent] = [stage, now]
      send({
        kind: 'progress',
        stage,
        ...(fraction !== undefined && { fraction }),
        ...(detail !== undefined && { detail }),
      })
    },
    note: (text) => {
      if (!quiet) send({ kind: 'note', text })
    },
    warn: (text) => send({ kind: 'note', text: `warning: ${text}` }),
    result: (object, text) => send({ kind: 'print', text: `${json ? JSON.stringify(object) : text()}\n` }),
  }
}
