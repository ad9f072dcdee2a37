// SPDX-License-Identifier: GPL-3.0-or-later

import type { OutgoingTransaction } from '../store/transaction'
import type { Head } from './chain-reader'
import { readBudget } from './budget'
import { isInFlight, type LaneContext, remember, seconds, type View, type Waiting } from './context'
import { dispatch } from './dispatch'
import { fillGaps } from './gaps'
import { CanonicalBlocks, settle } from './settle'
import { tend } from './tend'

/** How often the balance of an account is looked at that has nothing to send: seconds. */
const IDLE_LOOK = 30

/** When transactions are read again though nobody says that there are new ones, as when another daemon queued them: seconds. */
const READ_AGAIN = 1

/** What would hold up further transactions as well. */
const HOLD_UP: readonly Waiting[] = ['balance too low', 'spend cap', 'fees above cap', 'nodes refuse']

/** Where an account stands. */
export type LaneStatus = {
  readonly account: string
  /** Whether this daemon sends for the account; otherwise another one on the database does. */
  readonly active: boolean
  readonly queued: number
  /** Signed and not mined. */
  readonly inFlight: number
  /** Mined and not yet deep enough. */
  readonly settling: number
  /** Since the oldest of all these was first seen by this process. */
  readonly oldestSeconds: number
  /** Of the account after the newest block, once known. */
  readonly nonce: number | null
  /** Wei, once known. */
  readonly balance: bigint | null
  readonly balanceLow: boolean
  /** Why what waits does. */
  readonly waiting: readonly Waiting[]
}

/** Sends the transactions of one account on one chain. */
export class Lane {
  private readonly context: LaneContext
  private readonly blocks = new CanonicalBlocks()
  private view: View | undefined
  private rows: readonly OutgoingTransaction[] = []
  /** Whether the rows may be other than those in the store. */
  private stale = true
  private nextRead = 0
  private active = false
  /** Whether there is more to find out at the head that was looked at. */
  private incomplete = true
  /** Queued transactions that were tried at the head that was looked at. */
  private tried = new Set<string>()
  private nextIdleLook = 0
  private readonly alarms = new Set<string>()

  constructor(given: Omit<LaneContext, 'memory' | 'gaps' | 'waiting' | 'changed'>) {
    const changed = (): void => {
      this.stale = true
    }
    this.context = { ...given, memory: new Map(), gaps: new Map(), waiting: new Set(), changed }
  }

  /**
   * Does all that can be done now.
   *
   * @param head - asks for the newest block, once for all lanes of a round.
   * @param woken - whether somebody says that there is something new.
   */
  async tick(head: () => Promise<Head>, woken: boolean): Promise<void> {
    const { context } = this
    const wasActive = this.active
    if (woken || seconds() >= this.nextRead) this.stale = true
    this.active = await context.lease.hold()
    if (!this.active) {
      if (wasActive) this.forgetGauges()
      // What another daemon has done meanwhile is looked at afresh.
      this.stale = true
      this.incomplete = true
      this.rows = []
      return
    }
    if (this.rows.length === 0) {
      await this.read()
      if (this.rows.length === 0) context.waiting.clear()
      if (this.rows.length === 0 && seconds() < this.nextIdleLook) return
    }
    this.nextIdleLook = seconds() + IDLE_LOOK

    const newest = await head()
    const moved = newest.hash !== this.view?.hash
    if (moved) await this.look(newest)
    const view = this.view!
    if (this.rows.length === 0) await readBudget(context, view, [])
    await this.read()
    if (moved || this.incomplete) {
      this.incomplete = true
      this.tried.clear()
      context.waiting.clear()
      const complete = await settle(context, this.blocks, view, this.rows)
      await this.read()
      this.incomplete = !complete
    }
    await tend(context, view, this.rows)
    await fillGaps(context, view, this.rows)
    for (const row of await dispatch(context, view, this.rows, this.tried)) this.tried.add(row.id)
    if (context.waiting.has('simulation not possible')) this.incomplete = true
    const capped = context.waiting.has('spend cap')
    this.alarm('spend cap', capped, 'an account has reached its spend cap; its transactions wait')
  }

  status(): LaneStatus {
    const time = seconds()
    const ages = this.rows.map((row) => time - remember(this.context, row).firstSeen)
    return {
      account: this.context.account.address,
      active: this.active,
      queued: this.rows.filter((row) => row.state === 'queued').length,
      inFlight: this.rows.filter(isInFlight).length,
      settling: this.rows.filter((row) => row.state !== 'queued' && row.receipt !== null).length,
      oldestSeconds: Math.max(0, ...ages),
      nonce: this.view?.nonce ?? null,
      balance: this.view?.balance ?? null,
      balanceLow: this.alarms.has('balance'),
      waiting: [...this.context.waiting].sort(),
    }
  }

  /**
   * Why a lock had better not be queued now, as far as this process knows: undefined while it has not looked, and where another daemon
   * sends.
   *
   * @param gasLimit - of the lock or of what has to follow it, whichever is more.
   */
  obstacle(gasLimit: bigint): string | undefined {
    const { view, context } = this
    if (!this.active || view === undefined) return undefined
    if (gasLimit > view.gasLimit) return `it takes transactions of ${gasLimit} gas, and a block holds ${view.gasLimit}`
    const reason = HOLD_UP.find((waiting) => context.waiting.has(waiting))
    return reason && `transactions wait: ${reason}`
  }

  async release(): Promise<void> {
    await this.context.lease.release()
  }

  /** Reads the transactions again, unless they are known. */
  private async read(): Promise<void> {
    if (!this.stale) return
    const { context } = this
    const { address } = context.account
    this.nextRead = seconds() + READ_AGAIN
    this.rows = await context.store.transactions.unsettled(context.store.db, context.chainId, address, this.rows)
    this.stale = false
    const present = new Set(this.rows.map((row) => row.id))
    for (const id of context.memory.keys()) if (!present.has(id)) context.memory.delete(id)
    for (const row of this.rows) remember(context, row)
    const labels = { chain: String(context.chainId), account: address }
    context.metrics.lanePending.set(labels, this.rows.length)
    context.metrics.laneOldestSeconds.set(labels, this.status().oldestSeconds)
  }

  /** What is said of the account is the word of the daemon that sends for it. */
  private forgetGauges(): void {
    const { account, chainId, metrics } = this.context
    const labels = { chain: String(chainId), account: account.address }
    for (const gauge of [metrics.lanePending, metrics.laneOldestSeconds, metrics.balance, metrics.spent])
      gauge.remove(labels)
  }

  private async look(head: Head): Promise<void> {
    const { account, chain, chainId, metrics, policy } = this.context
    this.view = { ...head, ...(await chain.account(account.address, head.hash)) }
    const { balance } = this.view
    metrics.balance.set({ chain: String(chainId), account: account.address }, Number(balance))
    this.alarm('balance', balance < policy.balanceAlarm, 'the balance of an account is low; send it coins')
  }

  /** Says so once when something begins, and once when it is over. */
  private alarm(name: string, on: boolean, message: string): void {
    const { account, log } = this.context
    if (on === this.alarms.has(name)) return
    if (on) this.alarms.add(name)
    else this.alarms.delete(name)
    const fields = { account: account.address, alarm: name, balance: this.view?.balance.toString() }
    if (on) log.warn(fields, message)
    else log.info(fields, `alarm over: ${name}`)
  }
}
