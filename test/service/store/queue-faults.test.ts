// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../../../prover/service/store/engine'
import { StoreUnavailableError } from '../../../prover/service/store/errors'
import { openQueue, type WorkQueue } from '../../../prover/service/store/queue'
import type { Store, TakenJob } from '../../../prover/service/store/store'
import { rejection } from '../../support/rejection'
import { openTestStore, SILENT, type TestStore } from '../../support/store'

/** What befalls the next transactions: they never begin, their answer is lost, or they fail for a reason of their own. */
type Fault = 'away' | 'answer lost' | 'broken'

describe('the queue, when the database fails', () => {
  let test: TestStore
  let store: Store
  let queue: WorkQueue
  const faults: Fault[] = []
  const reports: string[] = []
  /** Whether what failed last was tried again with success: what still runs in the background would take the next test's faults. */
  let isOver = true

  before(async function () {
    this.timeout(60_000)
    test = await openTestStore()
    store = test.store
    const real = store.db as Engine
    const faulty: Engine = {
      kind: real.kind,
      query: (sql, values) => real.query(sql, values),
      async transaction(run) {
        const fault = faults.shift()
        isOver = fault === undefined
        if (fault === 'away') throw new StoreUnavailableError('away')
        if (fault === 'broken') throw new Error('broken')
        const result = await real.transaction(run)
        if (fault === 'answer lost') throw new StoreUnavailableError('answer lost')
        return result
      },
      listen: (channel, wake) => real.listen(channel, wake),
      script: (sql) => real.script(sql),
      exclusively: (run) => real.exclusively(run),
      close: () => real.close(),
    }
    const report = (_: unknown, message: string): void => void reports.push(message)
    queue = await openQueue(faulty, { daemonId: store.daemonId, log: SILENT, report })
  })
  after(async () => {
    await queue.close()
    await test.remove()
  })
  beforeEach(() => {
    faults.length = 0
    reports.length = 0
  })

  const send = (job: string, priority = 0) => queue.send(store.db, 'prove', job, { priority })
  const takes = () => store.db.query('SELECT FROM zkml.takes')
  const depth = () => queue.depth('prove')
  const eventually = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
    for (;;) {
      const found = await look()
      if (found !== undefined) return found
      await sleep(5)
    }
  }
  const freed = () => eventually(async () => (isOver && (await takes()).length === 0 ? true : undefined))

  for (const fault of ['away', 'answer lost'] as const) {
    it(`ends a job that was done while the database was away: ${fault}`, async () => {
      await send(randomUUID())
      const taken = await queue.take('prove')
      faults.push(fault, fault)
      await taken!.complete()
      expect(reports).to.have.length(1)
      await freed()
      expect(await queue.take('prove'), 'not given to anybody again').to.equal(undefined)
    })

    it(`gives back a job that failed while the database was away: ${fault}`, async () => {
      const job = randomUUID()
      await send(job)
      const taken = await queue.take('prove')
      faults.push(fault, fault)
      await taken!.retry('test', { atMostSeconds: 0 })
      await freed()
      const again = await eventually(() => queue.take('prove'))
      expect(again).to.include({ jobId: job, retries: 1 })
      await again.complete()
      expect(await takes()).to.deep.equal([])
    })
  }

  it('keeps a job to itself until its end is noted', async () => {
    const job = randomUUID()
    await send(job)
    const taken = await queue.take('prove')
    await send(job)
    faults.push('away')
    await taken!.complete()
    const early = await queue.take('prove')
    await freed()
    const again = early ?? (await eventually(() => queue.take('prove')))
    expect(again.jobId, 'what was sent meanwhile is not lost').to.equal(job)
    await again.complete()
  })

  it('takes a job again whose taking was noted and not heard of, with its rank', async () => {
    const [job, other] = [randomUUID(), randomUUID()]
    await send(job, 1)
    faults.push('answer lost')
    expect(await rejection(queue.take('prove'))).to.be.instanceOf(StoreUnavailableError)
    expect(await depth(), 'taken by nobody').to.equal(0)
    await send(other)
    const again = await queue.take('prove')
    expect(again).to.include({ jobId: job, retries: 1 })
    const second = await queue.take('prove')
    expect(second).to.include({ jobId: other, retries: 0 })
    await again!.complete()
    await second!.complete()
    expect(await takes()).to.deep.equal([])
  })

  it('asks for lost jobs until it is told', async () => {
    const job = randomUUID()
    await send(job)
    faults.push('answer lost', 'away')
    await rejection(queue.take('prove'))
    await rejection(queue.take('prove'))
    const again = await queue.take('prove')
    expect(again!.jobId).to.equal(job)
    await again!.complete()
  })

  it('takes a job again whose end cannot be noted at all', async () => {
    const job = randomUUID()
    const other = randomUUID()
    await send(job)
    await send(other)
    const held: TakenJob[] = []
    for (let i = 0; i < 2; i++) held.push((await queue.take('prove'))!)
    const failing = held.find(({ jobId }) => jobId === job)!
    faults.push('broken')
    expect((await rejection(failing.complete())).message).to.equal('broken')
    const again = await queue.take('prove')
    expect(again).to.include({ jobId: job, retries: 1 })
    expect(await queue.take('prove'), 'nobody else loses theirs').to.equal(undefined)
    await failing.complete()
    expect((await takes()).length, 'a late end does not touch who has it now').to.equal(2)
    await again!.complete()
    await held.find(({ jobId }) => jobId === other)!.complete()
    expect(await takes()).to.deep.equal([])
  })

  it('takes a job again that was sent while it was at work', async () => {
    const job = randomUUID()
    await send(job)
    const taken = await queue.take('prove')
    await taken!.retry('again', { atMostSeconds: 0 })
    const again = await eventually(() => queue.take('prove'))
    expect(again).to.include({ jobId: job, retries: 1 })
    await send(job)
    await again.complete()
    const last = await eventually(() => queue.take('prove'))
    expect(last, 'sent while it was at work').to.include({ jobId: job, retries: 0 })
    await last.complete()
    expect(await takes()).to.deep.equal([])
    expect(await queue.take('prove')).to.equal(undefined)
  })

  it('gives up in the background what breaks there', async () => {
    const job = randomUUID()
    await send(job)
    const taken = await queue.take('prove')
    faults.push('away', 'broken')
    await taken!.complete()
    await eventually(async () => (faults.length === 0 ? true : undefined))
    const again = await eventually(() => queue.take('prove'))
    expect(again).to.include({ jobId: job, retries: 1 })
    expect(reports).to.have.length(2)
    await again.complete()
  })
})
