// SPDX-License-Identifier: GPL-3.0-or-later

import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { ZkmlClient } from '../../prover/client'

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string }

/** A `zkml serve` in a process of its own. */
export type ServeProcess = {
  readonly child: ChildProcess
  /** Lines of its log so far. */
  readonly log: () => readonly LogLine[]
  /** Lines on stderr that are not of the log. */
  readonly remarks: () => readonly string[]
  readonly stdout: () => string
  /** Waits for a line of the log. */
  readonly line: (message: string) => Promise<LogLine>
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** A client with the operator's token, once it is ready. */
  readonly client: () => Promise<ZkmlClient>
  /** Asks for a proof, and does not wait for it. Returns the id of the job. */
  readonly ask: (model: string, input: readonly number[]) => Promise<string>
  /** Ids of the processes that make proofs, once they are ready; needs the log level debug. */
  readonly provers: () => Promise<readonly number[]>
}

/** Starts a daemon. */
export function startServe(main: string, cwd: string, args: readonly string[]): ServeProcess {
  const child = spawn(process.execPath, [main, 'serve', ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString('utf8')))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString('utf8')))
  let isOver = false
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => {
      isOver = true
      resolve(code ?? signal!)
    })
  })
  const lines = () => stderr.split('\n').slice(0, -1)
  const log = () =>
    lines()
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
  const line = async (message: string) => {
    const find = () => log().find(({ msg }) => msg === message)
    while (!isOver && find() === undefined) await setTimeout(10)
    const found = find()
    if (found === undefined) throw new Error(`the daemon ended without saying "${message}": ${stderr}`)
    return found
  }
  const access = async () => {
    const { url, tokenFile } = await line('zkml is ready')
    return { url: String(url), token: readFileSync(String(tokenFile), 'utf8').trim() }
  }
  return {
    child,
    log,
    remarks: () => lines().filter((text) => text !== '' && !text.startsWith('{')),
    stdout: () => stdout,
    line,
    ended,
    client: async () => new ZkmlClient(await access()),
    ask: async (model, input) => {
      const { url, token } = await access()
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ model, prove: true, input_data: [input] })
      const answer = await fetch(`${url}/v1/inferences`, { method: 'POST', headers, body })
      return ((await answer.json()) as { readonly id: string }).id
    },
    provers: async () => {
      await line('zkml is ready')
      return log()
        .filter(({ msg, role }) => msg === 'a prover process is ready' && role === 'prover')
        .map(({ pid }) => Number(pid))
    },
  }
}
