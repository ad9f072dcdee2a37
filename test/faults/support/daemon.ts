// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Wallet } from 'ethers'
import type { ChainConfig, Config } from '../../../prover/service/config'
import type { Market } from './market'
import { freePort } from './postgres'
import { startProgram, type Program } from './process'
import { eventually } from './wait'

const MAIN = join(__dirname, '..', '..', '..', 'dist', 'prover', 'cli', 'main.js')

/** One chain of a daemon. */
export type DaemonChain = {
  readonly market: Market
  /** Endpoints, in order. */
  readonly rpc: readonly string[]
  readonly account: Wallet
  readonly settings?: Partial<Omit<ChainConfig, 'market'>> & { readonly market?: Partial<ChainConfig['market']> }
}

/** How a daemon is run. */
export type DaemonOptions = {
  readonly chains: readonly DaemonChain[]
  /** Folders of models. */
  readonly models: readonly string[]
  /** Server of a fleet; a database of its own otherwise. */
  readonly database?: string
  /** Of inputs at rest, 32 bytes in hex; the same for all of a fleet. */
  readonly dataKey?: string
  /** Sections of the configuration that replace those made here. */
  readonly config?: Partial<Config>
  /** Cores it may use, as `taskset` takes them; all when absent. */
  readonly cores?: string
  /** Files that Node runs first, in the daemon and what it starts. */
  readonly preload?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Further strings that must be in no log. */
  readonly secrets?: readonly string[]
}

/** A `zkml serve` in a process of its own, that can be ended and started again as often as a test wants. */
export type Daemon = {
  readonly url: string
  /** Of the API, with all scopes. */
  readonly token: string
  readonly stateDir: string
  readonly isRunning: boolean
  /** While it runs: of the process that does the work and has the prover processes as its children. */
  readonly pid: number
  /** Starts it and waits until it says that it is ready. */
  start(): Promise<void>
  /** Starts it, without waiting. */
  launch(): void
  ready(milliseconds?: number): Promise<void>
  /** SIGKILL: to it and its prover processes, as when a machine dies, or to it alone. */
  kill(whom?: 'all' | 'alone'): Promise<void>
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | NodeJS.Signals>
  request(path: string, init?: RequestInit): Promise<Response>
  /** Lines of a metric whose labels match. */
  samples(name: string, labels?: Readonly<Record<string, string>>): Promise<readonly Sample[]>
  /** Their sum. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>
  /** Jobs that are not in a final state, and transactions that are not settled. */
  workload(): Promise<{ readonly jobs: number; readonly transactions: number }>
  /** Everything it has ever printed. */
  log(): string
  keepSecret(...values: readonly string[]): void
  /** Secrets that are in its log: none, one hopes. */
  revealed(): readonly string[]
  /** Ends it for good and removes its files. */
  remove(): Promise<void>
}

const UNFINISHED = ['received', 'waiting', 'locking', 'proving', 'submitting'] as const

/** Quick rhythms, so that tests are. */
function configuration(options: DaemonOptions, port: number, stateDir: string, token: string): object {
  return {
    stateDir,
    database: options.database === undefined ? {} : { url: options.database },
    models: options.models,
    accounts: Object.fromEntries(options.chains.map((_, i) => [`account${i}`, { privateKeyEnv: keyVariable(i) }])),
    chains: options.chains.map(({ market, rpc, settings }, i) => ({
      chainId: market.chainId,
      rpc,
      coordinator: market.coordinatorAddress,
      account: `account${i}`,
      startBlock: market.since,
      confirmations: 3,
      pollSeconds: 0.1,
      bumpAfterSeconds: 1,
      spendCap: '100 ether',
      ...settings,
      market: { trustedVerifiers: market.trustedVerifiers, ...settings?.market },
    })),
    prover: { processes: 1 },
    api: {
      port,
      tokens: [
        {
          name: 'tests',
          sha256: createHash('sha256').update(token).digest('hex'),
          scopes: ['read', 'infer', 'prove', 'submit', 'admin'],
        },
      ],
      requestsPerMinute: 1_000_000,
      proofsPerMinute: 1_000_000,
    },
    log: { level: 'debug' },
    shutdownSeconds: 5,
    ...options.config,
  }
}

const keyVariable = (index: number): string => `ZKML_FAULTS_KEY_${index}`

