// SPDX-License-Identifier: GPL-3.0-or-later

import { setTimeout as sleep } from 'node:timers/promises'
import { getAddress } from 'ethers'
import type { Log } from '../log'
import type { Metrics } from '../metrics'
import type { Store } from '../store/store'
import { ChainReader, type Head, type RpcSender } from './chain-reader'
import type { OnSettled, View } from './context'
import { SubmitterPolicyError } from './errors'
import { shortMessage } from './failure'
import type { Market } from './fees'
import { Lane, type LaneStatus } from './lane'
import { LaneLease } from './lease'
import { checkPolicy, type SubmitPolicy } from './policy'
import type { SigningAccount } from './sign'

/** How long a lease lasts, milliseconds: the time until another daemon goes on after one has died. */
const LEASE = 2_000

export type SubmitterOptions = {
  readonly chainId: number
  /** A `JsonRpcApiProvider` of ethers, best one with several endpoints. */
  readonly provider: RpcSender
  /** Their keys sign; each has a lane of its own. */
  readonly accounts: readonly SigningAccount[]
  readonly store: Pick<Store, 'db' | 'transactions' | 'leases' | 'cursors'>
  readonly metrics: Metrics
  readonly log: Log
  readonly policy: SubmitPolicy
  readonly onSettled: OnSettled
  /** How often to look for new blocks when nobody calls `wake`; 500 by default. */
  readonly pollMilliseconds?: number
}

export type SubmitterStatus = {
  readonly chainId: number
  /** Newest block that was seen. */
  readonly head: number | null
  /** Why the last round failed, if it did. */
  readonly failure: string | null
  readonly lanes: readonly LaneStatus[]
}

/** Gets the transactions of the store mined, on one chain. */
export type Submitter = {
  start(): void
  /** Lets the round that is under way finish, then gives up the lanes. What is left is done after the next start. */
  stop(): Promise<void>
  /** There is something new: a queued transaction, or a block. Cheap; call it freely. */
  wake(): void
  status(): SubmitterStatus
  /**
   * Whether a bond may be staked as far as sending goes: asked before a lock is queued, so that it neither waits here while the request
   * changes, nor makes a transaction necessary that no block can hold. That money for what follows it is kept back, the submitter sees
   * to by itself.
   *
   * @param gasLimit - of the lock or of the transaction with the proof, whichever is more.
   */
  canLock(account: string, gasLimit: bigint): LockPermit
}

/** Whether to queue a lock, and why not. */
export type LockPermit = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/**
 * Sends what the planner queues in `store.transactions`, each exactly once, whatever happens: a transaction is signed and stored with
 * its nonce in one database transaction, and only then sent; from then on these bytes, or replacements under the same nonce, are
 * sent until one of them is mined deep enough.
 *
 * @throws SubmitterPolicyError when the policy or the accounts cannot work.
 * @example
 * ```ts
 * const submitter = createSubmitter({ chainId: 1, provider, accounts: [wallet], store, metrics, log, policy, onSettled })
 * submitter.start()
 * await store.db.transaction((tx) => store.transactions.insert(tx, request))
 * submitter.wake()
 * ```
 */
export function createSubmitter(options: SubmitterOptions): Submitter {
  checkPolicy(options.policy)
  const addresses = options.accounts.map(({ address }) => getAddress(address))
  if (new Set(addresses).size < addresses.length)
    throw new SubmitterPolicyError('an account is named twice for one chain; name each once')
  const { chainId, log, metrics, policy } = options
  const poll = options.pollMilliseconds ?? 500
  const chain = new ChainReader(options.provider, policy.l1Fee)

  let head: Head | null = null
  let failure: string | null = null
  let market: { readonly hash: string; readonly value: Promise<Market> } | undefined
  let stopping = false
  let running: Promise<void> | undefined
  let woken = false
  let interrupt = () => {}

  const marketAt = (view: View): Promise<Market> => {
    if (market?.hash === view.hash) return market.value
    const value = chain.market(view)
    market = { hash: view.hash, value }
    // A failure is not worth keeping.
    value.catch(() => (market = undefined))
    return value
  }
  const lanes = options.accounts.map((account, index) => {
    const address = addresses[index]!
    metrics.spendCap.set({ chain: String(chainId), account: address }, Number(policy.spendCap.wei))
    return new Lane({
      chainId,
      account,
      chain,
      store: options.store,
      lease: new LaneLease(options.store.leases, `lane:${chainId}:${address}`, LEASE),
      policy,
      metrics,
      log: log.child({ chain: chainId, account: address }),
      onSettled: options.onSettled,
      market: marketAt,
      stopping: () => stopping,
    })
  })

  const round = async (woken: boolean): Promise<void> => {
    let asked: Promise<Head> | undefined
    const newest = () => (asked ??= chain.head().then((block) => (head = block)))
    const ticks = await Promise.allSettled(lanes.map((lane) => lane.tick(newest, woken)))
    const failed = ticks.find((tick) => tick.status === 'rejected')
    if (failed === undefined) {
      if (failure !== null) log.info({ chain: chainId }, 'the submitter goes on')
      failure = null
      return
    }
    const error: unknown = failed.reason
    metrics.errors.inc({ code: codeOf(error), module: 'submitter' })
    const reason = shortMessage(error)
    if (failure !== reason) log.warn({ chain: chainId, code: codeOf(error), reason }, 'a round of the submitter failed')
    failure = reason
  }

  const loop = async (): Promise<void> => {
    while (!stopping) {
      const begun = performance.now()
      const asked = woken
      woken = false
      await round(asked)
      // Calls to `wake` that come one upon the other share a round: half the time is left to others.
      const rest = Math.min(performance.now() - begun, poll)
      if (!stopping) await sleep(rest)
      if (stopping || woken) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, poll - rest)
        interrupt = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    await Promise.allSettled(lanes.map((lane) => lane.release()))
  }

  return {
    start() {
      stopping = false
      running ??= loop()
    },
    async stop() {
      stopping = true
      interrupt()
      await running
      running = undefined
    },
    wake() {
      woken = true
      interrupt()
    },
    canLock(account, gasLimit) {
      const reason = lanes[addresses.indexOf(getAddress(account))]?.obstacle(gasLimit)
      return reason === undefined ? { ok: true } : { ok: false, reason }
    },
    status: () => ({ chainId, head: head?.number ?? null, failure, lanes: lanes.map((lane) => lane.status()) }),
  }
}

/** Of our errors and those of ethers and databases, whose codes are few. */
function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : 'UNEXPECTED'
}
