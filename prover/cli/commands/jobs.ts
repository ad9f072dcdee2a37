// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Inference, InferenceFilter, ZkmlClient } from '../../client'
import type { DaemonAddress } from '../../service/address'
import { FileError, UsageError } from '../errors'
import { parseChoice, parseInteger } from '../options'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml jobs list --state failed
  zkml jobs show 3f0c…
  zkml jobs retry 3f0c…
  zkml jobs cancel 3f0c…

Asks a running daemon over its API. Address and token are read from the daemon's state folder; for a daemon elsewhere give
--url, and the token of an operator in ZKML_TOKEN.`

type Flags = {
  readonly stateDir: string
  readonly url?: string
  readonly state?: string
  readonly kind?: string
  readonly chainId?: string
  readonly limit: string
}

const ACTIONS = ['list', 'show', 'retry', 'cancel'] as const
type Action = (typeof ACTIONS)[number]

const STATES = [
  ...['received', 'waiting', 'locking', 'proving', 'submitting'],
  ...['done', 'skipped', 'failed', 'cancelled', 'expired'],
] as readonly Inference['state'][]

const MAX_LIMIT = 200
const JOB_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** A daemon that does not answer a person twice is not there. */
const ATTEMPTS = 2

/** `zkml jobs ACTION [ID]`. */
export function jobsCommand(command: Command, shell: Shell): void {
  command
    .description('list, show, retry and cancel the jobs of a running daemon')
    .argument('<action>', 'list, show, retry or cancel')
    .argument('[id]', 'the job, for all but list')
    .option('--state-dir <folder>', 'state folder of the daemon', process.env.ZKML_STATE_DIR ?? 'zkml-state')
    .option('--url <url>', 'API of the daemon')
    .option('--state <state>', `only jobs in this state: ${STATES.join(', ')}`)
    .option('--kind <kind>', 'only jobs of the market, or of the api')
    .option('--chain-id <n>', 'only jobs of this chain')
    .option('--limit <n>', `how many to list, up to ${MAX_LIMIT}`, '50')
    .addHelpText('after', EXAMPLES)
    .action((action: string, id: string | undefined, flags: Flags) => jobs(action, id, flags, shell))
}

async function jobs(text: string, id: string | undefined, flags: Flags, shell: Shell): Promise<void> {
  const action = parseChoice<Action>('jobs', ACTIONS)(text)
  if (action === 'list') {
    if (id !== undefined) throw new UsageError('jobs list takes no id; use --state, --kind and --chain-id to choose')
    return list(await connect(flags), filterOf(flags), shell)
  }
  if (id === undefined) throw new UsageError(`jobs ${action} needs the id of a job; "zkml jobs list" shows them`)
  if (!JOB_ID.test(id)) throw new UsageError(`"${id}" is no id of a job; "zkml jobs list" shows them`)
  const client = await connect(flags)
  const job = await {
    show: () => client.inference(id),
    retry: () => client.retry(id),
    cancel: () => client.cancel(id),
  }[action]()
  shell.result(job, () => describe(job))
}

function filterOf({ state, kind, chainId, limit }: Flags): InferenceFilter {
  return {
    limit: parseInteger('--limit', 1, MAX_LIMIT)(limit),
    ...(state !== undefined && { state: parseChoice<Inference['state']>('--state', STATES)(state) }),
    ...(kind !== undefined && { kind: parseChoice<'market' | 'api'>('--kind', ['market', 'api'])(kind) }),
    ...(chainId !== undefined && { chainId: parseInteger('--chain-id', 1, Number.MAX_SAFE_INTEGER)(chainId) }),
  }
}

/** A client of the daemon whose state folder is given, or whose address. */
async function connect({ stateDir, url }: Flags): Promise<ZkmlClient> {
  const { ZkmlClient } = await import('../../client')
  const token = process.env.ZKML_TOKEN
  if (url !== undefined) {
    if (!URL.canParse(url))
      throw new UsageError(`--url takes the address of a daemon, such as http://127.0.0.1:8420, not "${url}"`)
    if (token === undefined)
      throw new UsageError('--url needs the token of an operator in the environment variable ZKML_TOKEN')
    return new ZkmlClient({ url, token, attempts: ATTEMPTS })
  }
  const { addressFile } = await import('../../service/address')
  const { operatorTokenFile } = await import('../../service/token-file')
  const file = addressFile(stateDir)
  if (!existsSync(file))
    throw new FileError(
      `no daemon runs on the state folder ${stateDir}; start "zkml serve", or name its folder with --state-dir`,
    )
  const { url: found } = JSON.parse(readFileSync(file, 'utf8')) as DaemonAddress
  const operator = () => readFileSync(operatorTokenFile(stateDir), 'utf8').trim()
  return new ZkmlClient({ url: found, token: token ?? operator(), attempts: ATTEMPTS })
}

async function list(client: ZkmlClient, filter: InferenceFilter, shell: Shell): Promise<void> {
  const page = await client.inferences(filter)
  const { table } = await import('../../pipeline')
  shell.result(page, () => {
    if (page.inferences.length === 0) return 'no jobs'
    const head = ['job', 'for', 'model', 'state', 'created', 'changed after', 'reason']
    const rows = page.inferences.map((job) => [
      job.id,
      job.request === null ? job.kind : `chain ${job.request.chainId}`,
      shortened(job.model ?? '–'),
      job.state,
      job.createdAt.replace(/\.\d+Z$/, 'Z'),
      duration(Date.parse(job.updatedAt) - Date.parse(job.createdAt)),
      job.error?.code ?? '',
    ])
    return [...table(head, rows), ...(page.next === null ? [] : [MORE])].join('\n')
  })
}

const MORE = '… and older ones; raise --limit, or choose with --state, --kind and --chain-id'

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const

/** Names of models that were fetched are ids of 66 characters. */
function shortened(name: string): string {
  return name.length > 32 ? `${name.slice(0, 12)}…` : name
}

/** A time for people: `0.5 s`, `12 min`. */
function duration(milliseconds: number): string {
  const [unit, length] = UNITS.find(([, size]) => milliseconds >= 2 * size) ?? []
  return length === undefined ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.floor(milliseconds / length)} ${unit}`
}

/** The fields of a job that have a value, each on a line; those of objects below it. */
function describe({ outputs, ...job }: Inference): string {
  const results = (outputs ?? []).map(({ name, values, commitment }): [string, string] => [
    name,
    values ? `[${values.join(', ')}]` : `commitment ${commitment}`,
  ])
  return fieldsOf({ ...job, ...(results.length > 0 && { outputs: Object.fromEntries(results) }) }, '').join('\n')
}

function fieldsOf(value: object, indent: string): string[] {
  return Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    if (field === null || field === undefined) return []
    if (typeof field === 'object') return [`${indent}${name}:`, ...fieldsOf(field, `${indent}  `)]
    return [`${indent}${name}: ${String(field)}`]
  })
}
