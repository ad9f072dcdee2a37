// SPDX-License-Identifier: GPL-3.0-or-later

import { CommanderError } from 'commander'
import { ZkmlError } from '../errors'
import { EXIT } from './messages'

/** An option is unknown, missing, malformed, or does not go with another. */
export class UsageError extends ZkmlError {
  readonly code = 'USAGE'
}

/** A file that was named on the command line cannot be used. */
export class FileError extends ZkmlError {
  readonly code = 'FILE_UNUSABLE'
}

/** No recipe is as accurate as was asked for. */
export class TargetError extends ZkmlError {
  readonly code = 'TARGET_NOT_MET'
}

/** A command did its work, and the answer is no. */
export class NegativeResultError extends ZkmlError {
  constructor(
    readonly code: string,
    message: string,
    /** Printed with `--json`, together with the error. */
    readonly result: object,
    /** Printed without it, before the error. */
    readonly text?: string,
  ) {
    super(message)
  }
}

/** What is said of an error: a stable code, one line, an exit code. */
export type Failure = { readonly code: string; readonly message: string; readonly exitCode: number }

/** Turns whatever was thrown into one sentence. */
export function describeFailure(error: unknown, command: string | undefined): Failure {
  if (error instanceof CommanderError || error instanceof UsageError) {
    const help = `run "zkml ${command === undefined ? '' : `${command} `}--help"`
    const message = oneLine(error.message.replace(/^error: /, ''))
    return {
      code: 'USAGE',
      message: message.includes(' --help"') ? message : `${message}; ${help}`,
      exitCode: EXIT.usage,
    }
  }
  if (error instanceof ZkmlError) return { code: error.code, message: oneLine(error.message), exitCode: EXIT.failure }
  const message = oneLine(error instanceof Error ? error.message : String(error))
  const { code, syscall } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && typeof syscall === 'string') {
    return {
      code: 'SYSTEM',
      message: `the system refused: ${message}; check the path, its permissions and free space`,
      exitCode: EXIT.failure,
    }
  }
  return {
    code: 'INTERNAL',
    message: `unexpected error: ${message}; run again with ZKML_DEBUG=1 and report what it prints`,
    exitCode: EXIT.failure,
  }
}

/** Messages quote compilers and files, and may contain line breaks and control characters. */
function oneLine(message: string): string {
  return message.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim() || 'no reason was given'
}