/** Prepares a daemon; it does not run until it is started. */
export async function createDaemon(options: DaemonOptions): Promise<Daemon> {
  const port = await freePort()
  const stateDir = mkdtempSync(join(tmpdir(), 'zkml-daemon-'))
  const token = randomBytes(24).toString('base64url')
  const file = join(stateDir, 'config.json')
  writeFileSync(file, JSON.stringify(configuration(options, port, join(stateDir, 'state'), token)))
  const keys = Object.fromEntries(options.chains.map(({ account }, i) => [keyVariable(i), account.privateKey]))
  const preload = (options.preload ?? []).map((path) => `--require ${path}`).join(' ')
  const dataKey = options.dataKey ?? randomBytes(32).toString('hex')
  const env = {
    ...process.env,
    ...keys,
    ZKML_DATA_KEY: dataKey,
    ...options.env,
    NODE_OPTIONS: [process.env.NODE_OPTIONS, preload].filter(Boolean).join(' '),
  }
  const secrets = [token, dataKey, ...Object.values(keys).map((key) => key.slice(2)), ...(options.secrets ?? [])]
  const url = `http://127.0.0.1:${port}`
  const runs: Program[] = []
  let isRunning = false

  const log = (): string => runs.map((run) => run.output()).join('\n')
  const current = (): Program => {
    const run = runs.at(-1)
    if (run === undefined || !isRunning) throw new Error('The daemon does not run.')
    return run
  }
  /** The command line is one process and the daemon another, which leaves its id in the state folder. */
  const note = join(stateDir, 'state', 'daemon.json')
  const workingPid = (run: Program): number =>
    existsSync(note) ? (JSON.parse(readFileSync(note, 'utf8')) as { readonly pid: number }).pid : run.pid
  const request = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })
  const metrics = async (): Promise<readonly Sample[]> => parseMetrics(await (await request('/metrics')).text())
  const samples = async (name: string, labels: Sample['labels'] = {}): Promise<readonly Sample[]> =>
    (await metrics())
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))

  const launch = (): void => {
    if (isRunning) throw new Error('The daemon runs already.')
    // That of an earlier run may be the id of a stranger by now.
    rmSync(note, { force: true })
    const command = [process.execPath, MAIN, 'serve', '--config', file]
    const [program, ...args] = options.cores === undefined ? command : ['taskset', '-c', options.cores, ...command]
    runs.push(startProgram(program!, args, { env, cwd: stateDir }))
    isRunning = true
  }
  const ready = async (milliseconds = 60_000): Promise<void> => {
    const run = current()
    let ended: number | NodeJS.Signals | undefined
    void run.ended.then((result) => (ended = result))
    await eventually(
      async () => {
        if (ended !== undefined)
          throw new Error(`The daemon ended with ${String(ended)} before it was ready:\n${lastLines(run.output())}`)
        const answer = await request('/readyz').catch(() => undefined)
        return answer?.ok
      },
      () => `the daemon is ready:\n${lastLines(run.output())}`,
      milliseconds,
    )
  }

  return {
    url,
    token,
    stateDir,
    get isRunning() {
      return isRunning
    },
    get pid() {
      return workingPid(current())
    },
    launch,
    ready,
    async start() {
      launch()
      await ready()
    },
    async kill(whom = 'all') {
      const run = current()
      if (whom === 'all') await run.stop('SIGKILL')
      else {
        process.kill(workingPid(run), 'SIGKILL')
        await run.ended
      }
      isRunning = false
    },
    async stop() {
      // Its other processes are its own to end.
      const code = await current().stop('SIGTERM', 'alone')
      isRunning = false
      return code
    },
    request,
    samples,
    metric: async (name, labels) => (await samples(name, labels)).reduce((sum, { value }) => sum + value, 0),
    async workload() {
      const all = await metrics()
      const sum = (wanted: string, states?: readonly string[]): number =>
        all
          .filter(
            ({ name, labels }) => name === wanted && (states === undefined || states.includes(labels.state ?? '')),
          )
          .reduce((total, { value }) => total + value, 0)
      return { jobs: sum('zkml_jobs', UNFINISHED), transactions: sum('zkml_lane_pending') }
    },
    log,
    keepSecret: (...values) => void secrets.push(...values),
    revealed() {
      const operator = join(stateDir, 'state', 'api.token')
      const all = [...secrets, ...(existsSync(operator) ? [readFileSync(operator, 'utf8').trim()] : [])]
      return all.filter((secret) => log().toLowerCase().includes(secret.toLowerCase()))
    },
    async remove() {
      await Promise.all(runs.map((run) => run.stop('SIGKILL')))
      isRunning = false
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

/** The end of a log, for the message of a failure; without what tests themselves keep asking. */
export function lastLines(text: string, count = 40): string {
  const lines = text.trimEnd().split('\n')
  return lines
    .filter((line) => !/"route":"\/(metrics|readyz|healthz)"/.test(line))
    .slice(-count)
    .join('\n')
}

/** One line of `/metrics`. */
export type Sample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (match === null) return []
    const labels = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key!, value!])
    return [{ name: match[1]!, labels: Object.fromEntries(labels) as Record<string, string>, value: Number(match[3]) }]
  })
}
