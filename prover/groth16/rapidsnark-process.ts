// SPDX-License-Identifier: GPL-3.0-or-later
import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'

import { ZkmlError } from '../errors'

/** The rapidsnark binary is not there, or cannot be run. */
export class RapidsnarkMissingError extends ZkmlError {
  readonly code = 'RAPIDSNARK_MISSING'

  constructor(binary: string, problem: string, cause?: unknown) {
    super(
      `rapidsnark at ${binary} cannot be run: ${problem}; set ZKML_RAPIDSNARK to its "prover" program, or choose ` +
        'another backend with ZKML_BACKEND',
      { cause },
    )
  }
}

/** The rapidsnark binary ended without a proof. */
export class RapidsnarkFailedError extends ZkmlError {
  readonly code = 'RAPIDSNARK_FAILED'

  constructor(binary: string, how: string, complaint: string) {
    const said = complaint === '' ? ' and said nothing' : `, saying "${complaint}"`
    super(`${binary} ended with ${how}${said}; check that it is for BN254, or set ZKML_BACKEND=snarkjs`)
  }
}

/** The rapidsnark binary took too long and was killed. */
export class RapidsnarkTimeoutError extends ZkmlError {
  readonly code = 'RAPIDSNARK_TIMEOUT'
  override readonly transient = true

  constructor(binary: string, milliseconds: number) {
    super(
      `${binary} was killed after ${milliseconds / 1000} s without a proof; give it more time or cores, or set ` +
        'ZKML_BACKEND=snarkjs',
    )
  }
}

/** What the program sees of the environment: nothing that could be a secret. */
const ENVIRONMENT = ['PATH', 'LANG', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH']
/** First descriptor after those of input, output and errors. */
const FIRST_EXTRA = 3
const MAX_STDERR = 4096
const MAX_COMPLAINT = 200

/**
 * Says why a program cannot be run, before one waits for a proof.
 *
 * @throws RapidsnarkMissingError
 */
export function checkExecutable(binary: string): void {
  let isFile: boolean
  try {
    isFile = statSync(binary).isFile()
    if (isFile) accessSync(binary, constants.X_OK)
  } catch (error) {
    throw new RapidsnarkMissingError(binary, startProblem(error), error)
  }
  if (!isFile) throw new RapidsnarkMissingError(binary, 'it is not a file')
}

export type ProgramRun = {
  readonly binary: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Open files that the program gets; {@link descriptorPath} tells it where. */
  readonly descriptors: readonly number[]
  readonly timeoutMilliseconds: number
  readonly signal?: AbortSignal | undefined
}

/** Under which path a program finds the n-th of its extra open files. */
export const descriptorPath = (n: number): string => `/dev/fd/${FIRST_EXTRA + n}`

/**
 * Runs a program, without a shell, to its end.
 *
 * @throws RapidsnarkMissingError, RapidsnarkFailedError, RapidsnarkTimeoutError, and the reason of the signal.
 */
export async function runProgram(run: ProgramRun): Promise<void> {
  const { binary, args, cwd, descriptors, timeoutMilliseconds, signal } = run
  signal?.throwIfAborted()
  const child = spawn(binary, [...args], {
    cwd,
    env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
    stdio: ['ignore', 'ignore', 'pipe', ...descriptors],
  })
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-MAX_STDERR)))

  let killedFor: 'timeout' | 'abort' | undefined
  const kill = (reason: 'timeout' | 'abort'): void => {
    killedFor ??= reason
    child.kill('SIGKILL')
    // What it started may live on and keep this end open.
    child.stderr!.destroy()
  }
  const abort = (): void => kill('abort')
  signal?.addEventListener('abort', abort)
  const timer = setTimeout(() => kill('timeout'), timeoutMilliseconds)
  try {
    const how = await new Promise<string | undefined>((resolve, reject) => {
      child.once('error', (error) => reject(new RapidsnarkMissingError(binary, startProblem(error), error)))
      child.once('close', (code, name) =>
        resolve(code === 0 ? undefined : name === null ? `code ${code}` : `signal ${name}`),
      )
    })
    if (killedFor === 'abort') signal!.throwIfAborted()
    if (killedFor === 'timeout') throw new RapidsnarkTimeoutError(binary, timeoutMilliseconds)
    if (how !== undefined) throw new RapidsnarkFailedError(binary, how, lastLine(stderr))
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function startProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
      return 'it is not executable'
    default:
      return message
  }
}

/** The last line that says something, short and printable. */
function lastLine(text: string): string {
  const lines = text.split('\n').map((line) => line.replaceAll(/\p{C}/gu, ' ').trim())
  return (lines.findLast((line) => line !== '') ?? '').slice(0, MAX_COMPLAINT)
}
