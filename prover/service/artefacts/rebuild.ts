// SPDX-License-Identifier: GPL-3.0-or-later

import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { ServiceError } from '../errors'
import { StoreFullError } from './partial-file'
import { ArtefactMismatchError, type RebuildTask } from './rebuild-model'
import type { RebuildReply } from './rebuild-worker'

/** A registered model is not here, and cannot or must not be fetched and rebuilt. */
export class ModelUnavailableError extends ServiceError {
  readonly code = 'MODEL_UNAVAILABLE'
}

/** What the rebuilding of one model may take. */
export type RebuildLimits = {
  readonly seconds: number
  /** Of JavaScript's heap everywhere, and on Linux of all memory of the process. */
  readonly megabytes: number
}

export const DEFAULT_REBUILD_LIMITS: RebuildLimits = { seconds: 900, megabytes: 4096 }

/** How a model is rebuilt; see `rebuildModel` for what has to be done. */
export type Rebuild = (task: RebuildTask, signal: AbortSignal) => Promise<void>

/** All that a process which reads hostile files is told of its surroundings. */
const ENVIRONMENT = ['PATH', 'HOME', 'SystemRoot', 'LANG', 'ZKML_CACHE']
const WATCH_MILLISECONDS = 200

/**
 * Rebuilds a foreign model in a process of its own: an ONNX file can be made to take any amount of time and memory.
 *
 * @throws ModelUnavailableError, ArtefactMismatchError, StoreFullError
 */
export async function rebuildApart(
  task: RebuildTask,
  signal: AbortSignal,
  limits = DEFAULT_REBUILD_LIMITS,
): Promise<void> {
  signal.throwIfAborted()
  const child = startWorker(task.folder, limits)
  let stoppedFor: string | undefined
  const stop = (reason: string) => {
    stoppedFor ??= reason
    child.kill('SIGKILL')
  }
  const onAbort = () => stop('it was not wanted any more')
  const timer = setTimeout(() => stop(`it took more than ${limits.seconds} s`), 1000 * limits.seconds)
  const watch = setInterval(() => {
    if (residentMegabytes(child.pid) > limits.megabytes) stop(`it took more than ${limits.megabytes} MB of memory`)
  }, WATCH_MILLISECONDS)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const reply = await replyOf(child, task)
    signal.throwIfAborted()
    if (!reply)
      throw new ModelUnavailableError(`the model cannot be rebuilt: ${stoppedFor ?? 'the process that did it crashed'}`)
    if (reply.failure) throw errorOf(reply.failure)
  } finally {
    clearTimeout(timer)
    clearInterval(watch)
    signal.removeEventListener('abort', onAbort)
    child.kill('SIGKILL')
  }
}

/** Starts the worker from the same kind of file as this one: JavaScript when built, TypeScript under ts-node. */
function startWorker(cwd: string, { megabytes }: RebuildLimits): ChildProcess {
  const extension = extname(__filename)
  const isSource = extension === '.ts'
  const env = Object.fromEntries(ENVIRONMENT.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
  return fork(join(__dirname, `rebuild-worker${extension}`), {
    cwd,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // Its temporary files vanish with the folder, however it ends.
    env: { ...env, TMPDIR: cwd, ...(isSource && { TS_NODE_CWD: __dirname }) },
    execArgv: [
      `--max-old-space-size=${megabytes}`,
      ...(isSource ? ['-r', require.resolve('ts-node/register/transpile-only')] : []),
    ],
  })
}

/** The worker's answer, or nothing when it ended without one. */
function replyOf(child: ChildProcess, task: RebuildTask): Promise<RebuildReply | undefined> {
  return new Promise((resolve) => {
    child.once('message', (reply) => resolve(reply as RebuildReply))
    child.once('error', () => resolve(undefined))
    child.once('exit', () => resolve(undefined))
    child.send(task, () => undefined)
  })
}

function errorOf({ code, message }: NonNullable<RebuildReply['failure']>): ServiceError {
  if (code === 'ARTEFACT_MISMATCH') return new ArtefactMismatchError(message)
  if (code === 'ARTEFACT_STORE_FULL') return new StoreFullError(message)
  return new ModelUnavailableError(`the model cannot be rebuilt: ${message} (${code})`)
}

function residentMegabytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}
