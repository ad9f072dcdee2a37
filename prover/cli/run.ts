// SPDX-License-Identifier: GPL-3.0-or-later

import { CommanderError } from 'commander'
import { describeFailure, NegativeResultError } from './errors'
import { errorJson, EXIT, type Message } from './messages'
import { buildProgram, COMMANDS } from './program'
import { createShell } from './shell'

/**
 * Runs one command line. Everything it has to say goes through `send`.
 *
 * @returns The exit code.
 */
export async function runCli(args: readonly string[], send: (message: Message) => void): Promise<number> {
  const json = args.includes('--json')
  const quiet = args.includes('--quiet') || args.includes('-q')
  const program = buildProgram(createShell(send, { json, quiet }), (text) => send({ kind: 'print', text }))
  try {
    await program.parseAsync([...args], { from: 'user' })
    return EXIT.success
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.success
    return reportFailure(error, args, send)
  }
}

/** Says in one sentence what went wrong. Returns the exit code. */
export function reportFailure(error: unknown, args: readonly string[], send: (message: Message) => void): number {
  const command = args.find((arg) => Object.hasOwn(COMMANDS, arg))
  const { code, message, exitCode } = describeFailure(error, command)
  const json = args.includes('--json')
  if (!json && error instanceof NegativeResultError && error.text !== undefined)
    send({ kind: 'print', text: `${error.text}\n` })
  send({ kind: 'failure', text: `zkml: ${message}` })
  if (process.env.ZKML_DEBUG === '1' && error instanceof Error) send({ kind: 'failure', text: stackOf(error) })
  if (json) {
    const result = error instanceof NegativeResultError ? error.result : {}
    send({ kind: 'print', text: `${JSON.stringify({ ...result, ...errorJson(code, message) })}\n` })
  }
  return exitCode
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : ''
  return `${error.stack ?? error.message}${cause}`
}
