// SPDX-License-Identifier: GPL-3.0-or-later

import { availableParallelism, totalmem } from 'node:os'
import { basename, resolve } from 'node:path'
import { chooseBackend, type BackendName } from '../../groth16'
import type { InferenceProof, Verification } from '../../pipeline'
import type { Log } from '../log'
import type { Metrics } from '../metrics'
import { Crew, type CrewOptions } from './crew'
import type { WorkerOptions } from './messages'
import { ProveTimes } from './prove-times'
import {
  PROOFS_AHEAD,
  type PoolProof,
  type ProverPool,
  type ProveStage,
  type ProveTask,
  type QuantizedInput,
  type RunResult,
} from './types'

export type PoolOptions = {
  /** Proofs at once; {@link defaultProvers} when absent or 0. */
  readonly provers?: number
  /** Processes for runs and checks, 1 by default. A check of a large circuit holds up the runs behind it for seconds. */
  readonly runners?: number
  /** When a task is given up, counted from where a process begins it. */
  readonly timeoutSeconds: number
  /** Proofs and checks after which a process is replaced. */
  readonly recycleAfter: number
  /** A process that has grown beyond is replaced after its task. */
  readonly maxResidentBytes: number
  /** Models that a process keeps loaded. */
  readonly maxModels: number
  /** Threads of one proof. By default 1 or, where the number of proofs at once is given, the cores divided by it. */
  readonly threads?: number
  /** Name of the prover; `selectBackend` decides when absent. */
  readonly backend?: string | undefined
  readonly metrics: Metrics
  readonly log: Log
}

/** Memory that a process for proofs is expected to need, in bytes. */
const PROVER_BYTES = 2 ** 31
/** How many runs a process is handed ahead: enough that it never waits, few enough to divide them evenly. */
const RUNS_AHEAD = 64
/**
 * Milliseconds of a proof behind which another one may stand. Behind a slower one none does: another process, or another daemon of the
 * fleet, may begin it earlier.
 */
const QUICK_PROOF = 500
const GAUGE_MILLISECONDS = 5000
const ESTIMATE_MILLISECONDS = 250

/**
 * Proofs at once by default: one for each core but one that has 2 GiB of memory, each on a single thread. The core left over is for
 * the daemon, its database and the runs; a second prover on it made hardly more proofs, and everything else late.
 */
export function defaultProvers(): number {
  // 0 or absurdly large where nothing limits the process.
  const limit = process.constrainedMemory()
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return Math.max(1, Math.min(availableParallelism() - 1, Math.floor(memory / PROVER_BYTES)))
}

/**
 * Starts the processes of a pool.
 *
 * @throws ProverCrashedError when none can be started; BackendChoiceError, RapidsnarkMissingError.
 * @example
 * ```ts
 * const pool = await createProverPool({ ...limits, metrics, log })
 * const { proof } = await pool.prove({ folder, input: inputFromIntegers(schema, [['1', '-3']]), context: null })
 * await pool.close({ timeoutMs: 60_000 })
 * ```
 */
export async function createProverPool(options: PoolOptions): Promise<ProverPool> {
  const { name, why } = chooseBackend(options.backend)
  options.log.info({ backend: name, why }, 'backend of the prover pool')
  const pool = new Pool(options, name)
  try {
    await pool.started()
  } catch (error) {
    await pool.close()
    throw error
  }
  return pool
}

class Pool implements ProverPool {
  readonly capacity: number
  private readonly provers: Crew
  private readonly runners: Crew
  private readonly times = new ProveTimes()
  private readonly gauges: NodeJS.Timeout
  private closing: Promise<void> | undefined

  constructor(
    private readonly options: PoolOptions,
    backend: BackendName,
  ) {
    const { maxModels, metrics } = options
    this.capacity = options.provers || defaultProvers()
    // Who chooses the number of proofs shares all cores among them; otherwise one stays free.
    const share = options.provers ? Math.floor(availableParallelism() / options.provers) : 1
    const threads = options.threads ?? Math.max(1, share)
    const worker = { maxModels, backend, parent: process.pid }
    this.provers = this.crew(this.capacity, PROOFS_AHEAD, { ...worker, role: 'prover', threads })
    this.runners = this.crew(options.runners ?? 1, RUNS_AHEAD, { ...worker, role: 'runner', threads: 1 })
    this.gauges = setInterval(() => metrics.proverBytes.set(this.residentBytes()), GAUGE_MILLISECONDS).unref()
  }

