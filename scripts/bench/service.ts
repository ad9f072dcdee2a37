// SPDX-License-Identifier: GPL-3.0-or-later

import { createDaemon, type Daemon } from '../../test/faults/support/daemon'
import { CANCER, marketInputs, marketModel, perceptron, smallModel } from '../../test/faults/support/models'
import { startPostgres } from '../../test/faults/support/postgres'
import { openScenario, type Scenario, type ScenarioOptions } from '../../test/faults/support/scenario'
import { sleep } from '../../test/faults/support/wait'
import { seededRandom } from '../../test/support/onnx-builder'
import { atLeast, atMost, isTrue, median, type Figure } from './figures'
import { askMany, fulfilled, histogram, histogramMedian, load, proverAlone, rate, residentBytes } from './service-world'

/** Jobs of the largest run; `ZKML_BENCH_JOBS=50` makes all of them smaller, to try things out. */
const JOBS = Number(process.env.ZKML_BENCH_JOBS ?? 1000)
const share = (part: number): number => Math.max(2, Math.round(JOBS * part))
const CLIENTS = 50
const LOAD_SECONDS = JOBS < 1000 ? 3 : 20
const MLPS = 10
const OVERHEAD = 'zkml_job_overhead_seconds'

const QUIET: ScenarioOptions = {
  models: [CANCER],
  block: 1000,
  direct: true,
  daemon: { config: { log: { level: 'info' }, prover: {} as never } },
  // Two transactions a job, and a block a second: 16 at once would allow eight jobs a second.
  chain: { spendCap: '100000 ether', maxInFlight: 64, pollSeconds: 0.5 },
}

async function withScenario<T>(options: ScenarioOptions, use: (scenario: Scenario) => Promise<T>): Promise<T> {
  const scenario = await openScenario(options)
  try {
    return await use(scenario)
  } finally {
    await scenario.close()
  }
}

/** One daemon on a chain of its own: how fast, and how much memory. */
export async function marketFigures(): Promise<Figure[]> {
  const aloneBefore = await proverAlone(await marketModel(CANCER), share(0.1))
  return withScenario(QUIET, async (scenario) => {
    const { daemon } = scenario
    const first = share(0.1)
    // The same process all along: memory is compared.
    await askMany(scenario, first, CANCER)
    await fulfilled(scenario, first)
    const early = await residentBytes(daemon)
    await askMany(scenario, JOBS - first, CANCER)
    const perSecond = rate((await fulfilled(scenario, JOBS)).slice(first))
    // Before and after, because a machine has its moods.
    const alone = (aloneBefore + (await proverAlone(await marketModel(CANCER), share(0.1)))) / 2
    const late = await residentBytes(daemon)
    await scenario.check()
    // One after the other, so that a job waits for nothing but itself.
    const before = await histogram(daemon, OVERHEAD, { kind: 'market' })
    const singles = share(0.03)
    for (let job = 0; job < singles; job++) {
      await scenario.reached(await askMany(scenario, 1, CANCER), 'fulfilled')
    }
    const books = await scenario.check()
    const overhead = histogramMedian(await histogram(daemon, OVERHEAD, { kind: 'market' }), before)
    const all = JOBS + singles
    const [input] = marketInputs(await marketModel(CANCER), 1)
    const body = { model: CANCER, input_integers: input!.values.map((row) => Array.from(row)) }
    await load(daemon, '/v1/inferences', body, CLIENTS, 2)
    const answers = await load(daemon, '/v1/inferences', body, CLIENTS, LOAD_SECONDS)
    const right = answers.non2xx === 0 && answers.errors === 0
    return [
      isTrue('market, requests fulfilled once', books.fulfilled === all, `${books.fulfilled} of ${all}`, 'all'),
      atLeast('market, proofs a second, of those of the prover alone', (100 * perSecond) / alone, 90, '%'),
      isTrue('the same, proofs a second', true, `${perSecond.toFixed(2)}; alone ${alone.toFixed(2)}`, '–'),
      atMost('market, overhead of a job outside proving and blocks, median', 1000 * overhead, 25, 'ms'),
      atMost(`memory after ${JOBS} jobs, over that after ${first}`, (100 * late) / early - 100, 5, '%'),
      isTrue('the same, memory', true, `${Math.round(late / 2 ** 20)} MiB`, '–'),
      atLeast(`POST /v1/inferences, ${CLIENTS} clients`, answers.requests.average, 400, 'requests/s'),
      atMost('the same, 99th percentile', answers.latency.p99, 250, 'ms'),
      isTrue('the same, answers that are not 2xx', right, `${answers.non2xx + answers.errors}`, '0'),
    ]
  })
}

