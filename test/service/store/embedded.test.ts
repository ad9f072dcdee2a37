// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import {
  StoreFolderError,
  StoreInUseError,
  StoreUnavailableError,
  StoreVersionError,
} from '../../../prover/service/store/errors'
import { openEmbedded } from '../../../prover/service/store/embedded'
import { maintain } from '../../../prover/service/store/maintenance'
import { migrate } from '../../../prover/service/store/migrate'
import { MIGRATIONS } from '../../../prover/service/store/migrations'
import type { Store } from '../../../prover/service/store/store'
import { rejection } from '../../support/rejection'
import { apiOrigin, holderWithJob, openTestStore, SILENT, startHolder, type TestStore } from '../../support/store'

describe('the embedded database', function () {
  this.timeout(60_000)
  let test: TestStore
  let stateDir: string
  let store: Store
  before(async () => {
    const server = process.env.ZKML_TEST_DATABASE_URL
    delete process.env.ZKML_TEST_DATABASE_URL
    test = await openTestStore().finally(() => {
      if (server !== undefined) process.env.ZKML_TEST_DATABASE_URL = server
    })
    stateDir = (test.place as { stateDir: string }).stateDir
    store = test.store
  })
  after(() => test.remove())
  afterEach(async () => {
    if ((await store.ping().catch(() => 'closed')) === 'closed') store = await test.open()
  })

  const insert = async (): Promise<string> => (await store.jobs.insertApi(store.db, apiOrigin(), 'm')).id
  const send = async (jobId: string): Promise<void> => await store.queue.send(store.db, 'prove', jobId)

  /** Replaces `fsync` of this process while something runs. @returns how often it was called. */
  const withFsync = async (replace: (original: typeof fs.fsyncSync) => void, run: () => Promise<unknown>) => {
    const original = fs.fsyncSync
    let calls = 0
    fs.fsyncSync = (descriptor) => {
      calls++
      replace(() => original(descriptor))
    }
    try {
      await run()
    } finally {
      fs.fsyncSync = original
    }
    return calls
  }

  it('waits for the disk on every commit', async () => {
    const settings = await store.db.query(
      `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'wal_sync_method', 'full_page_writes')
       ORDER BY name`,
    )
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).to.deep.equal({
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      wal_sync_method: 'fsync',
    })
    const pass = (original: () => void): void => original()
    const writes = await withFsync(pass as never, async () => {
      for (let i = 0; i < 5; i++) await insert()
    })
    expect(writes).to.be.within(5, 10)
    expect(await withFsync(pass as never, () => store.ping())).to.equal(0)
  })

  it('keeps its files to its owner, and the folder to itself', async () => {
    expect(fs.statSync(stateDir).mode & 0o777).to.equal(0o700)
    const error = await rejection(test.open())
    expect(error).to.be.instanceOf(StoreInUseError).with.property('code', 'STORE_IN_USE')
    expect(error.message).to.include(`process ${process.pid} `)
    await store.ping()
  })

  it('starts again after it gave up, with what was committed', async () => {
    const kept = await insert()
    let lost: string | undefined
    const heard: string[] = []
    await store.db.listen('after', (payload) => heard.push(payload))
    const failing = (): never => {
      throw Object.assign(new Error('input/output error'), { code: 'EIO' })
    }
    await withFsync(failing, async () => {
      const attempts = await Promise.allSettled([
        insert().then((id) => (lost = id)),
        store.db.transaction(async (tx) => await tx.query('SELECT 1')),
        store.ping(),
      ])
      expect(attempts[0]).to.have.property('status', 'rejected')
      for (const attempt of attempts) {
        if (attempt.status === 'rejected') expect(attempt.reason).to.be.instanceOf(StoreUnavailableError)
      }
    })
    let restored = await store.jobs.get(store.db, kept).catch((error: unknown) => error)
    while (restored instanceof StoreUnavailableError) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      restored = await store.jobs.get(store.db, kept).catch((error: unknown) => error)
    }
    expect(restored).to.have.property('id', kept)
    expect(lost).to.equal(undefined)
    await store.db.query(`SELECT pg_notify('after', 'restart')`)
    await store.ping()
    expect(heard).to.deep.equal(['restart'])
  })

  it('writes back its log and reclaims what was deleted', async () => {
    const redo = async (): Promise<unknown> => (await store.db.query('SELECT redo_lsn FROM pg_control_checkpoint()'))[0]
    await store.db.query('INSERT INTO zkml.lanes SELECT 1, i, 1 FROM generate_series(1, 600) AS i')
    await store.db.query('DELETE FROM zkml.lanes')
    await store.db.query('SELECT pg_stat_force_next_flush()')
    const before = await redo()
    await maintain(store.db as never)
    expect(await redo()).not.to.deep.equal(before)
    const [lanes] = await store.db.query(`SELECT pg_relation_size('zkml.lanes') AS bytes`)
    expect(lanes).to.deep.equal({ bytes: 0 })
  })

  it('gives back what a closed daemon had taken', async () => {
    const jobId = randomUUID()
    await send(jobId)
    const taken = await store.queue.take('prove')
    await store.leases.hold('role', 3_600_000)
    await store.close()
    await store.close()
    expect(await rejection(store.ping())).to.be.instanceOf(StoreUnavailableError)
    store = await test.open()
    expect(await store.leases.hold('role', 1000)).to.equal(true)
    const again = await store.queue.take('prove')
    expect(again).to.include({ jobId, retries: 1 })
    expect(await rejection(taken!.complete())).to.be.instanceOf(StoreUnavailableError)
    await again!.complete()
  })

  it('gives back at once what a killed daemon had taken', async () => {
    const jobId = randomUUID()
    await send(jobId)
    await store.close()
    const holder = await holderWithJob(test.place)
    expect(holder.jobId).to.equal(jobId)
    const error = await rejection(test.open()).finally(holder.kill)
    expect(error).to.be.instanceOf(StoreInUseError)
    expect(error.message).to.include(`process ${holder.pid} `)
    store = await test.open()
    expect(await store.leases.hold('role', 1000)).to.equal(true)
    const again = await store.queue.take('prove')
    expect(again).to.include({ jobId, retries: 1 })
    await again!.complete()
  })

  it('leaves nothing open', async () => {
    await store.close()
    const child = startHolder(test.place, 'close')
    expect(await once(child, 'exit')).to.deep.equal([0, null])
  })

  it('goes on with another data key, except for what the former one encrypted', async () => {
    const job = await insert()
    await store.secrets.put(store.db, job, 'input', 'x')
    await store.close()
    const errors: string[] = []
    const log = { ...SILENT, error: (_: object, message: string) => void errors.push(message) }
    store = await test.open({ dataKey: Buffer.alloc(32, 9), log })
    expect(errors).to.have.length(1)
    expect(await rejection(store.secrets.get(store.db, job, 'input'))).to.have.property('code', 'SECRET_UNREADABLE')
    await store.close()
    store = await test.open()
    expect(await store.secrets.get(store.db, job, 'input')).to.equal('x')
  })

  it('is not opened by a program older than it', async () => {
    await store.db.query('INSERT INTO zkml.migrations (version) VALUES (1000)')
    await store.close()
    const error = await rejection(test.open())
    expect(error).to.be.instanceOf(StoreVersionError).with.property('code', 'STORE_TOO_NEW')
    expect(error.message).to.include('1000')
    const engine = await openEmbedded(stateDir, SILENT)
    await engine.query('DELETE FROM zkml.migrations WHERE version = 1000')
    await engine.close()
  })

  it('takes each step of the schema whole, once', async () => {
    await store.close()
    const engine = await openEmbedded(stateDir, SILENT)
    const steps = [
      ...MIGRATIONS,
      { version: 900, sql: 'CREATE TABLE zkml.a (i int); INSERT INTO zkml.a VALUES (1);' },
      { version: 901, sql: 'CREATE TABLE zkml.b (i int); SELECT 1 / 0;' },
    ]
    await rejection(migrate(engine, steps))
    await migrate(engine, steps.slice(0, -1))
    expect(await engine.query('SELECT i FROM zkml.a')).to.deep.equal([{ i: 1 }])
    expect(await engine.query(`SELECT to_regclass('zkml.b') AS b`)).to.deep.equal([{ b: null }])
    await engine.query('DROP TABLE zkml.a')
    await engine.query('DELETE FROM zkml.migrations WHERE version = 900')
    await engine.close()
  })

  it('says when the folder cannot be used', async () => {
    await store.close()
    const control = join(stateDir, 'pg', 'global', 'pg_control')
    fs.renameSync(control, `${control}.away`)
    expect(await rejection(test.open())).to.be.instanceOf(StoreFolderError)
    fs.renameSync(`${control}.away`, control)
    expect(await rejection(openEmbedded(join(control, 'x'), SILENT))).to.be.instanceOf(StoreFolderError)
  })
})
