// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { RpcSender } from '../../../prover/service/submitter'
import type { Database, Queryable } from '../../../prover/service/store/database'
import type { Store } from '../../../prover/service/store/store'
import { openTestStore, type TestStore } from '../../support/store'
import { fulfillData, lockData, POLICY, until, World } from './support'

/** What changes something, here or there; a crash may come before and after each. */
const DEEDS = ['eth_sendRawTransaction', 'transaction']

class Crash extends Error {}

/** A process that ends at a step: from then on nothing of it gets through. */
class Mortal {
  private steps = 0
  dead = false

  constructor(private readonly last: number) {}

  /** @throws Crash when the time has come. */
  step(): void {
    if (this.dead || ++this.steps >= this.last) {
      this.dead = true
      throw new Crash('the process has ended')
    }
  }

  sender(sender: RpcSender): RpcSender {
    return {
      send: async (method, params) => {
        if (!DEEDS.includes(method)) {
          if (this.dead) throw new Crash('the process has ended')
          return sender.send(method, params)
        }
        this.step()
        const answer = await sender.send(method, params)
        this.step()
        return answer
      },
    }
  }

  store(store: Store): Store {
    const alive = (): void => {
      if (this.dead) throw new Crash('the process has ended')
    }
    const db: Database = {
      ...store.db,
      query: (sql, values) => {
        alive()
        return store.db.query(sql, values)
      },
      transaction: async (run) => {
        this.step()
        const result = await store.db.transaction(async (tx: Queryable) => {
          const value = await run(tx)
          this.step()
          return value
        })
        this.step()
        return result
      },
    }
    return { ...store, db }
  }
}

describe('submitter: crashes', () => {
  let test: TestStore
  before(async () => {
    test = await openTestStore()
  })
  after(() => test.remove())

  /**
   * Lets a process die at a step of a job's two transactions, and another go on. Returns whether it died before the end.
   */
  async function run(last: number, hostile: (world: World) => void): Promise<boolean> {
    const world = new World(test.store)
    const { db, jobs, transactions } = test.store
    // What the planner does: a proof follows a lock, and the job moves once at each stage.
    world.onSettled = async (tx, row, outcome) => {
      if (row.purpose === 'lock' && outcome === 'mined') {
        await jobs.move(tx, row.jobId, 'locking', 'proving')
        const { chainId, from, to, value, gasLimit, deadline, jobId } = row
        const data = fulfillData(1)
        await transactions.insert(tx, { jobId, purpose: 'fulfill', chainId, from, to, data, value, gasLimit, deadline })
      }
      if (row.purpose === 'fulfill' && outcome === 'mined') await jobs.move(tx, row.jobId, 'proving', 'submitting')
      if (row.purpose === 'fulfill' && outcome === 'confirmed') await jobs.move(tx, row.jobId, 'submitting', 'done')
    }
    const lock = await world.queue(lockData(1))
    await db.transaction((tx) => jobs.move(tx, lock.jobId, 'received', 'locking'))
    const mortal = new Mortal(last)
    const policy = { ...POLICY, confirmations: 2 }
    const first = world.start(policy, { provider: mortal.sender(world.chain), store: mortal.store(test.store) })
    const done = async () => (await jobs.get(db, lock.jobId))!.state === 'done'
    await until(async () => {
      hostile(world)
      if (world.chain.mempool.size > 0 || world.chain.mined().length > 0) world.chain.mine()
      return mortal.dead || (await done())
    }, 'the end of the process')
    await first.stop()
    world.start(policy)
    await until(async () => {
      world.chain.mine()
      return done()
    }, `the end of the job after a crash at step ${last}`)
    expect(world.chain.succeeded(), `after a crash at step ${last}`).to.deep.equal([lockData(1), fulfillData(1)])
    expect(world.chain.mined()).to.have.length(2)
    const rows = await transactions.ofJob(db, lock.jobId)
    expect(rows.map(({ state, nonce }) => [state, nonce])).to.deep.equal([
      ['confirmed', 0],
      ['confirmed', 1],
    ])
    await world.stop()
    return mortal.dead
  }

  it('mines each transaction once, whatever step of it a process dies at', async () => {
    let last = 1
    while (await run(last, () => {})) last++
    // Each transaction is signed in one database transaction, settled in one or two more, and sent once at least.
    expect(last).to.be.greaterThan(2 * (2 * 3 + 2))
  })

  it('does so while the mempool forgets what it has', async () => {
    let block = 0
    const forget = (world: World): void => {
      if (block++ % 3 === 0) world.chain.mempool.clear()
    }
    for (let last = 1; last < 24; last += 5) await run(last, forget)
  })
})
