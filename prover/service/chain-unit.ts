// SPDX-License-Identifier: GPL-3.0-or-later

import type { Wallet } from 'ethers'
import { RpcProvider } from '../chain'
import { parseAmount, type ChainConfig } from './config'
import { createDiscovery, type Discovery } from './discovery'
import type { Log } from './log'
import type { Metrics } from './metrics'
import { createServedChain, onReorg, onRequest, onSettled, type PlannerContext, type ServedChain } from './planner'
import type { Store } from './store'
import { createSubmitter, type Submitter } from './submitter'

/** How long the right to search a chain for requests lasts without being renewed, and how often it is renewed. */
const LEASE = 10_000
const RENEW = 3_000

/** Everything that runs for one chain. */
export type ChainUnit = {
  readonly chainId: number
  readonly provider: RpcProvider
  /** Present where this daemon has an account. */
  readonly served: ServedChain | null
  /** Begins to send and to search; needs the planner, which in turn needs `served`. */
  start(planner: PlannerContext): void
  /** Whether the chain answers, and what is wrong if not. */
  health(): { readonly ready: boolean; readonly detail: string }
  /** Searches no more; transactions go on. */
  stopDiscovery(): Promise<void>
  stop(): Promise<void>
}

/** Puts a chain together. Nothing is asked of it before `start`. */
export function createChainUnit(options: {
  readonly config: ChainConfig
  readonly account: Wallet | undefined
  readonly store: Store
  readonly metrics: Metrics
  readonly log: Log
  readonly dryRun: boolean
}): ChainUnit {
  const { config, account, store, metrics, log, dryRun } = options
  const { chainId, coordinator } = config
  const provider = createProvider(config, metrics, log)
  let submitter: Submitter | undefined
  let stopLease: (() => Promise<void>) | undefined
  let stopHeads: (() => void) | undefined
  const served =
    account === undefined
      ? null
      : createServedChain({
          config,
          provider,
          account: account.address,
          wake: () => submitter?.wake(),
          canLock: (gasLimit) => submitter?.canLock(account.address, gasLimit) ?? { ok: true },
        })

  return {
    chainId,
    provider,
    served,
    start: (planner) => {
      if (account !== undefined && !dryRun) {
        submitter = createSubmitter({
          chainId,
          provider,
          accounts: [account],
          store,
          metrics,
          log,
          policy: submitPolicy(config),
          onSettled: (tx, transaction, outcome) => onSettled(planner, tx, transaction, outcome),
          pollMilliseconds: config.pollSeconds * 1000,
        })
        submitter.start()
        stopHeads = provider.onHead(() => submitter?.wake(), { poll: false })
      }
      if (coordinator !== undefined && served?.market) {
        const discover = () =>
          createDiscovery({
            chainId,
            coordinators: [coordinator],
            provider,
            store,
            metrics,
            log,
            settings: {
              rangeBlocks: config.rangeBlocks,
              pollSeconds: config.pollSeconds,
              ...(config.startBlock !== undefined && { startBlock: config.startBlock }),
            },
            onRequest: (tx, opened) => onRequest(planner, tx, chainId, opened),
            onReorg: (tx, { from }) => onReorg(planner, tx, chainId, from),
          })
        stopLease = holdWhileLeased(store, `discovery:${chainId}`, discover, log)
      }
    },
    health: () => {
      const endpoints = provider.healthyEndpoints.length
      if (endpoints === 0) return { ready: false, detail: 'no RPC endpoint answers' }
      const { failure = null, lanes = [] } = submitter?.status() ?? {}
      // Anybody may read this, and the failure may name an endpoint.
      if (failure !== null) return { ready: false, detail: 'transactions are not sent; the log says why' }
      const waiting = lanes.flatMap((lane) => lane.waiting).map((reason) => `, transactions wait: ${reason}`)
      return { ready: true, detail: `${endpoints} RPC endpoints in use${waiting.join('')}` }
    },
    stopDiscovery: async () => {
      await stopLease?.()
      stopLease = undefined
    },
    stop: async () => {
      stopHeads?.()
      await submitter?.stop()
      provider.destroy()
    },
  }
}

function createProvider(config: ChainConfig, metrics: Metrics, log: Log): RpcProvider {
  const chain = String(config.chainId)
  return new RpcProvider({
    chainId: config.chainId,
    urls: config.rpc,
    pollSeconds: config.pollSeconds,
    onRequest: ({ endpoint, outcome, seconds }) => {
      metrics.rpcRequests.inc({ chain, endpoint, outcome })
      metrics.rpcSeconds.observe({ chain, endpoint }, seconds)
    },
    onHealth: ({ endpoint, healthy, reason }) => {
      metrics.rpcHealthy.set({ chain, endpoint }, healthy ? 1 : 0)
      if (healthy) log.info({ chain, endpoint }, 'RPC endpoint is in use')
      else log.warn({ chain, endpoint, reason }, 'RPC endpoint is not in use')
    },
  })
}

function submitPolicy(config: ChainConfig) {
  return {
    confirmations: config.confirmations,
    maxFeePerGas: parseAmount(config.maxFeePerGas),
    bumpPercent: config.bumpPercent,
    bumpAfterSeconds: config.bumpAfterSeconds,
    spendCap: { wei: parseAmount(config.spendCap), periodSeconds: config.spendPeriodSeconds },
    balanceAlarm: parseAmount(config.balanceAlarm),
    maxInFlight: config.maxInFlight,
    l1Fee: config.l1Fee as 'none' | 'op-stack' | 'arbitrum',
  }
}

/** Runs the search on one daemon of the database at a time. @returns stops it and gives up the lease. */
function holdWhileLeased(store: Store, lease: string, discover: () => Discovery, log: Log): () => Promise<void> {
  let discovery: Discovery | undefined
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  const renew = async (): Promise<void> => {
    try {
      const isHeld = await store.leases.hold(lease, LEASE)
      if (isHeld && discovery === undefined) {
        discovery = discover()
        discovery.start()
      }
      if (!isHeld) {
        await discovery?.stop()
        discovery = undefined
      }
    } catch (error) {
      // Without a database nothing is found either; whoever gets the lease then goes on from the cursor.
      log.warn({ lease, error }, 'lease cannot be renewed')
    }
    if (isStopped) return
    timer = setTimeout(() => {
      renewing = renew()
    }, RENEW)
  }
  let renewing = renew()
  return async () => {
    isStopped = true
    clearTimeout(timer)
    await renewing
    await discovery?.stop()
    await store.leases.release(lease).catch((error: unknown) => log.warn({ lease, error }, 'lease cannot be given up'))
  }
}
