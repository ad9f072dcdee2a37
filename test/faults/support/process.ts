// SPDX-License-Identifier: GPL-3.0-or-later

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { PATIENCE } from './wait'

/** A program that a test started, with all it has printed. */
export type Program = {
  readonly pid: number
  readonly child: ChildProcess
  /** Standard output and error, in the order they came. */
  output(): string
  /** Waits until the output has a match; fails when the program ends first. */
  printed(pattern: RegExp, milliseconds?: number): Promise<RegExpExecArray>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** Sends a signal to it and all it started, or to it alone, and waits for its end. */
  stop(signal?: NodeJS.Signals, whom?: 'all' | 'alone'): Promise<number | NodeJS.Signals>
}

/** Process groups that may have members, even when their first one has ended. */
const groups = new Set<ChildProcess>()

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // All of them have ended.
  }
}

// However this process ends, short of SIGKILL, nothing it started goes on.
process.once('exit', () => groups.forEach((child) => signalGroup(child, 'SIGKILL')))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

/** Starts a program in a process group of its own. */
export function startProgram(command: string, args: readonly string[], options: SpawnOptions = {}): Program {
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  groups.add(child)
  const chunks: string[] = []
  const watchers = new Set<() => void>()
  const receive = (chunk: Buffer) => {
    chunks.push(chunk.toString('utf8'))
    watchers.forEach((look) => look())
  }
  child.stdout?.on('data', receive)
  child.stderr?.on('data', receive)
  const output = () => chunks.join('')
  let end: number | NodeJS.Signals | undefined
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    const finish = (result: number | NodeJS.Signals) => {
      end = result
      resolve(result)
      watchers.forEach((look) => look())
    }
    child.once('error', (error) => {
      chunks.push(String(error))
      finish(127)
    })
    child.once('exit', (code, signal) => finish(code ?? signal ?? 1))
  })
  return {
    pid: child.pid ?? 0,
    child,
    output,
    ended,
    printed: (pattern, milliseconds = 30_000) =>
      new Promise((resolve, reject) => {
        const finish = (act: () => void) => {
          clearTimeout(timer)
          watchers.delete(look)
          act()
        }
        const fail = (what: string) =>
          finish(() => reject(new Error(`${command} ${what} before printing ${String(pattern)}:\n${output()}`)))
        const timer = setTimeout(() => fail('took too long'), milliseconds * PATIENCE)
        const look = () => {
          const match = pattern.exec(output())
          if (match !== null) finish(() => resolve(match))
          else if (end !== undefined) fail(`ended with ${end}`)
        }
        watchers.add(look)
        look()
      }),
    async stop(signal = 'SIGTERM', whom = 'all') {
      if (whom === 'all') signalGroup(child, signal)
      else if (end === undefined) child.kill(signal)
      return ended
    },
  }
}
