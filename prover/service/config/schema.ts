// SPDX-License-Identifier: GPL-3.0-or-later

import { Type, type Static, type TSchema } from '@sinclair/typebox'
import { BACKEND_NAMES } from '../../groth16'

const text = (description: string, options: object = {}) => Type.String({ description, minLength: 1, ...options })
const address = (description: string) => text(description, { pattern: '^0x[0-9a-fA-F]{40}$' })
const whole = (description: string, minimum: number, maximum: number) => Type.Integer({ description, minimum, maximum })
const amount = (description: string) =>
  text(`${description}; like "0.5 ether", "30 gwei" or "1000 wei"`, { pattern: '^\\d+(\\.\\d+)? (ether|gwei|wei)$' })
const strict = <T extends Record<string, TSchema>>(properties: T, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })
const withDefault = <T extends TSchema>(schema: T, value: unknown): T => ({ ...schema, default: value })
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)

/** Where the key of an account comes from. Keys and passwords are never in the configuration itself. */
export const AccountSchema = Type.Union([
  strict(
    {
      keystore: text('file of an encrypted JSON keystore'),
      passwordFile: optional(text('file with its password')),
      passwordEnv: optional(text('environment variable with its password')),
    },
    'an encrypted keystore, and where its password is',
  ),
  strict({ privateKeyEnv: text('environment variable with the private key, 0x and 64 hex digits') }, 'a private key'),
])

/** What a client of the API may do. Each scope includes those before it. */
export const SCOPES = ['read', 'infer', 'prove', 'submit', 'admin'] as const
export const ScopeSchema = Type.Union(SCOPES.map((scope) => Type.Literal(scope)))

const MarketSchema = strict(
  {
    enabled: Type.Boolean({ description: 'whether to take requests of the coordinator', default: true }),
    models: Type.Union(
      [Type.Literal('local'), Type.Literal('any'), Type.Array(text('model id, decimal', { pattern: '^\\d{1,78}$' }))],
      {
        description: 'whose requests to serve: models in `models`, any that is registered, or these ids',
        default: 'local',
      },
    ),
    trustedVerifiers: Type.Array(text('code hash', { pattern: '^0x[0-9a-fA-F]{64}$' }), {
      description: 'code hashes of generated verifiers that you have rebuilt; models with others are skipped',
      default: [],
    }),
    minProfit: withDefault(amount('least profit of a job, after gas'), '0 wei'),
    maxBond: withDefault(amount('highest bond that is staked on a job'), '0.1 ether'),
    tokens: Type.Record(Type.String({ pattern: '^0x[0-9a-fA-F]{40}$' }), amount('worth of 10^18 units of the token'), {
      description: 'tokens that are accepted as payment besides the native coin',
      default: {},
    }),
    timeFactor: Type.Number({
      description: 'how many times the measured prove time must fit before lock and deadline end',
      minimum: 1,
      maximum: 100,
      default: 3,
    }),
  },
  'which requests are worth taking',
)

const ChainSchema = strict(
  {
    chainId: whole('chain id', 1, Number.MAX_SAFE_INTEGER),
    rpc: Type.Array(text('RPC endpoint: http(s), or ws(s) for news of blocks'), { minItems: 1 }),
    coordinator: optional(address('InferenceCoordinator; without it only the API is served here')),
    inferenceVerifier: optional(address('InferenceVerifier for the API; default the one of the coordinator')),
    registrations: Type.Record(Type.String(), text('model id, decimal', { pattern: '^\\d{1,78}$' }), {
      description: 'model ids of models, by their name here, for submissions through the API',
      default: {},
    }),
    account: optional(text('name of the account that locks and submits; without it nothing is sent here')),
    startBlock: optional(
      whole('first block that is searched for requests; default the newest at the first start', 0, 2 ** 48),
    ),
    confirmations: withDefault(whole('blocks after which a transaction counts as settled', 1, 1000), 12),
    pollSeconds: Type.Number({
      description: 'seconds between looks at the chain',
      minimum: 0.05,
      maximum: 600,
      default: 2,
    }),
    rangeBlocks: withDefault(whole('blocks asked for at once', 1, 100_000), 2000),
    maxFeePerGas: withDefault(amount('highest fee per gas that is ever offered'), '200 gwei'),
    bumpAfterSeconds: Type.Number({
      description: 'seconds until a fee is raised',
      minimum: 0.1,
      maximum: 86_400,
      default: 30,
    }),
    bumpPercent: withDefault(whole('by how much', 10, 1000), 15),
    maxInFlight: withDefault(
      whole('transactions that may be unmined at once; nodes keep 16 to 64 of an account', 1, 1000),
      16,
    ),
    spendCap: withDefault(amount('most fees of the account within a spend period'), '1 ether'),
    spendPeriodSeconds: withDefault(whole('length of a spend period', 60, 31_536_000), 86_400),
    balanceAlarm: withDefault(amount('balance below which an alarm is raised'), '0.05 ether'),
    l1Fee: Type.Union([Type.Literal('none'), Type.Literal('op-stack'), Type.Literal('arbitrum')], {
      description: 'how the chain charges for data on its parent chain',
      default: 'none',
    }),
    market: withDefault(MarketSchema, {}),
  },
  'one chain',
)

