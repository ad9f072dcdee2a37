// SPDX-License-Identifier: GPL-3.0-or-later

import { setTimeout as sleep } from 'node:timers/promises'
import { Wallet, ZeroAddress } from 'ethers'
import type { Log } from '../../../prover/service/log'
import { createMetrics } from '../../../prover/service/metrics'
import type { Store } from '../../../prover/service/store/store'
import type { OutgoingTransaction, TransactionRequest } from '../../../prover/service/store/transaction'
import {
  createSubmitter,
  type OnSettled,
  type SettledOutcome,
  type SubmitPolicy,
  type Submitter,
  type SubmitterOptions,
} from '../../../prover/service/submitter'
import { openTestStore, type TestStore } from '../../support/store'
import { FAKE_CHAIN_ID, FakeChain, fulfillData, lockData } from './fake-chain'

/** Waits for nothing in the tests: attempts are replaced almost at once. */
export const POLICY: SubmitPolicy = {
  confirmations: 3,
  maxFeePerGas: 10_000n,
  bumpPercent: 10,
  bumpAfterSeconds: 0.02,
  spendCap: { wei: 10n ** 18n, periodSeconds: 3600 },
  balanceAlarm: 1000n,
  maxInFlight: 8,
  l1Fee: 'none',
}

/** Attempts are never replaced because of their age. */
export const PATIENT: SubmitPolicy = { ...POLICY, bumpAfterSeconds: 1000 }

export type Event = { readonly request: string; readonly outcome: SettledOutcome; readonly error: string | null }

export type Line = { readonly level: string; readonly message: string; readonly fields: Record<string, unknown> }

/** One account with a chain of its own, on a store that is shared by all tests of a file. */
export class World {
  readonly chain = new FakeChain()
  readonly wallet = new Wallet(Wallet.createRandom().privateKey)
  readonly metrics = createMetrics()
  readonly events: Event[] = []
  readonly lines: Line[] = []
  readonly running: Submitter[] = []
  onSettled: OnSettled = () => Promise.resolve()

  constructor(readonly store: Store) {}

  /** Starts a submitter for the account. */
  start(policy: SubmitPolicy = PATIENT, options: Partial<SubmitterOptions> = {}): Submitter {
    const submitter = createSubmitter({
      chainId: FAKE_CHAIN_ID,
      provider: this.chain,
      accounts: [this.wallet],
      store: this.store,
      metrics: this.metrics,
      log: this.log({}),
      policy,
      onSettled: async (tx, transaction, outcome) => {
        await this.onSettled(tx, transaction, outcome)
        this.events.push({ request: transaction.data, outcome, error: transaction.error })
      },
      pollMilliseconds: 3,
      ...options,
    })
    submitter.start()
    this.running.push(submitter)
    return submitter
  }

  async stop(): Promise<void> {
    this.chain.fault = () => {}
    this.chain.lose = () => {}
    await Promise.all(this.running.map((submitter) => submitter.stop()))
    this.chain.destroy()
  }

  /** Queues a call for a job of its own, or the given one. */
  async queue(data: string, more: Partial<TransactionRequest> = {}): Promise<OutgoingTransaction> {
    const { store, wallet } = this
    const inserted = await store.db.transaction(async (tx) => {
      const jobId = more.jobId ?? (await this.job(tx))
      const purpose = data.startsWith('0x01') ? 'lock' : 'fulfill'
      const request = { jobId, purpose, chainId: FAKE_CHAIN_ID, from: wallet.address, to: ZeroAddress, data } as const
      const terms = { value: 0n, gasLimit: 100_000n, deadline: this.chain.time + 100_000 }
      return store.transactions.insert(tx, { ...request, ...terms, ...more })
    })
    for (const submitter of this.running) submitter.wake()
    return inserted!
  }

  async get(row: OutgoingTransaction): Promise<OutgoingTransaction> {
    return (await this.store.transactions.get(this.store.db, row.id))!
  }

  async state(row: OutgoingTransaction): Promise<OutgoingTransaction['state']> {
    return (await this.get(row)).state
  }

  /** Mines until a transaction is in a state. */
  async mineUntil(row: OutgoingTransaction, state: OutgoingTransaction['state']): Promise<OutgoingTransaction> {
    await until(async () => {
      if ((await this.state(row)) === state) return true
      this.chain.mine()
      await sleep(5)
      return false
    }, state)
    return this.get(row)
  }

  /** Waits, without a block, until a transaction is as wanted. */
  async reach(row: OutgoingTransaction, wanted: (row: OutgoingTransaction) => boolean): Promise<OutgoingTransaction> {
    await until(async () => wanted(await this.get(row)), 'what was expected of the transaction')
    return this.get(row)
  }

  outcomes(data: string): SettledOutcome[] {
    return this.events.filter(({ request }) => request === data).map(({ outcome }) => outcome)
  }

  async metric(name: keyof Omit<World['metrics'], 'registry'>): Promise<number> {
    const { values } = await this.metrics[name].get()
    return values.reduce((sum, { value }) => sum + value, 0)
  }

  private async job(tx: Parameters<Store['jobs']['insertApi']>[0]): Promise<string> {
    const origin = { kind: 'api', client: 'test', context: null, submitTo: FAKE_CHAIN_ID } as const
    return (await this.store.jobs.insertApi(tx, origin, 'model')).id
  }

  private log(base: object): Log {
    const write = (level: string) => (fields: object, message: string) => {
      this.lines.push({ level, message, fields: { ...base, ...fields } })
    }
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => this.log({ ...base, ...fields }),
    }
  }
}

/** Waits until something holds; fails after ten seconds. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`)
    await sleep(3)
  }
}

/** Time for a few rounds of a submitter. */
export async function aWhile(): Promise<void> {
  await sleep(60)
}

export { fulfillData, lockData }

/** A store for the tests of a `describe`, and a world for each of them. */
export function inNewWorlds(enter: (world: World) => void): void {
  let test: TestStore
  let world: World
  before(async () => {
    test = await openTestStore()
  })
  after(() => test.remove())
  beforeEach(() => enter((world = new World(test.store))))
  afterEach(() => world.stop())
}
