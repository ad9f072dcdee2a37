// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
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

  it('gives higher priorities first, also when they are tried again', async () => {
    const [low, high] = [randomUUID(), randomUUID()]
    await send(low)
    await send(high, { priority: 10 })
    const first = await store.queue.take('prove')
    expect(first!.jobId).to.equal(high)
    await first!.retry('a reason', { atMostSeconds: 0 })
    const again = await store.queue.take('prove')
    expect(again).to.include({ jobId: high, retries: 1 })
    await again!.complete()
    const last = await store.queue.take('prove')
    expect(last!.jobId).to.equal(low)
    await last!.complete()
  })

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
