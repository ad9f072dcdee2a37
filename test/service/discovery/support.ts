// SPDX-License-Identifier: GPL-3.0-or-later

import { RpcProvider, type OpenedRequest, type RpcOptions } from '../../../prover/chain'
import { createDiscovery, type Discovery, type DiscoveryOptions } from '../../../prover/service/discovery'
import type { Log } from '../../../prover/service/log'
import { createMetrics, type Metrics } from '../../../prover/service/metrics'
import type { Queryable } from '../../../prover/service/store/database'
import type { Cursor, CursorStore, Store } from '../../../prover/service/store/store'
import { FAKE_COORDINATOR, type FakeChain } from '../../support/fake-chain'
import { startRpcServer, until, type RpcServer } from '../../support/rpc-server'

/** One for all tests: default metrics watch the process for ever. */
const metrics = createMetrics()

type State = { blocks: Map<number, string>; requests: OpenedRequest[]; reorgs: number[] }

/** Cursors and what was handed over, in memory; a transaction that throws leaves nothing behind. */
export class FakeStore implements Pick<Store, 'db' | 'cursors'> {
  state: State = { blocks: new Map(), requests: [], reorgs: [] }
  /** Transactions that committed. */
  commits = 0
  /** Called before a transaction commits. */
  beforeCommit: () => void = () => undefined
  #tail: Promise<unknown> = Promise.resolve()

  readonly db = {
    transaction: <T>(run: (tx: Queryable) => Promise<T>): Promise<T> => {
      const result = this.#tail.then(async () => {
        const before = this.state
        this.state = { blocks: new Map(before.blocks), requests: [...before.requests], reorgs: [...before.reorgs] }
        try {
          const value = await run(this.db)
          this.beforeCommit()
          this.commits++
          return value
        } catch (error) {
          this.state = before
          throw error
        }
      })
      this.#tail = result.catch(() => undefined)
      return result
    },
  } as Store['db']

  readonly cursors: CursorStore = {
    get: async () => this.#newest()[0],
    recent: async () => this.#newest(),
    advance: async (_, __, blocks) => {
      for (const { block, hash } of blocks) this.state.blocks.set(block, hash)
      for (const { block } of this.#newest().slice(256)) this.state.blocks.delete(block)
    },
    rewind: async (_, __, block) => {
      for (const number of [...this.state.blocks.keys()]) if (number > block) this.state.blocks.delete(number)
    },
  }

  get ids(): string[] {
    return this.state.requests.map(({ requestId }) => requestId)
  }

  #newest(): Cursor[] {
    const cursors = [...this.state.blocks].map(([block, hash]) => ({ block, hash }))
    return cursors.sort((a, b) => b.block - a.block)
  }
}

export type Line = { readonly level: string; readonly message: string } & Readonly<Record<string, unknown>>

/** Everything a search for requests needs, and what it said. */
export type Lab = {
  readonly store: FakeStore
  readonly metrics: Metrics
  readonly lines: Line[]
  serve(answer: FakeChain | RpcServer['answer']): Promise<RpcServer>
  provider(servers: readonly RpcServer[], options?: Partial<RpcOptions>): RpcProvider
  /** Starts a search; `settings` begin at block 0 unless they say otherwise. */
  search(servers: readonly RpcServer[], options?: Partial<DiscoveryOptions>, rpc?: Partial<RpcOptions>): Discovery
  /** Waits until a search has seen a chain to its head. */
  caughtUp(discovery: Discovery, chain: FakeChain): Promise<void>
  /** Sum of a metric's values, of those with these labels. */
  value(metric: keyof Metrics, labels?: Readonly<Record<string, string>>): Promise<number>
  close(): Promise<void>
}

export function createLab(): Lab {
  const servers: RpcServer[] = []
  const providers: RpcProvider[] = []
  const discoveries: Discovery[] = []
  const lines: Line[] = []
  const store = new FakeStore()
  metrics.registry.resetMetrics()
  const write = (level: string) => (fields: object, message: string) => void lines.push({ ...fields, level, message })
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  }
  const lab: Lab = {
    store,
    metrics,
    lines,
    async serve(answer) {
      const server = await startRpcServer(typeof answer === 'function' ? answer : (call) => answer.answer(call))
      servers.push(server)
      return server
    },
    provider(from, options = {}) {
      const urls = from.map(({ url }) => url)
      const provider = new RpcProvider({ chainId: 31337, urls, retries: 0, retrySeconds: 0.002, ...options })
      providers.push(provider)
      return provider
    },
    search(from, options = {}, rpc = {}) {
      const discovery = createDiscovery({
        chainId: 31337,
        coordinators: [FAKE_COORDINATOR],
        provider: lab.provider(from, rpc),
        store,
        metrics,
        log,
        onRequest: async (_, opened) => void store.state.requests.push(opened),
        onReorg: async (_, reorg) => void store.state.reorgs.push(reorg.from),
        ...options,
        settings: { startBlock: 0, rangeBlocks: 1000, pollSeconds: 0.01, retrySeconds: 0.002, ...options.settings },
      })
      discoveries.push(discovery)
      discovery.start()
      return discovery
    },
    caughtUp: (discovery, chain) =>
      until(
        () => discovery.status().behind === 0 && store.state.blocks.get(chain.head.number) === chain.head.hash,
        `the head; the log says ${JSON.stringify(lines.slice(-3))}`,
      ),
    async value(name, labels = {}) {
      const metric = metrics[name] as unknown as {
        get(): Promise<{ values: { value: number; labels: object; metricName?: string }[] }>
      }
      const { values } = await metric.get()
      const wanted = values.filter(
        ({ labels: own, metricName }) =>
          !/_(bucket|count)$/.test(metricName ?? '') &&
          Object.entries(labels).every(([key, value]) => (own as Record<string, unknown>)[key] === value),
      )
      return wanted.reduce((sum, { value }) => sum + value, 0)
    },
    async close() {
      await Promise.all(discoveries.map((discovery) => discovery.stop()))
      for (const provider of providers) provider.destroy()
      await Promise.all(servers.map((server) => server.close()))
    },
  }
  return lab
}
