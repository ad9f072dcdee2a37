// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../../prover/service/store'
import { DataKeyError, StoreUnavailableError } from '../../../prover/service/store/errors'
import type { Store } from '../../../prover/service/store/store'
import { rejection } from '../../support/rejection'
import { holderWithJob, openTestStore, SILENT, startHolder, TEST_DATA_KEY, type TestStore } from '../../support/store'

describe('a database server', () => {
  it('that does not answer is a passing error', async () => {
    const open = openStore(
      { databaseUrl: 'postgres://u:secret@127.0.0.1:1/x' },
      { dataKey: TEST_DATA_KEY, log: SILENT },
    )
    const error = await rejection(open)
    expect(error).to.be.instanceOf(StoreUnavailableError).with.property('transient', true)
    expect(error.message).not.to.include('secret')
  })
})

// Of a server; the other tests of the store run on it too when it is named.
const describeOnServer = process.env.ZKML_TEST_DATABASE_URL === undefined ? describe.skip : describe

describeOnServer('a fleet of daemons', function () {
  this.timeout(90_000)
  let test: TestStore
  let url: string
  before(async () => {
    test = await openTestStore()
    url = (test.place as { databaseUrl: string }).databaseUrl
  })
  after(() => test.remove())
  const send = (store: Store, jobId: string) => store.queue.send(store.db, 'prove', jobId)
  const eventually = async <T>(run: () => Promise<T | undefined>): Promise<T> => {
    for (;;) {
      const result = await run()
      if (result !== undefined) return result
      await sleep(100)
    }
  }

  it('may start at the same time on an empty database', async () => {
    const empty = await openTestStore()
    await empty.store.db.query('DROP SCHEMA zkml CASCADE')
    await empty.store.db.query('DROP SCHEMA zkml_queue CASCADE')
    const stores = await Promise.all(Array.from({ length: 4 }, () => empty.open()))
    const job = randomUUID()
    await send(stores[0]!, job)
    const taken = await Promise.all(stores.map((store) => store.queue.take('prove')))
    expect(taken.map((take) => take?.jobId).filter((id) => id !== undefined)).to.deep.equal([job])
    await empty.remove()
  })

  it('shares one data key', async () => {
    expect(await rejection(test.open({ dataKey: Buffer.alloc(32, 1) }))).to.be.instanceOf(DataKeyError)
  })

  it('takes each job once, and wakes each other', async () => {
    const [a, b] = [test.store, await test.open()]
    const woken = new Promise<void>((resolve) => b.queue.onWork('prove', resolve))
    const jobs = Array.from({ length: 40 }, () => randomUUID())
    await a.db.transaction(async (tx) => {
      for (const job of jobs) await a.queue.send(tx, 'prove', job)
    })
    await woken
    const taken: string[] = []
    await Promise.all(
      [a, b, a, b].map(async (store) => {
        for (let job = await store.queue.take('prove'); job !== undefined; job = await store.queue.take('prove')) {
          taken.push(job.jobId)
          await job.complete()
        }
      }),
    )
    expect(taken).to.have.members(jobs)
    await b.close()
  })

  it('loses no message however they are sent and taken', async () => {
    const [a, b] = [test.store, await test.open()]
    const jobs = Array.from({ length: 3 }, () => randomUUID())
    const sent = new Map<string, number>(jobs.map((job) => [job, 0]))
    const seen = new Map<string, number>(jobs.map((job) => [job, 0]))
    const working = new Set<string>()
    let sending = true
    const worker = async (store: Store): Promise<void> => {
      for (;;) {
        const finished = !sending
        const taken = await store.queue.take('prove')
        if (taken === undefined) {
          if (finished) return
          continue
        }
        expect(working.has(taken.jobId), 'worked on twice at a time').to.equal(false)
        working.add(taken.jobId)
        // What was sent before it was taken is seen by this take or a later one.
        seen.set(taken.jobId, sent.get(taken.jobId)!)
        await sleep(Math.random() * 5)
        working.delete(taken.jobId)
        await taken.complete()
      }
    }
    const sender = async (store: Store): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        const job = jobs[i % jobs.length]!
        await store.db.transaction(async (tx) => {
          await store.queue.send(tx, 'prove', job)
          sent.set(job, sent.get(job)! + 1)
          await sleep(Math.random() * 3)
        })
      }
    }
    await Promise.all([
      Promise.all([sender(a), sender(b)]).then(() => (sending = false)),
      worker(a),
      worker(a),
      worker(b),
    ])
    expect(seen).to.deep.equal(sent)
    expect(await a.db.query('SELECT * FROM zkml.takes')).to.deep.equal([])
    await b.close()
  })

  it('gives back what a closed daemon had taken, to others who live', async () => {
    const other = await test.open()
    const job = randomUUID()
    await send(other, job)
    const taken = await other.queue.take('prove')
    expect(await test.store.queue.take('prove')).to.equal(undefined)
    await other.close()
    const again = await test.store.queue.take('prove')
    expect(again).to.include({ jobId: job, retries: 1 })
    expect(await rejection(taken!.complete())).to.be.instanceOf(StoreUnavailableError)
    await again!.complete()
  })

  it('buries a killed daemon after a while, but no living one', async () => {
    const job = randomUUID()
    const other = await test.open()
    const mine = randomUUID()
    await send(other, mine)
    const kept = await other.queue.take('prove')
    await send(other, job)
    const holder = await holderWithJob(test.place)
    await holder.kill()
    expect(holder.jobId).to.equal(job)
    const again = await eventually(() => test.store.queue.take('prove'))
    expect(again).to.include({ jobId: job, retries: 1 })
    await again.complete()
    expect(await test.store.db.query('SELECT job_id FROM zkml.takes')).to.deep.equal([{ job_id: mine }])
    await kept!.complete()
    await other.close()
  })

  it('ignores the end of a take that was given to somebody else', async () => {
    const job = randomUUID()
    await send(test.store, job)
    const first = await test.store.queue.take('prove')
    await test.store.db.query('UPDATE zkml.takes SET daemon_id = gen_random_uuid()')
    const other = await test.open()
    await other.close()
    const second = await test.store.queue.take('prove')
    expect(second).to.include({ jobId: job, retries: 1 })
    await first!.complete()
    await first!.retry('late')
    expect(await test.store.queue.depth('prove')).to.equal(0)
    expect(await test.store.db.query('SELECT job_id FROM zkml.takes')).to.deep.equal([{ job_id: job }])
    await second!.complete()
  })

  it('tries again when transactions block each other', async () => {
    const { db } = test.store
    await db.query(`INSERT INTO zkml.lanes VALUES (77, 'a', 0), (77, 'b', 0)`)
    const add = (first: string, second: string) =>
      db.transaction(async (tx) => {
        for (const sender of [first, second]) {
          await tx.query(`UPDATE zkml.lanes SET next_nonce = next_nonce + 1 WHERE chain_id = 77 AND sender = $1`, [
            sender,
          ])
          await sleep(50)
        }
      })
    await Promise.all([add('a', 'b'), add('b', 'a')])
    const rows = await db.query('SELECT next_nonce AS n FROM zkml.lanes WHERE chain_id = 77')
    expect(rows).to.deep.equal([{ n: 2 }, { n: 2 }])
  })

  it('leaves nothing open', async () => {
    expect(await once(startHolder(test.place, 'close'), 'exit')).to.deep.equal([0, null])
  })

  describe('whose server goes away', () => {
    let proxy: Server
    const sockets = new Set<Socket>()
    let port: number
    const target = () => new URL(url)
    const up = async (): Promise<void> => {
      proxy = createServer((client) => {
        const server = connect(Number(target().port || 5432), target().hostname)
        for (const socket of [client, server]) {
          sockets.add(socket)
          socket.on('error', () => undefined)
        }
        client.pipe(server).pipe(client)
      })
      proxy.listen(port ?? 0, '127.0.0.1')
      await once(proxy, 'listening')
      port = (proxy.address() as AddressInfo).port
    }
    const down = (): void => {
      proxy.close()
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    }
    after(down)

    it('fails what is asked meanwhile, and recovers', async () => {
      await up()
      const through = target()
      through.host = `127.0.0.1:${port}`
      const store = await openStore({ databaseUrl: through.toString() }, { dataKey: TEST_DATA_KEY, log: SILENT })
      const heard: string[] = []
      await store.db.listen('outage', (payload) => heard.push(payload))
      for (let round = 0; round < 2; round++) {
        const hanging = rejection(store.db.query('SELECT pg_sleep(60)'))
        const open = rejection(
          store.db.transaction(async (tx) => {
            await tx.query('SELECT 1')
            await sleep(300)
            await tx.query('SELECT 1')
          }),
        )
        await sleep(100)
        down()
        expect(await hanging).to.be.instanceOf(StoreUnavailableError)
        expect(await open).to.be.instanceOf(StoreUnavailableError)
        expect(await rejection(store.ping())).to.be.instanceOf(StoreUnavailableError)
        expect(await rejection(store.queue.take('prove'))).to.be.instanceOf(StoreUnavailableError)
        await up()
        await eventually(
          async () =>
            await store.ping().then(
              () => true,
              () => undefined,
            ),
        )
        const word = `round ${round}`
        await eventually(async () => {
          await test.store.db.query(`SELECT pg_notify('outage', $1)`, [word])
          return heard.includes(word) ? true : undefined
        })
      }
      // Killed by the server.
      await test.store.db.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`)
      await eventually(
        async () =>
          await store.ping().then(
            () => true,
            () => undefined,
          ),
      )
      await store.close()
    })
  })
})
