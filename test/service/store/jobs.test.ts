// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import { JobConflictError, JobTransitionError, StoreNotFoundError } from '../../../prover/service/store/errors'
import { NEXT_STATES, type JobState } from '../../../prover/service/store/job'
import type { Store } from '../../../prover/service/store/store'
import { rejection } from '../../support/rejection'
import { ADDRESS, apiOrigin, marketOrigin, openTestStore, TERMS, type TestStore } from '../../support/store'

describe('the jobs of the store', () => {
  let test: TestStore
  let store: Store
  before(async function () {
    this.timeout(60_000)
    test = await openTestStore()
    store = test.store
  })
  after(() => test.remove())
  const jobIn = async (state: JobState): Promise<string> => {
    const { id } = await store.jobs.insertApi(store.db, apiOrigin(), 'm')
    await store.db.query('UPDATE zkml.jobs SET state = $2 WHERE id = $1', [id, state])
    return id
  }

  it('gives back a market job as it was put in, integers beyond 2^53 too', async () => {
    const origin = marketOrigin()
    const job = await store.jobs.insertMarket(store.db, origin)
    expect(job).to.deep.include({ origin, state: 'received', model: null, error: null, attempts: 0, notBefore: null })
    expect(job!.times.received).to.be.closeTo(job!.createdAt, 5000)
    expect(await store.jobs.get(store.db, job!.id)).to.deep.equal(job)
    expect(await store.jobs.find(store.db, origin.chainId, origin.requestId)).to.deep.equal(job)
    expect(await store.jobs.find(store.db, 2, origin.requestId)).to.equal(undefined)
  })

  it('knows a request whatever the letters of its addresses, and gives it the block it is in now', async () => {
    const origin = marketOrigin()
    const job = await store.jobs.insertMarket(store.db, origin)
    const block = { number: 12, hash: '0x0c' }
    const again = {
      ...origin,
      coordinator: origin.coordinator.toLowerCase(),
      requestId: origin.requestId.toUpperCase(),
      block,
    }
    expect(await store.jobs.insertMarket(store.db, again)).to.equal(undefined)
    const found = await store.jobs.get(store.db, job!.id)
    expect(found!.origin).to.deep.equal({ ...origin, block })
    expect(await store.jobs.insertMarket(store.db, { ...origin, chainId: 5 })).not.to.equal(undefined)
    expect(await store.jobs.insertMarket(store.db, { ...origin, coordinator: ADDRESS(9) })).not.to.equal(undefined)
  })

  it('inserts one of many concurrent announcements', async () => {
    const origin = marketOrigin()
    const inserted = await Promise.all(
      Array.from({ length: 8 }, () => store.db.transaction((tx) => store.jobs.insertMarket(tx, origin))),
    )
    expect(inserted.filter((job) => job !== undefined)).to.have.length(1)
  })

  it('gives back an API job as it was put in', async () => {
    const context = {
      chainId: '1',
      caller: ADDRESS(1),
      requestId: '0x00',
      modelId: `${2n ** 255n}`,
      prover: ADDRESS(2),
    }
    for (const origin of [apiOrigin(), apiOrigin({ context }), apiOrigin({ submitTo: 7, client: 'ünï "\'' })]) {
      const job = await store.jobs.insertApi(store.db, origin, 'm')
      expect(await store.jobs.get(store.db, job.id)).to.deep.include({ origin, model: 'm', state: 'received' })
    }
  })

  it('moves along the states that may follow, and no others', async () => {
    const states = Object.keys(NEXT_STATES) as JobState[]
    const id = await jobIn('received')
    await store.db.transaction(async (tx) => {
      for (const from of states) {
        for (const to of states) {
          if (NEXT_STATES[from].includes(to)) {
            await tx.query('UPDATE zkml.jobs SET state = $2 WHERE id = $1', [id, from])
            expect((await store.jobs.move(tx, id, from, to)).state).to.equal(to)
          } else {
            expect(await rejection(store.jobs.move(tx, id, from, to))).to.be.instanceOf(JobTransitionError)
          }
        }
      }
    })
  })

  it('notes times once, merges money, and drops the explanation of the former state', async () => {
    const { id } = await store.jobs.insertApi(store.db, apiOrigin(), 'm')
    const waiting = await store.jobs.move(store.db, id, 'received', 'waiting', {
      error: { code: 'X', message: 'no input\0\ud800' },
      delayMs: 60_000,
      money: { price: '5' },
      attempts: 3,
    })
    expect(waiting).to.deep.include({ attempts: 3, money: { price: '5' } })
    expect(waiting.notBefore! - waiting.updatedAt).to.equal(60_000)
    expect(waiting.error).to.deep.equal({ code: 'X', message: 'no input\0\ud800' })
    const received = await store.jobs.move(store.db, id, ['waiting', 'locking'], 'received')
    expect(received).to.deep.include({ notBefore: null, error: null, attempts: 3 })
    expect(received.times.received).to.equal(waiting.times.received)
    const proving = await store.jobs.move(store.db, id, 'received', 'proving', {
      money: { gasSpent: '7' },
      times: { mined: 1 },
    })
    expect(proving.money).to.deep.equal({ price: '5', gasSpent: '7' })
    const done = await store.jobs.move(store.db, id, 'proving', 'done', {
      times: { mined: 2 },
      proof: { a: ['1'] },
      result: {},
    })
    expect(done).to.deep.include({ proof: { a: ['1'] }, result: {} })
    expect(done.times.mined).to.equal(1)
    expect(Object.keys(done.times)).to.have.members(['received', 'waiting', 'proving', 'done', 'mined'])
    expect(await store.jobs.patch(store.db, id, { proof: null })).to.deep.include({ proof: null, state: 'done' })
  })

  it('lets one of two movers win', async () => {
    const id = await jobIn('received')
    const moves = await Promise.allSettled(
      ['proving', 'cancelled'].map((to) =>
        store.db.transaction((tx) => store.jobs.move(tx, id, 'received', to as JobState)),
      ),
    )
    const lost = moves.filter((move) => move.status === 'rejected')
    expect(lost).to.have.length(1)
    expect(lost[0]!.reason).to.be.instanceOf(JobConflictError).with.property('code', 'JOB_CONFLICT')
  })

  it('says when there is no such job', async () => {
    for (const id of [randomUUID(), 'x', "' OR true --"]) {
      expect(await store.jobs.get(store.db, id)).to.equal(undefined)
      expect(await rejection(store.jobs.patch(store.db, id, {}))).to.be.instanceOf(StoreNotFoundError)
      expect(await rejection(store.jobs.move(store.db, id, 'received', 'proving'))).to.be.instanceOf(StoreNotFoundError)
      expect(await store.jobs.list(store.db, { before: id })).to.deep.equal([])
    }
  })

  it('lists newest first, by filter and page', async () => {
    const chainId = 4242
    const ids: string[] = []
    await store.db.transaction(async (tx) => {
      for (let i = 0; i < 5; i++) ids.unshift((await store.jobs.insertMarket(tx, marketOrigin({ chainId })))!.id)
      ids.unshift((await store.jobs.insertApi(tx, apiOrigin({ submitTo: chainId }), 'm')).id)
    })
    const list = async (filter: object) => (await store.jobs.list(store.db, { chainId, ...filter })).map(({ id }) => id)
    expect(await list({})).to.deep.equal(ids)
    expect(await list({ limit: 2 })).to.deep.equal(ids.slice(0, 2))
    expect(await list({ limit: 2, before: ids[1] })).to.deep.equal(ids.slice(2, 4))
    expect(await list({ kind: 'api' })).to.deep.equal(ids.slice(0, 1))
    await store.jobs.move(store.db, ids[2]!, 'received', 'skipped')
    expect(await list({ states: ['skipped', 'done'] })).to.deep.equal([ids[2]])
    expect(await list({ states: [] })).to.deep.equal([])
  })

  it('counts every state', async () => {
    const before = await store.jobs.count(store.db)
    expect(Object.keys(before)).to.have.members(Object.keys(NEXT_STATES))
    await jobIn('expired')
    expect(await store.jobs.count(store.db)).to.deep.equal({ ...before, expired: before.expired + 1 })
  })

  it('counts what is locked and proved, by model and kind', async () => {
    const { id } = (await store.jobs.insertMarket(store.db, marketOrigin()))!
    await store.jobs.move(store.db, id, 'received', 'locking')
    const other = (await store.jobs.insertMarket(store.db, marketOrigin()))!
    await store.jobs.move(store.db, other.id, 'received', 'proving', { model: 'slow' })
    for (let i = 0; i < 2; i++) {
      const api = await store.jobs.insertApi(store.db, apiOrigin(), 'slow')
      await store.jobs.move(store.db, api.id, 'received', 'proving')
    }
    await store.jobs.insertApi(store.db, apiOrigin(), 'slow')
    const backlog = await store.jobs.backlog(store.db)
    expect(backlog.filter(({ model }) => model !== 'm')).to.have.deep.members([
      { model: null, kind: 'market', jobs: 1 },
      { model: 'slow', kind: 'market', jobs: 1 },
      { model: 'slow', kind: 'api', jobs: 2 },
    ])
  })

  it('waits by the clock of the database, however long', async () => {
    const { id } = await store.jobs.insertApi(store.db, apiOrigin(), 'm')
    const [clock] = await store.db.query<{ now: Date }>('SELECT now()')
    const job = await store.jobs.move(store.db, id, 'received', 'waiting', { delayMs: 3_600_000 })
    expect(job.notBefore! - clock!.now.getTime()).to.be.within(3_600_000, 3_660_000)
    expect((await store.jobs.patch(store.db, id, { attempts: 1 })).notBefore).to.equal(job.notBefore)
    const patched = await store.jobs.patch(store.db, id, { delayMs: 2 ** 64 * 1000 })
    expect(patched.notBefore! - clock!.now.getTime()).to.be.within(3650 * 86_400_000, 3651 * 86_400_000)
    expect((await store.jobs.move(store.db, id, 'waiting', 'received')).notBefore).to.equal(null)
  })

  describe('that nothing will move', () => {
    const HOUR = 3_600_000
    const aged = async (state: JobState, hours: number): Promise<string> => {
      const id = await jobIn(state)
      await store.db.query(`UPDATE zkml.jobs SET updated_at = now() - $2 * interval '1 hour' WHERE id = $1`, [
        id,
        hours,
      ])
      return id
    }
    const stalled = async (limit = 100): Promise<string[]> =>
      (await store.jobs.stalled(store.db, HOUR, limit)).map(({ id }) => id)
    const send = (jobId: string, purpose: 'lock' | 'fulfill') =>
      store.transactions.insert(store.db, { ...TERMS, jobId, purpose })
    beforeEach(() => store.db.query('DELETE FROM zkml.jobs'))

    it('are found, oldest first, once they are due for long enough', async () => {
      const ids = [
        await aged('received', 2),
        await aged('waiting', 3),
        await aged('locking', 4),
        await aged('proving', 5),
        await aged('submitting', 6),
      ].reverse()
      for (const state of ['done', 'skipped', 'failed', 'cancelled', 'expired'] as const) await aged(state, 9)
      await aged('received', 0.9)
      const waiting = await aged('waiting', 9)
      await store.db.query(`UPDATE zkml.jobs SET not_before = now() - interval '1 minute' WHERE id = $1`, [waiting])
      expect(await stalled()).to.deep.equal(ids)
      expect(await stalled(2)).to.deep.equal(ids.slice(0, 2))
    })

    it('are not those whose transaction is on its way', async () => {
      const [locking, submitting, unsent] = [
        await aged('locking', 2),
        await aged('submitting', 3),
        await aged('submitting', 4),
      ]
      const lock = (await send(locking, 'lock'))!
      const proof = (await send(submitting, 'fulfill'))!
      const lockBefore = (await send(unsent, 'lock'))!
      await store.transactions.update(store.db, lockBefore.id, { state: 'mined' })
      for (const state of ['queued', 'pending', 'mined', 'cancelling'] as const) {
        for (const { id } of [lock, proof]) await store.transactions.update(store.db, id, { state })
        expect(await stalled(), state).to.deep.equal([unsent])
      }
      for (const state of ['confirmed', 'reverted', 'abandoned'] as const) {
        for (const { id } of [lock, proof]) await store.transactions.update(store.db, id, { state })
        expect(await stalled(), state).to.deep.equal([unsent, submitting, locking])
      }
    })

    it('are not those that stand in line, or are worked on', async () => {
      const [planned, proved, late] = [await aged('received', 2), await aged('proving', 3), await aged('waiting', 4)]
      await store.queue.send(store.db, 'plan', planned)
      await store.queue.send(store.db, 'prove', proved)
      await store.queue.send(store.db, 'plan', late, { delayMs: HOUR })
      expect(await stalled(), 'its message is late').to.deep.equal([late])
      const taken = [await store.queue.take('plan'), await store.queue.take('prove')]
      expect(await stalled()).to.deep.equal([late])
      for (const take of taken) await take!.complete()
      expect(await stalled()).to.deep.equal([late, proved, planned])
      await store.queue.send(store.db, 'prove', planned)
      expect(await stalled(), 'in the wrong line').to.include(planned)
      for (const queue of ['plan', 'prove'] as const) {
        await store.queue.send(store.db, queue, late)
        await (await store.queue.take(queue))?.complete()
      }
    })
  })

  it('finds the jobs that a reorganisation touches', async () => {
    const chainId = 99
    for (const number of [10, 11, 12]) {
      await store.jobs.insertMarket(store.db, marketOrigin({ chainId, block: { number, hash: '0x' } }))
    }
    const found = await store.jobs.fromBlock(store.db, chainId, 11)
    expect(found.map(({ origin }) => origin.kind === 'market' && origin.block.number)).to.deep.equal([11, 12])
  })

  it('forgets final jobs with what hangs on them, unless a transaction is on its way', async () => {
    const [old, live, unfinished] = [await jobIn('proving'), await jobIn('submitting'), await jobIn('proving')]
    await store.secrets.put(store.db, old, 'input', 1)
    await store.transactions.insert(store.db, { ...TERMS, purpose: 'fulfill', jobId: live })
    await store.transactions.insert(store.db, { ...TERMS, purpose: 'lock', jobId: unfinished })
    await store.jobs.move(store.db, old, 'proving', 'done')
    await store.jobs.move(store.db, live, 'submitting', 'done')
    expect(await store.jobs.purge(store.db, 3_600_000)).to.equal(0)
    expect(await store.jobs.purge(store.db, -1)).to.be.greaterThan(0)
    expect(await store.jobs.get(store.db, old)).to.equal(undefined)
    expect(await store.secrets.has(store.db, old, 'input')).to.equal(false)
    expect(await store.jobs.get(store.db, live)).not.to.equal(undefined)
    expect(await store.jobs.get(store.db, unfinished)).not.to.equal(undefined)
  })
})