/** Configuration of the daemon, as its file has it. */
export const ConfigSchema = strict(
  {
    stateDir: withDefault(text('folder of everything the daemon remembers'), 'zkml-state'),
    database: withDefault(
      strict({ url: optional(text('postgres://…; default a database in stateDir')) }, 'database'),
      {},
    ),
    models: Type.Array(text('folder of a model, or of folders of models'), { default: [] }),
    accounts: Type.Record(Type.String(), AccountSchema, { description: 'accounts by name', default: {} }),
    chains: Type.Array(ChainSchema, { default: [] }),
    prover: withDefault(
      strict(
        {
          processes: withDefault(whole('proofs at once; 0 for as many as this machine is good for', 0, 256), 0),
          timeoutSeconds: withDefault(whole('when a proof is given up', 1, 86_400), 1800),
          recycleAfter: withDefault(whole('tasks after which a prover process is replaced', 1, 1_000_000), 500),
          maxResidentMegabytes: withDefault(whole('memory above which it is replaced', 64, 1_048_576), 4096),
          maxModels: withDefault(whole('models a process keeps loaded', 1, 1000), 16),
          backend: optional(
            Type.Union(
              BACKEND_NAMES.map((name) => Type.Literal(name)),
              { description: 'what makes proofs; default `ZKML_BACKEND`, or what docs/proving.md says' },
            ),
          ),
        },
        'prover processes',
      ),
      {},
    ),
    artefacts: withDefault(
      strict(
        {
          mirrors: Type.Array(text('base URL, or folder, of files by hash'), { default: [] }),
          ipfsGateways: Type.Array(text('IPFS gateway'), { default: [] }),
          kubo: optional(text('RPC of a Kubo node')),
          hosts: Type.Array(text('host that on-chain addresses may lead to; * for every public one'), { default: [] }),
          maxFileMegabytes: withDefault(whole('largest file that is fetched', 1, 1_048_576), 2048),
          maxStoreMegabytes: withDefault(whole('most that is kept', 1, 1_073_741_824), 20_480),
        },
        'where artefacts of registered models come from',
      ),
      {},
    ),
    api: withDefault(
      strict(
        {
          host: withDefault(text('address to listen on'), '127.0.0.1'),
          port: withDefault(whole('port; 0 for a free one', 0, 65_535), 8420),
          allowedHosts: Type.Array(text('further Host headers to accept'), { default: [] }),
          tokens: Type.Array(
            strict(
              {
                name: text('who it is for'),
                sha256: text('hex SHA-256 of the token', { pattern: '^[0-9a-f]{64}$' }),
                scopes: Type.Array(ScopeSchema, { description: 'what it allows', minItems: 1 }),
              },
              'an API token',
            ),
            { default: [] },
          ),
          anonymousScopes: Type.Array(ScopeSchema, { description: 'what is allowed without a token', default: [] }),
          requestsPerMinute: withDefault(whole('requests a minute and client', 1, 10_000_000), 600),
          proofsPerMinute: withDefault(whole('of these, those that prove or verify', 1, 10_000_000), 120),
          maxQueuedProofs: withDefault(whole('proofs for clients that may wait or run at once', 1, 10_000_000), 1000),
          trustProxy: Type.Array(text('address or subnet of a reverse proxy whose X-Forwarded-For is believed'), {
            default: [],
          }),
          bodyLimitBytes: withDefault(whole('largest request', 1024, 1_073_741_824), 4_194_304),
          corsOrigins: Type.Array(text('origin of web pages that may call'), { default: [] }),
        },
        'HTTP API',
      ),
      {},
    ),
    retention: withDefault(
      strict(
        {
          inputHours: Type.Number({
            description: 'hours after a job until its input is erased',
            minimum: 0,
            maximum: 87_600,
            default: 24,
          }),
          jobDays: Type.Number({
            description: 'days after its end until a job is forgotten',
            minimum: 0.01,
            maximum: 36_500,
            default: 90,
          }),
        },
        'how long things are kept',
      ),
      {},
    ),
    log: withDefault(
      strict(
        {
          level: Type.Union(
            ['debug', 'info', 'warn', 'error'].map((level) => Type.Literal(level)),
            { default: 'info' },
          ),
        },
        'log',
      ),
      {},
    ),
    shutdownSeconds: withDefault(whole('how long running work may take to finish on shutdown', 0, 3600), 30),
    dryRun: Type.Boolean({ description: 'decide, and send nothing', default: false }),
  },
  'zkml serve',
)

export type Config = Static<typeof ConfigSchema>
export type ChainConfig = Static<typeof ChainSchema>
export type MarketConfig = Static<typeof MarketSchema>
export type AccountConfig = Static<typeof AccountSchema>
export type Scope = (typeof SCOPES)[number]
