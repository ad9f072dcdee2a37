// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Inference, InferenceFilter, ZkmlClient } from '../../client'
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
    return new ZkmlClient({ url, token })
  }
  const file = join(stateDir, 'daemon.json')
  if (!existsSync(file))
    throw new FileError(`${file} does not exist; start "zkml serve", or name its state folder with --state-dir`)
  const { url: found } = JSON.parse(readFileSync(file, 'utf8')) as { readonly url: string }
  return new ZkmlClient({ url: found, token: token ?? readFileSync(join(stateDir, 'api.token'), 'utf8').trim() })
}

async function list(client: ZkmlClient, filter: InferenceFilter, shell: Shell): Promise<void> {
  const page = await client.inferences(filter)
  const { table } = await import('../../pipeline')
  shell.result(page, () => {
    if (page.inferences.length === 0) return 'no jobs'
    const rows = page.inferences.map((job) => [
      job.id,
      job.kind,
      job.state,
      job.model ?? '–',
      new Date(job.createdAt).toISOString(),
      job.error?.code ?? '',
    ])
    return table(['job', 'kind', 'state', 'model', 'created', 'reason'], rows).join('\n')
  })
}

function describe(job: Inference): string {
  return Object.entries(job)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join('\n')
}
