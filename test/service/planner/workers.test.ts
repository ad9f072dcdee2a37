// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { ZeroAddress, ZeroHash } from 'ethers'
import { RpcUnavailableError } from '../../../prover/chain'
import { WitnessError } from '../../../prover/witness'
import { createMetrics } from '../../../prover/service/metrics'
import { GasTracker, JobBoard, startWorkers, type PlannerContext } from '../../../prover/service/planner'
import type { MarketChain } from '../../../prover/service/planner/market-chain'
import type { Job, JobState, Store, TakenJob } from '../../../prover/service/store'
import { SILENT } from '../../support/store'

type End = {
  readonly how: 'complete' | 'retry' | 'failed'
  readonly atMostSeconds?: number | undefined
  readonly code?: string
}

/** Lets one market job be planned, or proved, while the chain answers with an error; how that ends. */
async function runOnce(options: {
  readonly state: 'received' | 'proving'
  readonly error: unknown
  readonly locked?: boolean
  readonly retries?: number
  readonly deadline?: number
}): Promise<End> {
  const { state, error, retries = 0, deadline = Math.floor(Date.now() / 1000) + 600 } = options
  let ended: (end: End) => void
  const result = new Promise<End>((resolve) => (ended = resolve))
  const job = {
    id: 'j',
    model: 'm',
    state,
    attempts: 0,
    times: options.locked ? { locked: 1 } : {},
    money: {},
    origin: {
      kind: 'market',
      chainId: 1,
      coordinator: ZeroAddress,
      requestId: ZeroHash,
      request: { deadline: BigInt(deadline) },
      block: { number: 1, hash: ZeroHash },
    },
  } as unknown as Job
  const fail = () => Promise.reject(error as Error)
  const reads = { head: fail, stateOf: fail, recordOf: fail, model: fail, gasPrice: fail }
  const market = { ...reads, account: ZeroAddress } as unknown as MarketChain
  let given = false
  const taken: TakenJob = {
    jobId: job.id,
    retries,
    complete: async () => ended({ how: 'complete' }),
    retry: async (_, { atMostSeconds } = {}) => ended({ how: 'retry', atMostSeconds }),
  }
  const queue = state === 'received' ? 'plan' : 'prove'
  const store = {
    db: { transaction: (run: (tx: unknown) => unknown) => run({}) },
    jobs: {
      get: async () => job,
      move: async (_tx: unknown, _id: string, _from: JobState, to: JobState, patch: { error: { code: string } }) => {
        ended({ how: 'failed', code: patch.error.code })
        return { ...job, state: to }
      },
    },
    queue: {
      take: async (name: string) => (name === queue && !given ? ((given = true), taken) : undefined),
      onWork: () => () => undefined,
    },
  } as unknown as Store
  const metrics = createMetrics()
  const context = {
    store,
    metrics,
    board: new JobBoard(store, metrics),
    chains: new Map([[1, { chainId: 1, account: ZeroAddress, market }]]),
    gas: new GasTracker(),
    pool: { capacity: 1, wanted: 1 },
    log: SILENT,
    dryRun: false,
  } as unknown as PlannerContext
  const workers = startWorkers(context, 1)
  const end = await result
  await workers.stop(0)
  return end
}

describe('a step that fails', () => {
  const outage = new RpcUnavailableError('eth_call', 'no endpoint answers')

  it('is tried again after an outage of the chain, however often', async () => {
    for (const retries of [0, 100])
      expect(await runOnce({ state: 'received', error: outage, retries })).to.deep.include({ how: 'retry' })
  })

  it('is tried again soon where a bond is at stake, whatever it failed with', async () => {
    for (const error of [outage, new Error('a bug')])
      expect(await runOnce({ state: 'proving', error, locked: true, retries: 50 })).to.include({
        how: 'retry',
        atMostSeconds: 5,
      })
  })

  it('ends the job where no repetition helps', async () => {
    const error = new WitnessError('no witness')
    expect(await runOnce({ state: 'received', error })).to.deep.equal({ how: 'failed', code: 'WITNESS_UNSATISFIED' })
  })

  it('is not tried for ever on a chain that is gone', async () => {
    const deadline = Math.floor(Date.now() / 1000) - 200_000
    expect(await runOnce({ state: 'received', error: outage, deadline })).to.include({ how: 'failed' })
  })
})

describe('jobs that are taken before a prover is free', () => {
  /** How many of a long queue are in hand at once. */
  async function inHand(capacity: number, wanted: number): Promise<number> {
    let hand = 0
    let go: () => void = () => undefined
    const gone = new Promise<void>((resolve) => (go = resolve))
    const taken: TakenJob = { jobId: 'j', retries: 0, complete: async () => undefined, retry: async () => undefined }
    const store = {
      db: {},
      jobs: {
        get: async () => {
          hand++
          await gone
        },
      },
      queue: { take: async (name: string) => (name === 'prove' ? taken : undefined), onWork: () => () => undefined },
    } as unknown as Store
    const context = { store, pool: { capacity, wanted }, log: SILENT } as unknown as PlannerContext
    const workers = startWorkers(context, 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const stopped = workers.stop(0)
    go()
    await stopped
    return hand
  }

  it('are as many as the pool wants', async () => {
    expect(await inHand(1, 1)).to.equal(1)
    expect(await inHand(1, 2)).to.equal(2)
    expect(await inHand(4, 4)).to.equal(4)
    expect(await inHand(4, 8)).to.equal(8)
  })
})
