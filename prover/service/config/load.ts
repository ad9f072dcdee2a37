// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Value, ValueErrorType } from '@sinclair/typebox/value'
import { formatUnits, parseUnits } from 'ethers'
import { checkApi } from './api'
import { ConfigError } from './error'
import { ConfigSchema, type Config } from './schema'

/** What flags of `zkml serve` say; each wins over environment and file. */
export type ConfigFlags = {
  readonly file?: string
  readonly stateDir?: string
  readonly models?: readonly string[]
  readonly host?: string
  readonly port?: number
  readonly logLevel?: string
  readonly dryRun?: boolean
}

type Environment = Readonly<Record<string, string | undefined>>
type Json = Record<string, unknown>

/**
 * The configuration of file, environment and flags, in rising order of weight, with every default filled in. Relative paths of the
 * file are relative to the file.
 *
 * Environment: `ZKML_STATE_DIR`, `DATABASE_URL`, `ZKML_MODELS` (paths with colons between), `ZKML_HOST`, `ZKML_PORT`,
 * `ZKML_LOG_LEVEL`, `ZKML_DRY_RUN` and `ZKML_RPC_<chain id>` (URLs with commas between, in place of those of the file).
 *
 * @throws ConfigError
 */
export function loadConfig(flags: ConfigFlags, env: Environment = process.env): Config {
  const config = flags.file === undefined ? {} : readFile(flags.file)
  applyEnvironment(config, env)
  applyFlags(config, flags)
  return checkConfig(config)
}

/** Fills in defaults and checks a configuration given as an object. */
export function checkConfig(value: unknown): Config {
  const config = Value.Default(ConfigSchema, Value.Clone(value))
  const [problem] = Value.Errors(ConfigSchema, config)
  if (problem) {
    const where = problem.path.slice(1).replaceAll('/', '.') || 'the configuration'
    if (problem.type === ValueErrorType.ObjectAdditionalProperties)
      throw new ConfigError(`${where} is no setting; see docs/operating.md for all settings`)
    const { description } = problem.schema as { readonly description?: string }
    throw new ConfigError(
      `${where}: ${problem.message.toLowerCase()}${description === undefined ? '' : ` (${description})`}; see docs/operating.md for all settings`,
    )
  }
  const checked = config as Config
  checkSense(checked)
  return checked
}

