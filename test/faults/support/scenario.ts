// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import { getAddress, Transaction, type Wallet } from 'ethers'
import type { MarketRequest } from '../../../prover/encodings'
import { startAnvil, type Anvil, type AnvilOptions } from './anvil'
import { createDaemon, lastLines, type Daemon, type DaemonChain, type DaemonOptions } from './daemon'
import { checkTruth, type Books, type Truth } from './ledger'
import { deployMarket, type Market } from './market'
import { marketInputs, TINY, type MarketInput, type ModelName } from './models'
import { createRequester, type AskedRequest, type Requester } from './requester'
import { startRpcProxy, type RpcProxy } from './rpc-proxy'
import { eventually, sleep } from './wait'

export type ScenarioOptions = {
  readonly models?: readonly ModelName[]
  /** Where the registry says that artefacts are. */
  readonly uris?: Readonly<Partial<Record<ModelName, string>>>
  /** Milliseconds between blocks. */
  readonly block?: number
  readonly anvil?: AnvilOptions
  readonly daemon?: Partial<Omit<DaemonOptions, 'chains' | 'cores'>> & {
    /** Cores of each daemon. */
    readonly cores?: (index: number) => string
  }
  readonly chain?: DaemonChain['settings']
  /** How many daemons there are from the start; all have the same account. */
  readonly daemons?: number
  /** Whether the daemons are left for the test to start. */
  readonly idle?: boolean
  /** Whether the daemons reach the chain without the proxy: for measurements. */
  readonly direct?: boolean
  readonly seed?: number
}

/** A chain with a market, someone who asks, and daemons that answer through an endpoint with faults. */
export type Scenario = {
  readonly anvil: Anvil
  readonly market: Market
  readonly proxy: RpcProxy
  readonly requester: Requester
  /** Whose key the daemons have. */
  readonly account: Wallet
  readonly daemons: readonly Daemon[]
  /** The first one. */
  readonly daemon: Daemon
  /** Asks for inferences on inputs that no earlier request had. */
  ask(count?: number, model?: ModelName, terms?: Partial<MarketRequest>): Promise<AskedRequest[]>
  askAbout(inputs: readonly MarketInput[], model?: ModelName): Promise<AskedRequest[]>
  /** Stops the blocks, until what it returns is called. */
  pause(): Promise<() => void>
  /** Waits for a transaction of the daemons in the mempool; its hash. */
  sent(call: 'lock' | 'fulfill', request?: AskedRequest): Promise<string>
  /** Whether parameters of `eth_sendRawTransaction` carry such a call. */
  carries(call: 'lock' | 'fulfill'): (params: readonly unknown[]) => boolean
  /** Waits until the chain says so of a request. */
  reached(request: AskedRequest, state: 'open' | 'locked' | 'fulfilled'): Promise<void>
  /** Requests that are not fulfilled and could be. */
  missing(): Promise<readonly AskedRequest[]>
  /** Waits until there are none. */
  served(milliseconds?: number): Promise<void>
  /** Says that these cannot be served; until it is called with others. */
  unserved(requests: readonly AskedRequest[]): void
  /** Waits until all is served and no daemon has anything left to do, and asserts what must hold. */
  check(truth?: Partial<Truth>): Promise<Books>
  close(): Promise<void>
}

const STATES = { open: 1n, locked: 2n, fulfilled: 5n } as const

