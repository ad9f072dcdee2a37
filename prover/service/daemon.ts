// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { AddressInfo } from 'node:net'
import { listenError, localUrl, removeAddress, writeAddress } from './address'
import { apiConfig, createApi } from './api'
import { createBackend } from './backend'
import { ArtefactStore, createCatalogue } from './artefacts'
import { createChainUnit, type ChainUnit } from './chain-unit'
import { maskConfig, openAccount, type Config } from './config'
import { createLog, type Log } from './log'
import { startMaintenance } from './maintenance'
import { createMetrics, type Metrics } from './metrics'
import { GasTracker, JobBoard, startWorkers, type PlannerContext, type Workers } from './planner'
import { createProverPool } from './pool'
import { Shutdown } from './shutdown'
import { deriveKey, loadDataKey, openStore, type Store } from './store'
import { operatorToken, operatorTokenFile, tokenHash } from './token-file'

export type DaemonOptions = {
  readonly log?: Log
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** A running daemon. */
export type Daemon = {
  /** Base URL of its API. */
  readonly url: string
  /** File with the operator's token. */
  readonly tokenFile: string
  /** How many models it serves. */
  readonly models: number
  /** Takes no more work, lets what runs finish for `shutdownSeconds`, and ends. What is not finished goes on after the next start. */
  stop(): Promise<void>
}

/** Market jobs that are decided at once. */
const PLANNERS = 4

/**
 * Starts the daemon: store, prover processes, chains, workers and API, in this order; in the reverse one when something fails, and on
 * `stop`.
 *
 * @throws ConfigError and the errors of the parts
 * @example
 * ```ts
 * const daemon = await startDaemon(loadConfig({ file: 'zkml.json' }))
 * console.log(daemon.url)
 * await daemon.stop()
 * ```
 */
export async function startDaemon(config: Config, options: DaemonOptions = {}): Promise<Daemon> {
  const env = options.env ?? process.env
  const log = options.log ?? createLog(config.log.level)
  const shutdown = new Shutdown(log)
  try {
    return await start(config, env, log, shutdown)
  } catch (error) {
    await shutdown.run()
    throw error
  }
}

async function start(
  config: Config,
  env: NonNullable<DaemonOptions['env']>,
  log: Log,
  shutdown: Shutdown,
): Promise<Daemon> {
  const started = performance.now()
  const stateDir = resolve(config.stateDir)
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  log.info({ config: maskConfig(config) }, 'zkml starts')
  const metrics = createMetrics()

  const dataKey = readDataKey(config, stateDir, env)
  const opening = [
    open(config, stateDir, dataKey, metrics, log).then((opened) => {
      shutdown.add('store', () => opened.close())
      return opened
    }),
    createProverPool({ ...poolLimits(config), metrics, log }).then((opened) => {
      shutdown.add('prover pool', () => opened.close())
      return opened
    }),
  ] as const
  // What one of them fails with is thrown when the other has come up too, so that it is stopped.
  await Promise.allSettled(opening)
  const [store, pool] = await Promise.all(opening)
  const artefacts = await ArtefactStore.open(join(stateDir, 'artefacts'), { ...artefactLimits(config), metrics, log })
  const catalogue = await createCatalogue({
    folders: config.models,
    store: artefacts,
    fetch: fetchPolicy(config),
    places: config.artefacts,
    metrics,
    log,
  })

  const accounts = new Map(
    await Promise.all(
      Object.entries(config.accounts).map(
        async ([name, account]) => [name, await openAccount(name, account, env)] as const,
      ),
    ),
  )
  const chains = new Map<number, ChainUnit>()
  for (const chain of config.chains) {
    const account = chain.account === undefined ? undefined : accounts.get(chain.account)
    const unit = createChainUnit({ config: chain, account, store, metrics, log, dryRun: config.dryRun })
    chains.set(chain.chainId, unit)
    shutdown.add(`chain ${chain.chainId}`, () => unit.stop())
  }

  const planner: PlannerContext = {
    store,
    board: new JobBoard(store, metrics),
    catalogue,
    pool,
    chains: new Map([...chains].flatMap(([id, { served }]) => (served ? [[id, served] as const] : []))),
    gas: new GasTracker(),
    metrics,
    log,
    dryRun: config.dryRun,
  }
  const workers: Workers = startWorkers(planner, PLANNERS)
  shutdown.add('workers', () => workers.stop(config.shutdownSeconds * 1000))
  for (const unit of chains.values()) {
    unit.start(planner)
    shutdown.add(`discovery of chain ${unit.chainId}`, () => unit.stopDiscovery())
  }

  const token = await operatorToken(stateDir)
  const backend = createBackend({ planner, chains, workers, config })
  const readiness = () => backend.readiness()
  const { retention } = config
  shutdown.add(
    'housekeeping',
    startMaintenance({ store, board: planner.board, pool, readiness, metrics, log, retention }),
  )

  const api = await createApi({
    backend,
    store,
    config: apiConfig(config.api, tokenHash(token)),
    idempotencySecret: deriveKey(dataKey, 'idempotency'),
    metrics,
    log,
  })
  shutdown.add('API', () => api.close())
  const { host } = config.api
  await api.listen({ host, port: config.api.port }).catch((error: unknown) => {
    throw listenError(config.api, error)
  })
  const { port } = api.server.address() as AddressInfo
  const url = localUrl(host, port)
  await writeAddress(stateDir, url)
  shutdown.add('address', () => removeAddress(stateDir))
  const models = catalogue.list().length
  const tokenFile = operatorTokenFile(stateDir)
  log.info({ url, models, tokenFile, milliseconds: Math.round(performance.now() - started) }, 'zkml is ready')
  return { url, tokenFile, models, stop: () => shutdown.run() }
}

function readDataKey({ database }: Config, stateDir: string, env: NonNullable<DaemonOptions['env']>): Uint8Array {
  return loadDataKey({ ...(database.url === undefined && { stateDir }), env })
}

function open(
  { database: { url } }: Config,
  stateDir: string,
  dataKey: Uint8Array,
  metrics: Metrics,
  log: Log,
): Promise<Store> {
  return openStore(url === undefined ? { stateDir } : { databaseUrl: url }, { dataKey, log, metrics })
}

const MEBIBYTE = 2 ** 20

function poolLimits({ prover }: Config) {
  return {
    provers: prover.processes,
    timeoutSeconds: prover.timeoutSeconds,
    recycleAfter: prover.recycleAfter,
    maxResidentBytes: prover.maxResidentMegabytes * MEBIBYTE,
    maxModels: prover.maxModels,
    backend: prover.backend,
  }
}

function artefactLimits({ artefacts }: Config) {
  return {
    maxFileBytes: artefacts.maxFileMegabytes * MEBIBYTE,
    maxStoreBytes: artefacts.maxStoreMegabytes * MEBIBYTE,
  }
}

/** Whose artefacts may be fetched: of the models that any chain's market is to serve. */
function fetchPolicy({ chains }: Config): 'never' | 'any' | readonly bigint[] {
  const policies = chains.map(({ market }) => market.models)
  if (policies.includes('any')) return 'any'
  const listed = policies.flatMap((models) => (Array.isArray(models) ? models : []))
  return listed.length > 0 ? listed.map(BigInt) : 'never'
}