/** Jobs that come in while the daemon is killed and the chain reorganised all the time. */
export async function chaosFigures(): Promise<Figure[]> {
  const jobs = share(0.2)
  return withScenario({ models: [CANCER], block: 250 }, async (scenario) => {
    const { ask, anvil, daemon } = scenario
    const random = seededRandom(4)
    const started = Date.now()
    let [kills, reorgs, asked] = [0, 0, 0]
    const isServed = async (): Promise<boolean> => asked === jobs && (await scenario.missing()).length === 0
    while (!(await isServed())) {
      if (asked < jobs) {
        const count = Math.min(5, jobs - asked)
        await ask(count, CANCER)
        asked += count
      }
      const seconds = (Date.now() - started) / 1000
      if (seconds > 5 * (kills + 1)) {
        await daemon.kill(random() < 0.5 ? 'all' : 'alone')
        daemon.launch()
        kills++
      }
      if (seconds > 7 * (reorgs + 1)) {
        await anvil.reorg(1 + Math.floor(random() * 10))
        reorgs++
      }
      if (seconds > 10 * jobs) break
      await sleep(500)
    }
    await daemon.ready()
    const missing = (await scenario.missing()).length
    // Asserts that each was answered once, and all money is where it belongs.
    const books = missing === 0 ? await scenario.check({ reverts: true }) : undefined
    const value = `${jobs - missing} of ${jobs}; ${kills} kills, ${reorgs} reorgs, ${books?.reverted ?? '?'} reverts`
    return [isTrue('chaos, jobs fulfilled once', books?.fulfilled === jobs, value, 'all')]
  })
}

/** Two workers against one, a core each. */
export async function fleetFigures(): Promise<Figure[]> {
  const jobs = share(0.2)
  const rates: number[] = []
  for (const workers of [1, 2]) {
    const postgres = await startPostgres()
    try {
      const options: ScenarioOptions = { ...QUIET, idle: true, daemons: workers }
      const daemon = { ...QUIET.daemon, database: postgres.url, secrets: [postgres.password] }
      const config = { ...QUIET.daemon?.config, prover: { processes: 1 } as never }
      const cores = (index: number): string => String(index)
      rates.push(
        await withScenario({ ...options, daemon: { ...daemon, config, cores } }, async (scenario) => {
          await askMany(scenario, jobs, CANCER)
          await Promise.all(scenario.daemons.map((one) => one.start()))
          return rate(await fulfilled(scenario, jobs))
        }),
      )
    } finally {
      await postgres.remove()
    }
  }
  const [one, two] = rates as [number, number]
  const value = `${one.toFixed(2)} and ${two.toFixed(2)} proofs a second`
  return [
    atLeast('two workers on PostgreSQL, a core each, over one', two / one, 1.7, '×'),
    isTrue('the same, throughput', true, value, '–'),
  ]
}

/** From the start of the process to readiness, with an empty state and with an old one. */
export async function readyFigures(): Promise<Figure[]> {
  const models = await Promise.all(
    Array.from({ length: MLPS }, (_, i) => smallModel(`mlp-${i}`, perceptron([64, 32, 10], 100 * (i + 1)))),
  )
  const folders = models.map(({ folder }) => folder)
  const seconds: number[] = []
  for (let run = 0; run < 3; run++) {
    const daemon: Daemon = await createDaemon({ chains: [], models: folders })
    try {
      for (let start = 0; start < 2; start++) {
        const started = performance.now()
        await daemon.start()
        seconds.push((performance.now() - started) / 1000)
        await daemon.stop()
      }
    } finally {
      await daemon.remove()
    }
  }
  const first = seconds.filter((_, index) => index % 2 === 0)
  const again = seconds.filter((_, index) => index % 2 === 1)
  return [
    atMost(`start to ready, ${MLPS} MLPs, first start`, median(first), 3, 's'),
    atMost('the same, later starts', median(again), 3, 's'),
  ]
}
