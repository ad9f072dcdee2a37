// SPDX-License-Identifier: GPL-3.0-or-later
import { fork, spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'
import * as ts from 'typescript'
import type { Message } from '../../prover/cli/messages'
import { projectFolder } from '../../prover/project'

/** What one run of `zkml` did. */
export type Run = {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Lines of stderr that are no progress. */
  readonly remarks: readonly string[]
}

export type RunOptions = {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with all of stderr so far whenever some arrives. */
  readonly onStderr?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void
  /** Called every few milliseconds until the process ends. */
  readonly onTick?: (kill: (signal: NodeJS.Signals) => void) => void
}

const PROGRESS = /^[a-z]+: \d+\.\d s$/
const TICK_MILLISECONDS = 5

/** Runs a built `zkml`. */
export function runCli(main: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    const kill = (signal: NodeJS.Signals) => child.kill(signal)
    const timer = options.onTick ? setInterval(() => options.onTick?.(kill), TICK_MILLISECONDS) : undefined
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString('utf8')))
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString('utf8')
      options.onStderr?.(stderr, kill)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(timer)
      const remarks = stderr.split('\n').filter((line) => line !== '' && !PROGRESS.test(line))
      resolve({ code, stdout, stderr, remarks })
    })
  })
}

/** Runs many command lines one after another in one process, as the worker behind `zkml` would run each. */
export type Session = { readonly run: (args: readonly string[]) => Promise<Run>; readonly close: () => void }

const SESSION = `
  const { runCli } = require('./run')
  process.on('message', async (args) => {
    const messages = []
    const code = await runCli(args, (message) => messages.push(message))
    process.send({ code, messages })
  })`

/** Starts a session; most of the time a command takes is that of loading the program. */
export function openSession(main: string, cwd: string): Session {
  const script = join(dirname(main), `session-${process.pid}.js`)
  writeFileSync(script, SESSION)
  const child = fork(script, {
    cwd,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, ZKML_DEBUG: '' },
  })
  const run = (args: readonly string[]) =>
    new Promise<Run>((resolve, reject) => {
      const died = () => reject(new Error(`the session died of zkml ${args.join(' ')}`))
      child.once('exit', died)
      child.once('message', (reply) => {
        child.off('exit', died)
        const { code, messages } = reply as { code: number; messages: readonly Message[] }
        const textOf = (...kinds: readonly string[]) =>
          messages.flatMap((message) => ('text' in message && kinds.includes(message.kind) ? [message.text] : []))
        const remarks = textOf('note', 'failure')
        resolve({ code, stdout: textOf('print').join(''), stderr: remarks.join('\n'), remarks })
      })
      child.send([...args])
    })
  const close = () => {
    child.disconnect()
    rmSync(script)
  }
  return { run, close }
}

/**
 * Compiles the sources to JavaScript, as the published program is, and returns the path of `main.js`. What has not
 * changed since the last time is not compiled again.
 */
export function buildCli(): string {
  const root = projectFolder()
  const out = join(root, '.zkml', 'build-test')
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')).config as object
  const { compilerOptions } = config as { compilerOptions: object }
  const { options } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, noEmit: false }, root)
  for (const source of sourcesIn(join(root, 'prover'))) {
    const target = join(out, relative(root, source)).replace(/\.ts$/, '.js')
    if (modified(target) > modified(source)) continue
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
      compilerOptions: options,
      fileName: source,
    })
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(`${target}.${process.pid}`, outputText, { mode: 0o755 })
    renameSync(`${target}.${process.pid}`, target)
  }
  return join(out, 'prover', 'cli', 'main.js')
}

function sourcesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return entries.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts')).map((name) => join(folder, name))
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1
}

/** A folder of its own, without symbolic links in its path. */
export function temporaryFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'zkml-cli-test-')))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** A port on which nobody listens: it stands for no service, and who asks for any free port does not get it. */
export const SILENT_PORT = 4

/** Every file below a folder with its size and time of change. */
export function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const stats = statSync(join(folder, name))
      return stats.isDirectory() ? `${name}/` : `${name} ${stats.size} ${stats.mtimeMs}`
    })
    .sort()
}

/** Checks that a run failed as every failure must: one sentence, no result, no stack trace. */
export function expectFailure(run: Run, pattern: RegExp, code = 1): void {
  expect(run.stderr).to.match(pattern)
  expect(run.remarks, run.stderr).to.have.length(1)
  expect(run.remarks[0]).to.match(/^zkml: .{10,600}$/)
  expect(run.stderr).not.to.match(/\n\s+at |unexpected error/)
  expect(run.stdout).to.equal('')
  expect(run.code).to.equal(code)
}

/** The one JSON object of a run with `--json`. */
export function parseResult(run: Run): Record<string, unknown> {
  expect(run.code, run.stderr).to.equal(0)
  expect(run.stdout.endsWith('}\n'), run.stdout).to.equal(true)
  return JSON.parse(run.stdout) as Record<string, unknown>
}
