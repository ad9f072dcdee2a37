// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SendOptions, Store } from '../../../prover/service/store/store'
import { openTestStore, type TestStore } from '../../support/store'

describe('the queue of the store', () => {
  let test: TestStore
  let store: Store
  before(async function () {
    this.timeout(60_000)
    test = await openTestStore()
    store = test.store
  })
  after(() => test.remove())

  const send = (job: string, options: SendOptions = {}) =>
    store.db.transaction((tx) => store.queue.send(tx, 'prove', job, options))
  const delayOf = async (job: string): Promise<number> => {
    const [row] = await store.db.query<{ seconds: number }>(
      `SELECT extract(epoch FROM start_after - now())::float8 AS seconds FROM zkml_queue.job
       WHERE singleton_key = $1 AND state = 'created'`,
      [job],
    )
    return row!.seconds
  }
  /** Seconds by the clock of the database. */
  const clock = async (): Promise<number> => {
    const [row] = await store.db.query<{ seconds: number }>('SELECT extract(epoch FROM now())::float8 AS seconds')
    return row!.seconds
  }
  /** The messages of a test come one after the other, by the clock of the database too. */
  const tick = () => sleep(3)

  it('gives what was sent, once', async () => {
    const job = randomUUID()
    await send(job)
    expect(await store.queue.depth('prove')).to.equal(1)
    expect(await store.queue.take('plan')).to.equal(undefined)
    const taken = await store.queue.take('prove')
    expect(taken).to.include({ jobId: job, retries: 0 })
    expect(await store.queue.depth('prove')).to.equal(0)
    expect(await store.queue.take('prove')).to.equal(undefined)
    await taken!.complete()
    expect(await store.queue.take('prove')).to.equal(undefined)
  })

  it('sends nothing when the transaction is undone', async () => {
    const undone = store.db.transaction(async (tx) => {
      await store.queue.send(tx, 'prove', randomUUID())
      throw new Error('undo')
    })
    await undone.then(expect.fail, () => undefined)
    expect(await store.queue.depth('prove')).to.equal(0)
  })

  it('does not double what waits', async () => {
    const job = randomUUID()
    await send(job)
    await send(job)
    expect(await store.queue.depth('prove')).to.equal(1)
    await (await store.queue.take('prove'))!.complete()
    expect(await store.queue.take('prove')).to.equal(undefined)
  })

  it('keeps what is sent while the job is being worked on, until that ends', async () => {
    const job = randomUUID()
    const other = randomUUID()
    await send(job)
    const first = await store.queue.take('prove')
    await send(job)
    await send(other)
    const second = await store.queue.take('prove')
    expect(second!.jobId, 'the job at work does not hold up others').to.equal(other)
    expect(await store.queue.take('prove')).to.equal(undefined)
    await first!.complete()
    const again = await store.queue.take('prove')
    expect(again!.jobId).to.equal(job)
    await again!.complete()
    await second!.complete()
    expect(await store.queue.take('prove')).to.equal(undefined)
  })

  it('holds back until the time asked for, and lets an earlier message win', async () => {
    const job = randomUUID()
    await send(job, { delayMs: 3_600_000 })
    expect(await delayOf(job)).to.be.within(3500, 3600)
    expect(await store.queue.depth('prove')).to.equal(0)
    expect(await store.queue.take('prove')).to.equal(undefined)
    await send(job)
    const taken = await store.queue.take('prove')
    expect(taken!.jobId).to.equal(job)
    await taken!.complete()
  })

  it('tries again later, counting', async () => {
    const job = randomUUID()
    await send(job)
    await (await store.queue.take('prove'))!.retry('test')
    expect(await store.queue.take('prove'), 'not at once').to.equal(undefined)
    await send(job)
    const taken = await store.queue.take('prove')
    expect(taken).to.include({ jobId: job, retries: 1 })
    await taken!.complete()
  })

  it('takes any delay, up to ten years', async () => {
    for (const delayMs of [-1e300, 0, 0.4, 3_600_000.7, 2 ** 64 * 1000, Infinity]) {
      const job = randomUUID()
      await send(job, { delayMs })
      expect(await delayOf(job)).to.be.at.most(3650 * 86_400)
      await send(job)
      await (await store.queue.take('prove'))!.complete()
    }
  })

  it('pauses longer with every failure, up to what is allowed', async () => {
    const job = randomUUID()
    for (const [retries, options, seconds] of [
      [3, {}, 8],
      [20, {}, 300],
      [2000, {}, 300],
      [2000, { atMostSeconds: 5 }, 5],
      [1, { atMostSeconds: 5 }, 2],
    ] as const) {
      await send(job)
      await store.db.query(
        `UPDATE zkml_queue.job SET data = jsonb_set(data, '{retries}', $2::jsonb) WHERE singleton_key = $1`,
        [job, String(retries)],
      )
      const taken = await store.queue.take('prove')
      const before = await clock()
      await taken!.retry('test', options)
      const [delay, passed] = [await delayOf(job), (await clock()) - before]
      expect(delay).to.be.within(seconds - passed - 0.001, seconds)
    }
    await send(job)
    await (await store.queue.take('prove'))!.complete()
  })

  it('gives what is urgent first, and within one rank what came first', async () => {
    const jobs = Array.from({ length: 6 }, () => randomUUID())
    for (const [index, priority] of [0, 1, 0, 1, -1, 1].entries()) {
      await send(jobs[index]!, { priority })
      await tick()
    }
    // What waits already becomes more urgent, and never less.
    await send(jobs[4]!, { priority: 2 })
    await send(jobs[1]!, { priority: 0 })
    const order: number[] = []
    for (let i = 0; i < jobs.length; i++) {
      const taken = await store.queue.take('prove')
      order.push(jobs.findIndex((job) => job === taken!.jobId))
      await taken!.complete()
    }
    expect(order).to.deep.equal([4, 1, 3, 5, 0, 2])
  })

  it('keeps the rank of what is tried again, or sent again while it is at work', async () => {
    const [urgent, other] = [randomUUID(), randomUUID()]
    await send(urgent, { priority: 1 })
    const first = await store.queue.take('prove')
    await send(other)
    await tick()
    await first!.retry('test', { atMostSeconds: 0 })
    await tick()
    const second = await store.queue.take('prove')
    expect(second).to.include({ jobId: urgent, retries: 1 })
    await send(urgent)
    const least = await store.queue.take('prove')
    expect(least!.jobId).to.equal(other)
    expect(await store.queue.take('prove')).to.equal(undefined)
    await send(other, { priority: 5 })
    expect(await store.queue.take('prove'), 'noted').to.equal(undefined)
    await second!.complete()
    await tick()
    await least!.complete()
    const raised = await store.queue.take('prove')
    expect(raised!.jobId, 'its new rank').to.equal(other)
    const third = await store.queue.take('prove')
    expect(third!.jobId).to.equal(urgent)
    await raised!.complete()
    await third!.complete()
    expect(await store.queue.take('prove')).to.equal(undefined)
  })

  it('wakes workers', async () => {
    const job = randomUUID()
    const woken = new Promise<void>((done) => {
      const stop = store.queue.onWork('prove', () => {
        stop()
        done()
      })
    })
    await send(job)
    await woken
    await (await store.queue.take('prove'))!.complete()
  })
})
