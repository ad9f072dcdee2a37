// SPDX-License-Identifier: GPL-3.0-or-later

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { pino } from 'pino'
import { createMetrics } from '../../prover/service/metrics'
import { createProverPool } from '../../prover/service/pool'
import type { Daemon } from '../../test/faults/support/daemon'
import { marketInputs, type MarketModel } from '../../test/faults/support/models'
import type { AskedRequest } from '../../test/faults/support/requester'
import type { Scenario } from '../../test/faults/support/scenario'
import { sleep } from '../../test/faults/support/wait'

/** So long that no queue of a benchmark is too long for it, in seconds. */
const LOCK_SECONDS = 80_000n
/** Requests sent at once: a few blocks hold them. */
const BATCH = 250

/** Opens many requests, and waits until all of them are on chain. @returns the last. */
export async function askMany(
  { ask, reached }: Scenario,
  count: number,
  model: 'breast-cancer',
): Promise<AskedRequest> {
  let last: AskedRequest | undefined
  for (let sent = 0; sent < count; sent += BATCH) {
    const asked = await ask(Math.min(BATCH, count - sent), model, { lockSeconds: LOCK_SECONDS })
    last = asked.at(-1)
    await reached(last!, 'open')
  }
  return last!
}

/**
 * Waits until so many requests are fulfilled on a chain without reorgs, at little cost to the machine that is measured.
 *
 * @returns seconds of the blocks that fulfilled them, in their order
 */
export async function fulfilled({ market }: Pick<Scenario, 'market'>, count: number): Promise<readonly number[]> {
  const { coordinator, anvil, since } = market
  const times: number[] = []
  for (let next = since + 1; ;) {
    const head = await anvil.provider.getBlockNumber()
    if (head >= next) {
      const events = await coordinator.queryFilter(coordinator.filters.RequestFulfilled(), next, head)
      const blocks = new Map<number, number>()
      for (const { blockNumber } of events) {
        if (!blocks.has(blockNumber)) blocks.set(blockNumber, (await anvil.provider.getBlock(blockNumber))!.timestamp)
        times.push(blocks.get(blockNumber)!)
      }
      next = head + 1
    }
    if (times.length >= count) return times
    await sleep(250)
  }
}

/** Requests a second, from the block that fulfilled the first of them to the one that fulfilled the last. */
export function rate(times: readonly number[]): number {
  const [first, last] = [times[0], times.at(-1)]
  if (first === undefined || last === undefined || first === last) throw new Error('Too few requests for a rate.')
  return times.filter((time) => time > first).length / (last - first)
}

/** Proofs a second of the daemon's prover pool with nothing around it. */
export async function proverAlone({ folder, ...model }: MarketModel, count: number): Promise<number> {
  const log = pino({ level: 'silent' })
  const limits = { timeoutSeconds: 600, recycleAfter: 500, maxResidentBytes: 2 ** 32, maxModels: 16 }
  const pool = await createProverPool({ ...limits, metrics: createMetrics(), log })
  try {
    await pool.warm(folder)
    const inputs = marketInputs({ folder, ...model }, count)
    const started = performance.now()
    await Promise.all(inputs.map(({ values }) => pool.prove({ folder, input: values, context: null })))
    return count / ((performance.now() - started) / 1000)
  } finally {
    await pool.close()
  }
}

/** Resident bytes of a daemon and everything it started, the least of some looks: garbage comes and goes. */
export async function residentBytes(daemon: Daemon): Promise<number> {
  let least = Infinity
  for (let look = 0; look < 20; look++) {
    least = Math.min(least, groupBytes(daemon.pid))
    await sleep(250)
  }
  return least
}

/** Resident bytes of a process group. */
function groupBytes(group: number): number {
  let pages = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // After the name of the program in parentheses: state, parent, group.
      const [, , pgrp] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      if (Number(pgrp) === group) pages += Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    } catch {
      // It has ended meanwhile.
    }
  }
  return pages * 4096
}

/** Upper ends of buckets, and how many values are below each. */
export type Buckets = readonly { readonly below: number; readonly count: number }[]

/** Buckets of a histogram of a daemon. */
export async function histogram(daemon: Daemon, name: string, labels: Readonly<Record<string, string>>) {
  return (await daemon.samples(`${name}_bucket`, labels))
    .map(({ labels: { le }, value }) => ({ below: le === '+Inf' ? Infinity : Number(le), count: value }))
    .sort((a, b) => a.below - b.below)
}

/** Median of what came into a histogram after an earlier look at it, interpolated within its bucket. */
export function histogramMedian(now: Buckets, earlier: Buckets): number {
  const buckets = now.map(({ below, count }, index) => ({ below, count: count - (earlier[index]?.count ?? 0) }))
  const half = (buckets.at(-1)?.count ?? 0) / 2
  const index = buckets.findIndex(({ count }) => count >= half)
  const [bucket, before] = [buckets[index], buckets[index - 1] ?? { below: 0, count: 0 }]
  if (bucket === undefined || half === 0) throw new Error('Nothing came into the histogram.')
  return before.below + (bucket.below - before.below) * ((half - before.count) / (bucket.count - before.count))
}

/** What `autocannon` says of a load. */
export type Load = {
  readonly requests: { readonly average: number }
  readonly latency: { readonly p99: number }
  readonly non2xx: number
  readonly errors: number
}

/** Posts one body over and over from a process of its own. */
export function load(daemon: Daemon, path: string, body: object, clients: number, seconds: number): Promise<Load> {
  const args = [
    ...['--json', '--no-progress', '-c', String(clients), '-d', String(seconds), '-m', 'POST'],
    ...['-H', `authorization=Bearer ${daemon.token}`, '-H', 'content-type=application/json'],
    ...['-b', JSON.stringify(body), `${daemon.url}${path}`],
  ]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [require.resolve('autocannon/autocannon.js'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Load)
      else reject(new Error(`autocannon ended with ${code}.`))
    })
  })
}
