// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import {
  CancelTooLateError,
  InferenceUnknownError,
  InputMismatchError,
  InputNotWantedError,
  ModelUnknownError,
  OverloadedError,
  RetryRefusedError,
  type ProofRequest,
} from '../../prover/service/api'
import { cancel, createInference, retry, takeInput } from '../../prover/service/job-commands'
import { createMetrics } from '../../prover/service/metrics'
import { JobBoard, type PlannerContext, type ServedChain } from '../../prover/service/planner'
import { quantizedInputCommitment } from '../../prover/service/pool/encode'
import type { Job, MarketOrigin, Store, TransactionRequest } from '../../prover/service/store'
import { rejection } from '../support/rejection'
import { ADDRESS, marketOrigin, openTestStore, SILENT, type TestStore } from '../support/store'
import { DEMO } from './api/support'

const CHAIN = 31337
const INPUT = [Float64Array.of(1, -2, 3)]
const REQUEST: ProofRequest = { client: 'alice', model: DEMO, input: INPUT, context: null, submission: null }

describe('commands on jobs', function () {
  this.timeout(60_000)
  let test: TestStore
  let store: Store
  let planner: PlannerContext
  before(async () => {
    test = await openTestStore()
    store = test.store
    const chain = { chainId: CHAIN, account: ADDRESS(9), market: null } as unknown as ServedChain
    planner = {
      ...{ store, board: new JobBoard(store, createMetrics()), log: SILENT, dryRun: false },
      chains: new Map([[CHAIN, chain]]),
    } as unknown as PlannerContext
  })
  after(() => test.remove())

  const create = (change: Partial<ProofRequest> = {}, most = 1000) =>
    store.db.transaction((tx) => createInference(planner, tx, { ...REQUEST, ...change }, most))
  const current = async ({ id }: Job): Promise<Job> => (await store.jobs.get(store.db, id))!
  const aborted: string[] = []
  const end = async (job: Job) => cancel(planner, await current(job), (id) => void aborted.push(id))

  async function marketJob(change: Partial<MarketOrigin> = {}): Promise<Job> {
    return (await store.jobs.insertMarket(store.db, marketOrigin({ chainId: CHAIN, ...change })))!
  }

  /** Puts a lock of a job into the outbox. */
  async function lock({ id }: Job, state: 'queued' | 'abandoned'): Promise<void> {
    const call = { to: ADDRESS(1), data: '0x', value: 0n, gasLimit: 1n, deadline: 2_000_000_000 }
    const request = { jobId: id, purpose: 'lock', chainId: CHAIN, from: ADDRESS(9), ...call } as TransactionRequest
    const transaction = await store.transactions.insert(store.db, request)
    await store.transactions.update(store.db, transaction!.id, { state })
  }

  describe('that ask for a proof', () => {
    it('keep its input and queue it', async () => {
      const job = await create()
      expect([job.state, job.model]).to.deep.equal(['proving', DEMO.key])
      expect(job.origin).to.deep.include({ client: 'alice', submitTo: null, context: null })
      expect(await store.secrets.get(store.db, job.id, 'input')).to.deep.equal({ integers: [['1', '-2', '3']] })
      await end(job)
    })

    it('bind one that is submitted to our own call under the id that was checked', async () => {
      const job = await create({ submission: { chainId: CHAIN, modelId: '77' } })
      const { context, submitTo } = job.origin as Extract<Job['origin'], { kind: 'api' }>
      const bound = { chainId: String(CHAIN), caller: ADDRESS(9), prover: ADDRESS(9), modelId: '77' }
      expect(submitTo).to.equal(CHAIN)
      expect(context).to.deep.include(bound)
      expect(context!.requestId).to.match(/^0x[0-9a-f]{64}$/)
      await end(job)
    })

    it('are refused while too many proofs of clients wait, and nothing is left of them', async () => {
      const jobs = [await create({}, 2), await create({}, 2)]
      const request = await marketJob()
      await store.jobs.move(store.db, request.id, 'received', 'proving')
      const before = await store.jobs.count(store.db)
      const refused = await rejection(create({}, 2))
      expect(refused).to.be.instanceOf(OverloadedError).and.include({ status: 503, retryAfter: 5 })
      expect(await store.jobs.count(store.db)).to.deep.equal(before)
      await end(jobs[0]!)
      // Those of the market do not count: nobody can ask for more of them than chains take.
      jobs.push(await create({}, 2))
      for (const job of jobs) await end(job)
    })
  })

  describe('that cancel', () => {
    it('end a job once, and abort its proof', async () => {
      const job = await create()
      expect((await end(job)).state).to.equal('cancelled')
      expect((await end(job)).state).to.equal('cancelled')
      expect(aborted.filter((id) => id === job.id)).to.have.length(1)
    })

    it('come too late for what moved on, before or meanwhile, and for what was forgotten', async () => {
      const job = await create()
      const stale = await current(job)
      await store.jobs.move(store.db, job.id, 'proving', 'submitting')
      expect(await rejection(end(job))).to.be.instanceOf(CancelTooLateError)
      expect(await rejection(cancel(planner, stale, () => undefined))).to.be.instanceOf(CancelTooLateError)
      await store.jobs.move(store.db, job.id, 'submitting', 'done')
      await store.jobs.purge(store.db, -1_000)
      expect(await rejection(cancel(planner, stale, () => undefined))).to.be.instanceOf(InferenceUnknownError)
    })

    it('leave a market job alone whose bond is staked, or may be', async () => {
      const free = await marketJob()
      await lock(free, 'abandoned')
      expect((await end(free)).state).to.equal('cancelled')
      const job = await marketJob()
      await lock(job, 'queued')
      expect(await rejection(end(job)))
        .to.be.instanceOf(CancelTooLateError)
        .and.have.property('message')
        .that.includes('bond')
      const locked = await marketJob()
      await store.jobs.patch(store.db, locked.id, { times: { locked: 1 } })
      expect(await rejection(end(locked))).to.be.instanceOf(CancelTooLateError)
    })
  })

  describe('that try again', () => {
    it('take up what failed, once', async () => {
      const job = await create()
      const failed = await store.jobs.move(store.db, job.id, 'proving', 'failed')
      const results = await Promise.allSettled([retry(planner, failed), retry(planner, failed)])
      expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
      const [refused] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
      expect(refused).to.be.instanceOf(RetryRefusedError).and.include({ status: 409 })
      expect((await current(job)).state).to.equal('proving')
      await end(job)
    })

    it('have market jobs planned anew', async () => {
      const job = await marketJob()
      const skipped = await store.jobs.move(store.db, job.id, 'received', 'skipped')
      expect((await retry(planner, skipped)).state).to.equal('received')
    })

    it('refuse what goes on or was cancelled, and what has lost its input', async () => {
      const job = await create()
      expect(await rejection(retry(planner, await current(job)))).to.be.instanceOf(RetryRefusedError)
      const failed = await store.jobs.move(store.db, job.id, 'proving', 'failed')
      await store.secrets.erase(store.db, -1_000)
      const error = await rejection(retry(planner, failed))
      expect(error).to.be.instanceOf(RetryRefusedError)
      expect(error.message).to.include('erased')
      await store.jobs.purge(store.db, -1_000)
      const cancelled = await end(await create())
      expect(await rejection(retry(planner, cancelled))).to.be.instanceOf(RetryRefusedError)
    })
  })

  describe('that bring an input', () => {
    const target = (job: Job, model: typeof DEMO | undefined = DEMO) => {
      const { coordinator, requestId, request } = job.origin as MarketOrigin
      return { jobId: job.id, chainId: CHAIN, coordinator, requestId, requester: request.requester, model }
    }
    const inputCommitment = quantizedInputCommitment(DEMO.file.schema, INPUT, [])
    const wanting = () => marketJob({ request: { ...marketOrigin().request, inputCommitment } })

    it('keep the committed one, and no other', async () => {
      const job = await wanting()
      const other = [Float64Array.of(1, -2, 4)]
      const refused = await rejection(takeInput(planner, target(job), { input: other, salts: [] }))
      expect(refused).to.be.instanceOf(InputMismatchError)
      expect(await store.secrets.has(store.db, job.id, 'input')).to.equal(false)
      await takeInput(planner, target(job), { input: INPUT, salts: [] })
      expect(await store.secrets.get(store.db, job.id, 'input')).to.deep.include({ integers: [['1', '-2', '3']] })
    })

    it('are refused when it is too late, or the model is not here', async () => {
      const job = await wanting()
      const given = { input: INPUT, salts: [] }
      const strange = { ...target(job), model: undefined }
      expect(await rejection(takeInput(planner, strange, given))).to.be.instanceOf(ModelUnknownError)
      await store.jobs.move(store.db, job.id, 'received', 'skipped')
      expect(await rejection(takeInput(planner, target(job), given))).to.be.instanceOf(InputNotWantedError)
    })
  })
})