  get wanted(): number {
    return this.capacity * (isQuickProof(this.times.median()) ? PROOFS_AHEAD : 1)
  }

  async started(): Promise<void> {
    await Promise.all([this.provers.started(), this.runners.started()])
  }

  async prove({ folder, input, context, salts, signal, onProgress }: ProveTask): Promise<PoolProof> {
    const place = resolve(folder)
    const expected = this.times.median(place)
    const isQuick = isQuickProof(expected)
    const estimate = onProgress && new Estimate(onProgress, expected)
    const work = { kind: 'prove', folder: place, input, context, ...(salts && { salts }) } as const
    try {
      const proof = (await this.provers.do(work, { isQuick, signal, onProgress: estimate?.tell })) as PoolProof
      const milliseconds = proof.milliseconds.witness + proof.milliseconds.prove
      this.times.add(place, milliseconds)
      this.options.metrics.proveSeconds.observe({ model: basename(place) }, milliseconds / 1000)
      return proof
    } finally {
      estimate?.stop()
    }
  }

  async run(folder: string, input: QuantizedInput): Promise<RunResult> {
    return (await this.runners.do({ kind: 'run', folder: resolve(folder), input })) as RunResult
  }

  async check(folder: string, input: QuantizedInput, salts?: readonly bigint[], signal?: AbortSignal): Promise<void> {
    await this.runners.do({ kind: 'check', folder: resolve(folder), input, ...(salts && { salts }) }, { signal })
  }

  async verify(folder: string, statement: InferenceProof): Promise<Verification> {
    return (await this.runners.do({ kind: 'verify', folder: resolve(folder), statement })) as Verification
  }

  async warm(folder: string): Promise<void> {
    const work = { kind: 'warm', folder: resolve(folder) } as const
    await Promise.all([this.provers.everyone(work), this.runners.everyone(work)])
  }

  proveTime(folder: string): number | undefined {
    return this.times.median(resolve(folder))
  }

  usage() {
    const { provers, runners } = this
    return Promise.resolve({
      processes: provers.processes + runners.processes,
      residentBytes: this.residentBytes(),
      busy: provers.busy + runners.busy,
    })
  }

  close({ timeoutMs = 0 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    return (this.closing ??= this.end(timeoutMs))
  }

  private async end(timeoutMs: number): Promise<void> {
    clearInterval(this.gauges)
    await Promise.all([this.provers.close(timeoutMs), this.runners.close(timeoutMs)])
    this.show()
    this.options.metrics.proverBytes.set(0)
  }

  private crew(size: number, depth: number, worker: WorkerOptions): Crew {
    const { timeoutSeconds, recycleAfter, maxResidentBytes, log, metrics } = this.options
    const limits = { timeoutSeconds, recycleAfter, maxResidentBytes }
    const told: Pick<CrewOptions, 'onCrash' | 'onChange'> = {
      onCrash: () => metrics.proverCrashes.inc(),
      onChange: () => this.show(),
    }
    return new Crew({ size, depth, worker, ...limits, ...told, log: log.child({ role: worker.role }) })
  }

  private residentBytes(): number {
    return this.provers.residentBytes + this.runners.residentBytes
  }

  private show(): void {
    const { metrics } = this.options
    metrics.proverProcesses.set(this.provers.processes + this.runners.processes)
    metrics.proverBusy.set(this.provers.busy + this.runners.busy)
  }
}

function isQuickProof(milliseconds: number | undefined): boolean {
  return milliseconds !== undefined && milliseconds <= QUICK_PROOF
}

/** Progress of a proof. A backend tells nothing between its beginning and its end, so that is guessed from earlier ones. */
class Estimate {
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly onProgress: (stage: ProveStage, fraction: number) => void,
    private readonly expected: number | undefined,
  ) {}

  readonly tell = (stage: ProveStage, fraction: number): void => {
    this.stop()
    this.onProgress(stage, fraction)
    const { expected } = this
    if (stage !== 'prove' || fraction > 0 || expected === undefined) return
    const started = performance.now()
    this.timer = setInterval(() => {
      this.onProgress('prove', Math.min((performance.now() - started) / expected, 0.99))
    }, ESTIMATE_MILLISECONDS)
  }

  stop(): void {
    clearInterval(this.timer)
  }
}
