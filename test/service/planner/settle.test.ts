// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { createMetrics } from '../../../prover/service/metrics'
import { GasTracker, JobBoard, onSettled, type PlannerContext } from '../../../prover/service/planner'
import type { JobState, Store } from '../../../prover/service/store'
import type { OutgoingTransaction, TransactionPurpose } from '../../../prover/service/store/transaction'
import { marketOrigin, openTestStore, SILENT, TERMS, type TestStore } from '../../support/store'

/** States that lead to the one in which a job waits for its proof to be mined. */
const TO_SUBMITTING: readonly JobState[] = ['locking', 'proving', 'submitting']

describe('planner: what becomes of a job with its transactions', () => {
  let test: TestStore
  let store: Store
  let context: PlannerContext
  before(async () => {
    test = await openTestStore()
    store = test.store
    const metrics = createMetrics()
    context = {
      store,
      metrics,
      board: new JobBoard(store, metrics),
      gas: new GasTracker(),
      log: SILENT,
    } as PlannerContext
  })
  after(() => test.remove())

  /** A job whose proof was sent. */
  const submitting = async (): Promise<string> => {
    const { id } = (await store.jobs.insertMarket(store.db, marketOrigin()))!
    let from: JobState = 'received'
    for (const to of TO_SUBMITTING) from = (await store.jobs.move(store.db, id, from, to)).state
    return id
  }
  const insert = async (jobId: string, purpose: TransactionPurpose): Promise<OutgoingTransaction> => {
    return (await store.transactions.insert(store.db, { ...TERMS, jobId, purpose }))!
  }
  const settle = (transaction: OutgoingTransaction, outcome: Parameters<typeof onSettled>[3]) =>
    store.db.transaction((tx) => onSettled(context, tx, transaction, outcome))
  const state = async (id: string) => (await store.jobs.get(store.db, id))!.state

  it('plans again as soon as a proof has failed, once, and lets another one be sent', async () => {
    const id = await submitting()
    const proof = await insert(id, 'fulfill')
    const change = { superseded: true, state: 'pending', error: 'OutOfGas: it failed' } as const
    const failed = await store.transactions.update(store.db, proof.id, change)
    await settle(failed, 'failing')
    const job = (await store.jobs.get(store.db, id))!
    expect(job).to.include({ state: 'received', attempts: 1 })
    expect(job.error).to.deep.equal({ code: 'TRANSACTION_FAILED', message: 'OutOfGas: it failed' })

    await store.jobs.move(store.db, id, 'received', 'proving')
    const next = await insert(id, 'fulfill')
    await store.jobs.move(store.db, id, 'proving', 'submitting')
    for (const outcome of ['reverted', 'abandoned'] as const) {
      await settle(failed, outcome)
      expect(await state(id), outcome).to.equal('submitting')
    }
    await settle(next, 'confirmed')
    expect(await state(id)).to.equal('done')
  })

  it('ends the job with whichever proof is confirmed', async () => {
    const id = await submitting()
    const proof = await insert(id, 'fulfill')
    const failed = await store.transactions.update(store.db, proof.id, { superseded: true, state: 'pending' })
    await settle(failed, 'failing')
    await store.jobs.move(store.db, id, 'received', 'proving')
    const next = await insert(id, 'fulfill')
    await store.jobs.move(store.db, id, 'proving', 'submitting')
    await settle(failed, 'mined')
    await settle(failed, 'confirmed')
    expect(await state(id)).to.equal('done')
    await settle(next, 'abandoned')
    expect(await state(id)).to.equal('done')
  })
})
