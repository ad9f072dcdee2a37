// SPDX-License-Identifier: GPL-3.0-or-later

import { NomicLabsHardhatPluginError } from 'hardhat/plugins'
import { ZkmlError } from '../../prover/errors'

export type TaskOutput = {
  /** Progress, on stderr. */
  log(line: string): void
  /** The result, on stdout: the object with `--json`, the lines without. */
  result(object: object, lines: readonly string[]): void
}

/**
 * Runs a task as the command line does: with `--json` stdout has one object and nothing else, be it the result or
 * `{"error":{"code","message"}}`, and an error on purpose is a sentence without a stack.
 */
export async function runTask(json: boolean, run: (output: TaskOutput) => Promise<void>): Promise<void> {
  const print = console.log
  let printed = false
  const write = (text: string): void => {
    printed = true
    print(text)
  }
  // What other plugins print is progress here.
  if (json) console.log = console.error
  try {
    await run({
      log: (line) => console.error(line),
      result: (object, lines) => write(json ? JSON.stringify(object) : lines.join('\n')),
    })
  } catch (error) {
    if (!(error instanceof ZkmlError)) throw error
    if (json && !printed) write(JSON.stringify({ error: { code: error.code, message: error.message } }))
    throw new NomicLabsHardhatPluginError('zkml', `${error.message} (${error.code})`, error)
  } finally {
    console.log = print
  }
}
