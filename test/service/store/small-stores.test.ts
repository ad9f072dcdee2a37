// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import type { Engine } from '../../../prover/service/store/engine'
import { SecretUnreadableError, StoreMisuseError, StoreRangeError } from '../../../prover/service/store/errors'
import { secretStore } from '../../../prover/service/store/secrets'
import type { Store } from '../../../prover/service/store/store'
import { rejection } from '../../support/rejection'
import { apiOrigin, openTestStore, TEST_DATA_KEY, type TestStore } from '../../support/store'

describe('the store', () => {
  let test: TestStore
  let store: Store
  before(async function () {
    this.timeout(60_000)
    test = await openTestStore()
    store = test.store
  })
  after(() => test.remove())
  const newJob = async (): Promise<string> => (await store.jobs.insertApi(store.db, apiOrigin(), 'm')).id

  describe('its database', () => {
    it('reads columns of all types alike, inside a transaction and out of it', async () => {
      const sql = `SELECT 9007199254740991::int8 AS i, count(*) AS c, 1.50::numeric AS n, '\\x00ff'::bytea AS b,
        '{"a":[1]}'::jsonb AS j, '{"a":1}'::json AS k, '2026-01-02T03:04:05.678Z'::timestamptz AS t, true AS o, 0.5::float8 AS f`
      const expected = {
        i: 9007199254740991,
        c: 1,
        n: '1.50',
        b: Buffer.from([0, 255]),
        j: { a: [1] },
        k: { a: 1 },
        t: new Date('2026-01-02T03:04:05.678Z'),
        o: true,
        f: 0.5,
      }
      expect(await store.db.query(sql)).to.deep.equal([expected])
      expect(await store.db.transaction((tx) => tx.query(sql))).to.deep.equal([expected])
    })

    it('takes parameters of all types alike', async () => {
      const values = [2n ** 200n, 7, 'ü\u0001', Buffer.from([0, 1]), new Date(5), ['a', 'b,"'], null, undefined, false]
      const [row] = await store.db.query(
        `SELECT $1::numeric AS a, $2::int8 AS b, $3::text AS c, $4::bytea AS d, $5::timestamptz AS e, $6::text[] AS f,
           $7::text AS g, $8::int AS h, $9::bool AS i`,
        values,
      )
      expect(Object.values(row!)).to.deep.equal([`${2n ** 200n}`, ...values.slice(1, 6), null, null, false])
    })

    it('refuses to round integers', async () => {
      expect(await rejection(store.db.query('SELECT 9007199254740992::int8'))).to.be.instanceOf(StoreRangeError)
      await store.ping()
    })

    it('undoes a transaction that throws, and one whose error was swallowed', async () => {
      const id = await newJob()
      const touch = 'UPDATE zkml.jobs SET model = $2 WHERE id = $1'
      await rejection(
        store.db.transaction(async (tx) => {
          await tx.query(touch, [id, 'a'])
          throw new Error('undo')
        }),
      )
      await rejection(
        store.db.transaction(async (tx) => {
          await tx.query(touch, [id, 'b'])
          await tx.query('SELECT 1 / 0').catch(() => undefined)
        }),
      )
      expect((await store.jobs.get(store.db, id))!.model).to.equal('m')
    })

    it('refuses what would wait for itself, and a transaction after its end', async () => {
      let kept = store.db.query.bind(store.db)
      const nested = await rejection(
        store.db.transaction(async (tx) => {
          kept = tx.query.bind(tx)
          await store.ping()
        }),
      )
      expect(nested).to.be.instanceOf(StoreMisuseError)
      expect(await rejection(kept('SELECT 1'))).to.be.instanceOf(StoreMisuseError)
      await store.ping()
    })

    it('runs the scripts of the queue library, which bring their own BEGIN and COMMIT, and undoes those that fail', async () => {
      const engine = store.db as Engine
      expect(await engine.script(`SELECT 1 AS a; SELECT 2 AS b`)).to.deep.equal([{ b: 2 }])
      await engine.script(`BEGIN; SET LOCAL lock_timeout = '30s'; CREATE TABLE zkml.kept (i int); COMMIT;`)
      await rejection(engine.script('BEGIN; CREATE TABLE zkml.undone (i int); SELECT 1 / 0; COMMIT;'))
      const sql = `SELECT to_regclass('zkml.kept') IS NOT NULL AS kept, to_regclass('zkml.undone') IS NOT NULL AS undone`
      expect(await store.db.query(sql)).to.deep.equal([{ kept: true, undone: false }])
      await store.db.query('DROP TABLE zkml.kept')
    })

    it('tells listeners what was committed, and those that left nothing', async () => {
      const heard: string[] = []
      const stop = await store.db.listen('test', (payload) => heard.push(payload))
      const done = new Promise<void>((resolve) => void store.db.listen('test_end', () => resolve()))
      await rejection(
        store.db.transaction(async (tx) => {
          await tx.query(`SELECT pg_notify('test', 'undone')`)
          throw new Error('undo')
        }),
      )
      await store.db.query(`SELECT pg_notify('test', 'one')`)
      await store.db.query(`SELECT pg_notify('test_end', '')`)
      await done
      await stop()
      await store.db.query(`SELECT pg_notify('test', 'two')`)
      await store.ping()
      expect(heard).to.deep.equal(['one'])
    })
  })

  describe('its cursors', () => {
    const blocks = (from: number, count: number, fork = '') =>
      Array.from({ length: count }, (_, i) => ({ block: from + i, hash: `0x${from + i}${fork}` }))

    it('advance, and keep the newest blocks', async () => {
      expect(await store.cursors.get(store.db, 1)).to.equal(undefined)
      await store.cursors.advance(store.db, 1, blocks(1, 300))
      await store.cursors.advance(store.db, 1, blocks(301, 1))
      await store.cursors.advance(store.db, 1, [])
      expect(await store.cursors.get(store.db, 1)).to.deep.equal({ block: 301, hash: '0x301' })
      const recent = await store.cursors.recent(store.db, 1)
      expect(recent).to.deep.equal(blocks(46, 256).reverse())
      expect(await store.cursors.get(store.db, 2)).to.equal(undefined)
    })

    it('go back, and take the other branch', async () => {
      await store.cursors.advance(store.db, 3, blocks(1, 10))
      await store.cursors.rewind(store.db, 3, 4)
      expect(await store.cursors.get(store.db, 3)).to.deep.equal({ block: 4, hash: '0x4' })
      await store.cursors.advance(store.db, 3, blocks(4, 2, 'b'))
      expect((await store.cursors.recent(store.db, 3)).slice(0, 3)).to.deep.equal([
        ...blocks(4, 2, 'b').reverse(),
        ...blocks(3, 1),
      ])
    })
  })

  describe('its secrets', () => {
    it('come back as they were put in, and lie encrypted', async () => {
      const job = await newJob()
      const value = { salary: 123456789, list: [1, '2', null] }
      expect(await store.secrets.has(store.db, job, 'input')).to.equal(false)
      expect(await store.secrets.get(store.db, job, 'input')).to.equal(undefined)
      await store.secrets.put(store.db, job, 'input', 'first')
      await store.secrets.put(store.db, job, 'input', value)
      await store.secrets.put(store.db, job, 'opening', { salt: '0x01' })
      expect(await store.secrets.get(store.db, job, 'input')).to.deep.equal(value)
      expect(await store.secrets.has(store.db, job, 'input')).to.equal(true)
      const rows = await store.db.query<{ blob: Buffer }>('SELECT blob FROM zkml.secrets WHERE job_id = $1', [job])
      expect(rows.map(({ blob }) => blob.toString('latin1')).join()).not.to.match(/salary|123456789|salt/)
    })

    it('cannot be read with another key, from another place, or changed', async () => {
      const [job, other] = [await newJob(), await newJob()]
      await store.secrets.put(store.db, job, 'input', 'secret value')
      await store.db.query(
        `INSERT INTO zkml.secrets SELECT $2, name, blob FROM zkml.secrets WHERE job_id = $1
         UNION ALL SELECT $1, 'opening', blob FROM zkml.secrets WHERE job_id = $1`,
        [job, other],
      )
      const reads = [
        () => secretStore(Buffer.alloc(32, 8)).get(store.db, job, 'input'),
        () => store.secrets.get(store.db, other, 'input'),
        () => store.secrets.get(store.db, job, 'opening'),
      ]
      for (const read of reads) {
        const error = await rejection(read())
        expect(error).to.be.instanceOf(SecretUnreadableError)
        expect(error.message).not.to.include('secret value')
      }
      for (const change of [`set_byte(blob, 35, get_byte(blob, 35) # 1)`, `set_byte(blob, 0, 2)`, `'\\x01'`, `''`]) {
        await store.db.query(`UPDATE zkml.secrets SET blob = ${change} WHERE job_id = $1`, [job])
        expect(await rejection(store.secrets.get(store.db, job, 'input'))).to.be.instanceOf(SecretUnreadableError)
        await store.secrets.put(store.db, job, 'input', 'secret value')
      }
      expect(await secretStore(TEST_DATA_KEY).get(store.db, job, 'input')).to.equal('secret value')
    })

    it('are erased when their jobs have been final long enough', async () => {
      const [job, live] = [await newJob(), await newJob()]
      await store.secrets.put(store.db, job, 'input', 1)
      await store.secrets.put(store.db, live, 'input', 1)
      await store.jobs.move(store.db, job, 'received', 'cancelled')
      expect(await store.secrets.erase(store.db, 3_600_000)).to.equal(0)
      expect(await store.secrets.erase(store.db, -1)).to.equal(1)
      expect(await store.secrets.has(store.db, job, 'input')).to.equal(false)
      expect(await store.secrets.has(store.db, live, 'input')).to.equal(true)
    })
  })

  describe('its secrets, when a job is looked at again', () => {
    const HOUR = 3_600_000
    /** A job that ended three hours ago. */
    const ended = async (): Promise<string> => {
      const job = await newJob()
      await store.secrets.put(store.db, job, 'input', 1)
      await store.jobs.move(store.db, job, 'received', 'skipped')
      await store.db.query(`UPDATE zkml.jobs SET final_at = final_at - interval '3 hours' WHERE id = $1`, [job])
      return job
    }

    it('are kept while it is open, and erased as if it had never been opened', async () => {
      const job = await ended()
      await store.jobs.move(store.db, job, 'skipped', 'received')
      await store.jobs.move(store.db, job, 'received', 'waiting')
      expect(await store.secrets.erase(store.db, 2 * HOUR)).to.equal(0)
      expect(await store.jobs.purge(store.db, 2 * HOUR)).to.equal(0)
      await store.jobs.move(store.db, job, 'waiting', 'expired')
      expect(await store.secrets.erase(store.db, 4 * HOUR)).to.equal(0)
      expect(await store.secrets.erase(store.db, 2 * HOUR)).to.equal(1)
      expect(await store.jobs.purge(store.db, 2 * HOUR)).to.equal(1)
    })

    it('are kept for their full time when it was worked on', async () => {
      const job = await ended()
      await store.jobs.move(store.db, job, 'skipped', 'received')
      await store.jobs.move(store.db, job, 'received', 'proving')
      await store.jobs.move(store.db, job, 'proving', 'done')
      expect(await store.secrets.erase(store.db, 2 * HOUR)).to.equal(0)
      expect(await store.secrets.has(store.db, job, 'input')).to.equal(true)
    })
  })

  describe('its answers', () => {
    const claim = (key: string, hash = 'h', client = 'c') =>
      store.db.transaction((tx) => store.idempotency.claim(tx, client, key, hash))

    it('are claimed once, and then given again', async () => {
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => claim('a')))
      expect(outcomes.filter(({ outcome }) => outcome === 'claimed')).to.have.length(1)
      expect(outcomes.filter(({ outcome }) => outcome === 'busy')).to.have.length(5)
      expect(await claim('a', 'other')).to.deep.equal({ outcome: 'mismatch' })
      expect(await claim('a', 'h', 'another client')).to.deep.equal({ outcome: 'claimed' })
      const body = { b: 1, a: 'x\0\ud800' }
      await store.idempotency.answer(store.db, 'c', 'a', 202, body)
      const answered = await claim('a')
      expect(answered).to.deep.equal({ outcome: 'answered', status: 202, body })
      expect(JSON.stringify((answered as { body: unknown }).body)).to.equal(JSON.stringify(body))
      expect(await claim('a', 'other')).to.deep.equal({ outcome: 'mismatch' })
    })

    it('can be given up before they are given, not after', async () => {
      await claim('b')
      await store.idempotency.release(store.db, 'c', 'b')
      expect(await claim('b')).to.deep.equal({ outcome: 'claimed' })
      await store.idempotency.answer(store.db, 'c', 'b', 204, undefined)
      await store.idempotency.release(store.db, 'c', 'b')
      expect(await claim('b')).to.deep.equal({ outcome: 'answered', status: 204, body: null })
    })

    it('that a dead daemon claimed are free, and old ones are forgotten', async () => {
      await claim('d')
      await store.db.query(`UPDATE zkml.idempotency SET daemon_id = $1 WHERE key = 'd'`, [randomUUID()])
      expect(await claim('d', 'other')).to.deep.equal({ outcome: 'mismatch' })
      expect(await claim('d')).to.deep.equal({ outcome: 'claimed' })
      expect(await claim('d')).to.deep.equal({ outcome: 'busy' })
      await store.idempotency.purge(store.db, 3_600_000)
      expect(await claim('d')).to.deep.equal({ outcome: 'busy' })
      await store.idempotency.purge(store.db, -1)
      expect(await claim('d')).to.deep.equal({ outcome: 'claimed' })
    })
  })

  describe('its leases', () => {
    const seize = (name: string, until: string) =>
      store.db.query(`UPDATE zkml.leases SET daemon_id = $2, until = now() + $3::interval WHERE name = $1`, [
        name,
        randomUUID(),
        until,
      ])

    it('are renewed by their holder, and free when released or past', async () => {
      expect(await store.leases.hold('a', 60_000)).to.equal(true)
      expect(await store.leases.hold('a', 60_000)).to.equal(true)
      await seize('a', '1 minute')
      expect(await store.leases.hold('a', 60_000)).to.equal(false)
      await store.leases.release('a')
      expect(await store.leases.hold('a', 60_000), 'not released by others').to.equal(false)
      await seize('a', '-1 second')
      expect(await store.leases.hold('a', 60_000)).to.equal(true)
      await store.leases.release('a')
      expect(await store.db.query(`SELECT name FROM zkml.leases WHERE name = 'a'`)).to.deep.equal([])
    })
  })
})