/** Sets a scenario up. */
export async function openScenario(options: ScenarioOptions = {}): Promise<Scenario> {
  const { models = [TINY], block = 100, daemons: count = 1, seed = 1 } = options
  const anvil = await startAnvil(options.anvil)
  const market = await deployMarket(anvil, models, options.uris)
  const proxy = await startRpcProxy(anvil.url, seed)
  const requester = await createRequester(market)
  const account = market.account()
  const chains = [
    {
      market,
      rpc: [options.direct === true ? anvil.url : proxy.url],
      account,
      ...(options.chain && { settings: options.chain }),
    },
  ]
  const folders = models.map((name) => market.model(name).folder)
  const dataKey = randomBytes(32).toString('hex')
  const daemons: Daemon[] = []
  for (let i = 0; i < count; i++) {
    const { secrets = [], cores, ...rest } = options.daemon ?? {}
    const own = { dataKey, ...rest, ...(cores && { cores: cores(i) }), secrets: [proxy.secret, ...secrets] }
    daemons.push(await createDaemon({ models: folders, chains, ...own }))
  }
  await anvil.setAutomine(false)
  let stopBeat = anvil.beat(block)
  const stopPersisting = requester.persist()
  let excused: readonly AskedRequest[] = []
  let batches = 0

  const { coordinator, coordinatorAddress } = market
  const isCall = (to: string | null, data: string, call: 'lock' | 'fulfill'): boolean =>
    to?.toLowerCase() === coordinatorAddress.toLowerCase() &&
    coordinator.interface.parseTransaction({ data })?.name === call
  const open = (): AskedRequest[] => requester.asked.filter((one) => !excused.includes(one))
  const answered = async (): Promise<Set<string>> =>
    new Set(
      (await coordinator.queryFilter(coordinator.filters.RequestFulfilled(), market.since)).map(
        ({ args }) => args.requestId,
      ),
    )
  const describe = (): string => daemons.map((daemon, i) => `daemon ${i}:\n${lastLines(daemon.log())}`).join('\n\n')
  const missing = async (): Promise<readonly AskedRequest[]> => {
    const done = await answered()
    return open().filter(({ id }) => !done.has(id))
  }
  const served = async (milliseconds = 60_000): Promise<void> => {
    let left: readonly AskedRequest[] = []
    await eventually(
      async () => {
        left = await missing()
        return left.length === 0
      },
      () => `${left.length} of ${open().length} requests are not fulfilled, ${left[0]?.id} among them:\n${describe()}`,
      milliseconds,
      50,
    )
  }
  const askAbout: Scenario['askAbout'] = (inputs, model = TINY) => requester.ask(market.model(model), inputs)

  const scenario: Scenario = {
    anvil,
    market,
    proxy,
    requester,
    account,
    daemons,
    daemon: daemons[0]!,
    ask: (requests = 1, model = TINY, terms = {}) => {
      const listed = market.model(model)
      return requester.ask(listed, marketInputs(listed, requests, ++batches), terms)
    },
    askAbout,
    async pause() {
      await stopBeat()
      return () => {
        stopBeat = anvil.beat(block)
      }
    },
    sent: (call, request) =>
      eventually(
        async () => {
          const found = (await anvil.mempool()).find(
            ({ from, to, input }) =>
              getAddress(from) === account.address &&
              isCall(to, input, call) &&
              (request === undefined || input.includes(request.input.commitment.slice(2))),
          )
          return found?.hash
        },
        () => `${call} is sent:\n${describe()}`,
      ),
    carries:
      (call) =>
      ([raw]) => {
        const { to, data } = Transaction.from(raw as string)
        return isCall(to, data, call)
      },
    async reached({ id }, state) {
      await eventually(
        async () => (await coordinator.recordOf(id)).state >= STATES[state],
        () => `${id} is ${state}:\n${describe()}`,
      )
    },
    missing,
    served,
    unserved(requests) {
      excused = requests
    },
    async check(truth = {}) {
      await served()
      for (const daemon of daemons.filter(({ isRunning }) => isRunning)) {
        // A request that cannot be served may wait with all it has until its deadline.
        const isIdle = async (): Promise<boolean> => {
          const { jobs, transactions } = await daemon.workload()
          return jobs <= excused.length && transactions <= excused.length
        }
        await eventually(isIdle, () => `the daemon has nothing left to do:\n${describe()}`, 60_000, 100)
      }
      // Whatever is sent twice is sent by now.
      await anvil.mine(2)
      await sleep(200)
      const books = await checkTruth(market, {
        requests: open(),
        unserved: excused,
        provers: [account.address],
        ...truth,
      })
      for (const daemon of daemons.filter(({ isRunning }) => isRunning)) {
        expect(daemon.log(), 'log').to.match(/"level":/)
        expect(daemon.revealed(), 'secrets in the log').to.be.empty
      }
      return books
    },
    async close() {
      await stopPersisting()
      await stopBeat()
      await Promise.all(daemons.map((daemon) => daemon.remove()))
      await proxy.stop()
      await anvil.stop()
    },
  }
  if (options.idle !== true) {
    await Promise.all(daemons.map((daemon) => daemon.start())).catch(async (error: unknown) => {
      await scenario.close()
      throw error
    })
  }
  return scenario
}

/** Runs a scenario, checks what must hold at its end, and leaves nothing behind. */
export async function scenario(
  options: ScenarioOptions,
  run: (scenario: Scenario) => Promise<Partial<Truth> | undefined>,
): Promise<void> {
  const opened = await openScenario(options)
  try {
    const truth = await run(opened)
    await opened.check(truth)
  } finally {
    await opened.close()
  }
}
