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

/** Opens many requests, and waits until all of them are on chain. */
export async function askMany({ ask, reached }: Scenario, count: number, model: 'breast-cancer'): Promise<void> {
  let last: AskedRequest | undefined
  for (let sent = 0; sent < count; sent += BATCH) {
    const asked = await ask(Math.min(BATCH, count - sent), model, { lockSeconds: LOCK_SECONDS })
    last = asked.at(-1)
    await reached(last!, 'open')
  }
}

/**
 * Waits until so many requests are fulfilled on a chain without reorgs, at little cost to the machine that is measured.
 *
 * @returns milliseconds since 1970 of the block that fulfilled the last of them
 */
export async function fulfilled({ market }: Pick<Scenario, 'market'>, count: number): Promise<number> {
  const { coordinator, anvil, since } = market
  let next = since + 1
  let seen = 0
  for (;;) {
    const head = await anvil.provider.getBlockNumber()
    if (head >= next) {
      seen += (await coordinator.queryFilter(coordinator.filters.RequestFulfilled(), next, head)).length
      next = head + 1
    }
    if (seen >= count) return Date.now()
    await sleep(250)
  }
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

/** Median of a histogram of a daemon, interpolated within its bucket. */
export async function histogramMedian(daemon: Daemon, name: string, labels: Readonly<Record<string, string>>) {
  const buckets = (await daemon.samples(`${name}_bucket`, labels))
    .map(({ labels: { le }, value }) => ({ below: le === '+Inf' ? Infinity : Number(le), count: value }))
    .sort((a, b) => a.below - b.below)
  const half = (buckets.at(-1)?.count ?? 0) / 2
  const index = buckets.findIndex(({ count }) => count >= half)
  const [bucket, before] = [buckets[index], buckets[index - 1] ?? { below: 0, count: 0 }]
  if (bucket === undefined || half === 0) throw new Error(`The daemon has no ${name}.`)
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
