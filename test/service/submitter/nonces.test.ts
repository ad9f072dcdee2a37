// SPDX-License-Identifier: GPL-3.0-or-later

import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { Transaction } from 'ethers'
import { leaseStore } from '../../../prover/service/store/leases'
import { aWhile, inNewWorlds, lockData, PATIENT, POLICY, until, type World } from './support'

describe('submitter: nonces', () => {
  let world: World
  inNewWorlds((next) => (world = next))

  /** Another program that has the key. */
  async function intrude(nonce: number, world: World): Promise<Transaction> {
    const to = '0x00000000000000000000000000000000000000AA'
    const price = { maxFeePerGas: 9000n, maxPriorityFeePerGas: 5n }
    const raw = await world.wallet.signTransaction({ type: 2, chainId: 77, nonce, to, gasLimit: 21_000n, ...price })
    const transaction = Transaction.from(raw)
    world.chain.mempool.clear()
    world.chain.intrude(transaction)
    return transaction
  }

  it('takes another nonce when somebody else used its own, once that is final', async () => {
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    const { hash } = await intrude(0, world)
    world.chain.mine(1, (sent) => sent.hash === hash)
    await aWhile()
    expect((await world.get(row)).nonce).to.equal(0)
    world.chain.mempool.clear()
    world.chain.mine(2)
    const moved = await world.mineUntil(row, 'confirmed')
    expect(moved.nonce).to.equal(1)
    expect(world.chain.mined().map((sent) => sent.data)).to.deep.equal(['0x', lockData(1)])
    expect(world.lines.some(({ message }) => message.includes('is the key used elsewhere?'))).to.equal(true)
  })

  it('gives up what was being cancelled when somebody else used the nonce', async () => {
    world.start(POLICY)
    const row = await world.queue(lockData(1), { deadline: world.chain.time })
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    world.chain.mine(1, () => false)
    await world.reach(row, ({ state }) => state === 'cancelling')
    const { hash } = await intrude(0, world)
    world.chain.mine(1, (sent) => sent.hash === hash)
    world.chain.mempool.clear()
    await world.mineUntil(row, 'abandoned')
    expect(world.outcomes(lockData(1))).to.deep.equal(['abandoned'])
  })

  it('does not take a lost receipt for somebody else, while it is young', async () => {
    world.start(PATIENT)
    const row = await world.queue(lockData(1))
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    let lost = true
    world.chain.hide = (method) => lost && method === 'eth_getTransactionReceipt'
    world.chain.mine(6)
    await aWhile()
    expect(await world.state(row)).to.equal('pending')
    lost = false
    await world.reach(row, ({ state }) => state === 'confirmed')
    expect(world.chain.mined()).to.have.length(1)
  })

  it('fills holes below what waits for them', async () => {
    const { db, transactions } = world.store
    await db.transaction((tx) => transactions.takeNonce(tx, 77, world.wallet.address, 1))
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    expect((await world.mineUntil(row, 'confirmed')).nonce).to.equal(2)
    expect(world.chain.mined().map(({ nonce, data, to }) => [nonce, data, to])).to.deep.equal([
      [0, '0x', world.wallet.address],
      [1, '0x', world.wallet.address],
      [2, lockData(1), '0x0000000000000000000000000000000000000000'],
    ])
  })

  it('fills the hole that a reorg deeper than the policy left', async () => {
    world.start({ ...POLICY, confirmations: 1 })
    const first = await world.queue(lockData(1))
    await world.mineUntil(first, 'confirmed')
    world.chain.reorg(world.chain.blocks.length - 1, 'nothing')
    const second = await world.queue(lockData(2))
    expect((await world.mineUntil(second, 'confirmed')).nonce).to.equal(1)
    expect(world.chain.succeeded()).to.deep.equal(['0x', lockData(2)])
  })

  it('lets one daemon act at a time, and another go on when it is gone', async () => {
    const first = world.start(PATIENT)
    await until(() => first.status().lanes[0]!.active, 'the lease')
    const leases = leaseStore(world.store.db, randomUUID())
    const second = world.start(PATIENT, { store: { ...world.store, leases } })
    const rows = [await world.queue(lockData(1)), await world.queue(lockData(2))]
    await until(() => world.chain.mempool.size === 2, 'the mempool')
    await aWhile()
    expect(second.status().lanes[0]).to.include({ active: false, inFlight: 0 })
    expect(world.chain.received).to.have.length(2)
    await first.stop()
    await until(() => second.status().lanes[0]!.active, 'the lease')
    for (const row of rows) await world.mineUntil(row, 'confirmed')
    expect(world.chain.mined()).to.have.length(2)
  })

  it('signs nothing twice even when both believe that they hold the lease', async () => {
    const leases = { hold: () => Promise.resolve(true), release: () => Promise.resolve() }
    for (let daemon = 0; daemon < 3; daemon++) world.start(POLICY, { store: { ...world.store, leases } })
    const rows = []
    for (let request = 0; request < 12; request++) rows.push(await world.queue(lockData(request)))
    for (const row of rows) await world.mineUntil(row, 'confirmed')
    expect(world.chain.succeeded().sort()).to.deep.equal(rows.map((_, request) => lockData(request)).sort())
    expect(world.chain.mined()).to.have.length(12)
    for (let request = 0; request < 12; request++) expect((await world.get(rows[request]!)).state).to.equal('confirmed')
  })

  it('stops within a round when the lease goes to another daemon', async () => {
    let held = true
    const leases = { hold: () => Promise.resolve(held), release: () => Promise.resolve() }
    world.start(PATIENT, { store: { ...world.store, leases } })
    world.chain.fault = (method) => {
      if (method !== 'eth_call') return
      held = false
      // As if the process had slept.
      const now = performance.now.bind(performance)
      performance.now = () => now() + 5000
    }
    const now = performance.now
    try {
      const row = await world.queue(lockData(1))
      const failed = () => world.lines.find(({ message }) => message === 'a round of the submitter failed')
      await until(() => failed() !== undefined, 'the log')
      expect(failed()!.fields.code).to.equal('SUBMITTER_LEASE_LOST')
      expect(await world.state(row)).to.equal('queued')
    } finally {
      performance.now = now
    }
  })
})
