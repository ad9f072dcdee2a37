// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { compileModel, compileReport, saveModel, setupModel } from '../../../prover/pipeline'
import type { Log } from '../../../prover/service/log'
import { createMetrics, type Metrics } from '../../../prover/service/metrics'
import type * as sources from '../../../prover/service/pool'
import type { PoolOptions, ProverPool } from '../../../prover/service/pool'
import { buildCli } from '../../cli/support'
import { quantizeModel } from '../../support/linked-model'
import { SMALL_MODELS } from '../../support/small-models'

/** A folder with compiled models and their keys. */
export type ModelFolders = { readonly of: (name: string) => string; readonly remove: () => void }

/** Compiles small models and makes their keys; `models` gives each its folder's name. */
export async function makeModels(models: Readonly<Record<string, keyof typeof SMALL_MODELS>>): Promise<ModelFolders> {
  const root = mkdtempSync(join(tmpdir(), 'zkml-pool-'))
  for (const [name, source] of Object.entries(models)) {
    const { spec, ...options } = SMALL_MODELS[source]!
    const { bytes, recipe } = quantizeModel(spec, options)
    const model = await compileModel(bytes, { recipe })
    await saveModel(join(root, name), name, model, compileReport(model))
    await setupModel(join(root, name), { dev: true })
  }
  return { of: (name) => join(root, name), remove: () => rmSync(root, { recursive: true, force: true }) }
}

/** Folder of the sources as JavaScript. */
export function builtSources(): string {
  return join(dirname(buildCli()), '..')
}

/** The pool as the published program has it: from JavaScript, whose processes start faster. */
export function builtPool(): typeof sources {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require(join(builtSources(), 'service', 'pool')) as typeof sources
}

/** A pool with everything that was logged of it. */
export type Watched = {
  readonly pool: ProverPool
  readonly metrics: Metrics
  readonly lines: readonly Line[]
  /** Process ids of a role, in the order in which they were ready. */
  readonly pids: (role: 'prover' | 'runner') => number[]
  /** Waits until so many processes of a role have been ready. */
  readonly until: (role: 'prover' | 'runner', count: number) => Promise<number[]>
}

type Line = { readonly level: string; readonly message: string; readonly fields: Readonly<Record<string, unknown>> }

const LIMITS = { provers: 1, timeoutSeconds: 60, recycleAfter: 1000, maxResidentBytes: 2 ** 33, maxModels: 4 }

export async function watchedPool(
  create: (options: PoolOptions) => Promise<ProverPool>,
  options: Partial<PoolOptions> = {},
): Promise<Watched> {
  const lines: Line[] = []
  const metrics = createMetrics()
  const pool = await create({ ...LIMITS, metrics, log: recorder(lines, {}), ...options })
  const pids = (role: string) =>
    lines
      .filter(({ message, fields }) => message === 'a prover process is ready' && fields.role === role)
      .map(({ fields }) => fields.pid as number)
  const until = async (role: string, count: number) => {
    while (pids(role).length < count) await pause()
    return pids(role)
  }
  return { pool, metrics, lines, pids, until }
}

function recorder(lines: Line[], bound: object): Log {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: { ...bound, ...fields } })
  const child = (fields: object) => recorder(lines, { ...bound, ...fields })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child }
}

/** A moment for other processes. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** What a promise is rejected with. */
export async function refusal(promise: Promise<unknown>): Promise<Error & { code?: string; transient?: boolean }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