function readFile(file: string): Json {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError(`${file} cannot be read as JSON: ${(error as Error).message}; check path and syntax`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError(`${file} does not hold a JSON object; see docs/operating.md for an example`)
  const config = value as Json
  const base = dirname(resolve(file))
  const place = (path: unknown) => (typeof path === 'string' ? resolve(base, path) : path)
  if ('stateDir' in config) config.stateDir = place(config.stateDir)
  if (Array.isArray(config.models)) config.models = config.models.map(place)
  for (const account of Object.values((config.accounts ?? {}) as Record<string, unknown>)) {
    if (typeof account !== 'object' || account === null) continue
    for (const key of ['keystore', 'passwordFile'] as const) {
      if (key in account) (account as Json)[key] = place((account as Json)[key])
    }
  }
  return config
}

function section(config: Json, name: string): Json {
  const value = (config[name] ??= {})
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError(`${name} is not an object; see docs/operating.md`)
  return value as Json
}

function applyEnvironment(config: Json, env: Environment): void {
  if (env.ZKML_STATE_DIR) config.stateDir = env.ZKML_STATE_DIR
  if (env.DATABASE_URL) section(config, 'database').url = env.DATABASE_URL
  if (env.ZKML_MODELS) config.models = env.ZKML_MODELS.split(':').filter(Boolean)
  if (env.ZKML_HOST) section(config, 'api').host = env.ZKML_HOST
  if (env.ZKML_PORT) section(config, 'api').port = Number(env.ZKML_PORT)
  if (env.ZKML_LOG_LEVEL) section(config, 'log').level = env.ZKML_LOG_LEVEL
  if (env.ZKML_DRY_RUN) config.dryRun = env.ZKML_DRY_RUN === '1' || env.ZKML_DRY_RUN === 'true'
  if (!Array.isArray(config.chains)) return
  for (const chain of config.chains as Json[]) {
    const urls = env[`ZKML_RPC_${String(chain.chainId)}`]
    if (urls) chain.rpc = urls.split(',').map((url) => url.trim())
  }
}

function applyFlags(config: Json, flags: ConfigFlags): void {
  if (flags.stateDir !== undefined) config.stateDir = flags.stateDir
  if (flags.models !== undefined) config.models = [...flags.models]
  if (flags.host !== undefined) section(config, 'api').host = flags.host
  if (flags.port !== undefined) section(config, 'api').port = flags.port
  if (flags.logLevel !== undefined) section(config, 'log').level = flags.logLevel
  if (flags.dryRun === true) config.dryRun = true
}

/** What a schema cannot say. */
function checkSense(config: Config): void {
  const { accounts, chains, database, api, dryRun } = config
  const ids = chains.map(({ chainId }) => chainId)
  const twice = ids.find((id, i) => ids.indexOf(id) !== i)
  if (twice !== undefined) throw new ConfigError(`chain ${twice} is configured twice; merge the two entries`)
  for (const chain of chains) {
    if (chain.account !== undefined && !Object.hasOwn(accounts, chain.account))
      throw new ConfigError(
        `chain ${chain.chainId} names account "${chain.account}", which is not under accounts; add it or correct the name`,
      )
    if (chain.coordinator === undefined && chain.inferenceVerifier === undefined)
      throw new ConfigError(
        `chain ${chain.chainId} has neither coordinator nor inferenceVerifier; add the addresses of its deployment`,
      )
    if (chain.rpc.every((url) => url.startsWith('ws')))
      throw new ConfigError(`chain ${chain.chainId} has websocket endpoints only; add one that starts with http`)
    for (const url of chain.rpc) {
      if (!/^(https?|wss?):\/\//.test(url) || !URL.canParse(url))
        throw new ConfigError(`chain ${chain.chainId}: an entry of rpc is no http(s) or ws(s) URL; correct it`)
    }
  }
  if (dryRun && database.url !== undefined)
    throw new ConfigError('dryRun would keep jobs from the daemons that share database.url; leave one of the two out')
  if (database.url !== undefined && !/^postgres(ql)?:\/\//.test(database.url))
    throw new ConfigError(
      'database.url does not start with postgres://; correct it, or leave it out for the embedded one',
    )
  checkApi(api)
}

const UNITS = { ether: 18, gwei: 9, wei: 0 } as const

/** Wei of an amount such as "0.5 ether". The schema has checked its form. */
export function parseAmount(amount: string): bigint {
  const [number, unit] = amount.split(' ') as [string, keyof typeof UNITS]
  try {
    return parseUnits(number, UNITS[unit])
  } catch {
    throw new ConfigError(`"${amount}" is finer than one wei; use fewer decimals`)
  }
}

/** An amount of wei as people read it. */
export function formatAmount(wei: bigint): string {
  return `${formatUnits(wei, 18)} ether`
}

/** The configuration as it may be shown: addresses of endpoints and databases without what may be secret in them. */
export function maskConfig(config: Config): Config {
  return {
    ...config,
    database: config.database.url === undefined ? {} : { url: maskUrl(config.database.url) },
    chains: config.chains.map((chain) => ({ ...chain, rpc: chain.rpc.map(maskUrl) })),
    artefacts: {
      ...config.artefacts,
      mirrors: config.artefacts.mirrors.map(maskUrl),
      ipfsGateways: config.artefacts.ipfsGateways.map(maskUrl),
      ...(config.artefacts.kubo !== undefined && { kubo: maskUrl(config.artefacts.kubo) }),
    },
    api: { ...config.api, tokens: config.api.tokens.map((token) => ({ ...token, sha256: '***' })) },
  }
}

/** A URL with protocol and host only; paths, queries and credentials often are keys. Folders stay as they are. */
export function maskUrl(url: string): string {
  if (!URL.canParse(url)) return url
  const { protocol, host, pathname, search, username } = new URL(url)
  const hidden = username !== '' || search !== '' || pathname.replaceAll('/', '') !== ''
  return `${protocol}//${host}${hidden ? '/***' : ''}`
}
