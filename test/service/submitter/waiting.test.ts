// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { aWhile, fulfillData, inNewWorlds, lockData, PATIENT, POLICY, until, type World } from './support'

const LOW_BALANCE = 'the balance of an account is low; send it coins'
const AT_CAP = 'an account has reached its spend cap; its transactions wait'

describe('submitter: what is not sent, and why', () => {
  let world: World
  inNewWorlds((next) => (world = next))

  const waiting = () => world.running.at(-1)!.status().lanes[0]!.waiting
  const warnings = (message: string) => world.lines.filter((line) => line.level === 'warn' && line.message === message)

  it('abandons a call that would revert, with the name of its error', async () => {
    world.chain.refuses.add(lockData(1))
    world.start()
    const row = await world.queue(lockData(1))
    const { error, nonce } = await world.reach(row, ({ state }) => state === 'abandoned')
    expect(error).to.match(/^WrongState: the call fails with WrongState\(/)
    expect(nonce).to.equal(null)
    expect(world.outcomes(lockData(1))).to.deep.equal(['abandoned'])
    expect(world.chain.received).to.have.length(0)
  })

  it('abandons what is late by the clock of the chain, to the second', async () => {
    world.start()
    const last = await world.queue(lockData(1), { deadline: world.chain.time })
    const late = await world.queue(lockData(2), { deadline: world.chain.time - 1 })
    expect((await world.reach(late, ({ state }) => state === 'abandoned')).error).to.match(/^DeadlinePassed: /)
    await world.reach(last, ({ state }) => state === 'pending')
  })

  it('abandons what no block can hold', async () => {
    world.start()
    const row = await world.queue(lockData(1), { gasLimit: 30_000_001n })
    expect((await world.reach(row, ({ state }) => state === 'abandoned')).error).to.match(/^GasLimitTooHigh: /)
  })

  it('does not take a broken endpoint for a revert', async () => {
    let broken = true
    world.chain.fault = (method) => {
      if (broken && method === 'eth_call') throw new Error('socket hang up')
    }
    world.start()
    const row = await world.queue(lockData(1))
    await until(() => waiting().includes('simulation not possible'), 'the status')
    expect(await world.state(row)).to.equal('queued')
    broken = false
    await world.mineUntil(row, 'confirmed')
  })

  it('does not believe a revert on a chain that is behind what discovery has read', async () => {
    world.chain.refuses.add(lockData(1))
    const { db, cursors } = world.store
    await db.transaction((tx) => cursors.advance(tx, 77, [{ block: 4, hash: '0x04' }]))
    world.start()
    const row = await world.queue(lockData(1))
    await until(() => waiting().includes('simulation not possible'), 'the status')
    world.chain.mine(5)
    await aWhile()
    expect(await world.state(row)).to.equal('queued')
    await db.transaction((tx) => cursors.rewind(tx, 77, 3))
    await db.transaction((tx) => cursors.advance(tx, 77, [{ block: 5, hash: world.chain.blocks[5]!.hash }]))
    await world.mineUntil(row, 'abandoned')
    await db.transaction((tx) => cursors.rewind(tx, 77, 0))
  })

  it('waits while gas costs more than the cap, and goes on when it does not', async () => {
    world.chain.baseFee = 10_000n
    world.chain.mine()
    world.start()
    const row = await world.queue(lockData(1))
    await until(() => waiting().includes('fees above cap'), 'the status')
    expect(world.chain.count('eth_call')).to.equal(0)
    world.chain.baseFee = 9000n
    world.chain.mine()
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    expect([...world.chain.mempool.values()][0]!.maxFeePerGas).to.equal(10_000n)
    await world.mineUntil(row, 'confirmed')
    expect(waiting()).to.deep.equal([])
  })

  it('still abandons what is late while gas costs too much', async () => {
    world.chain.baseFee = 10_000n
    world.chain.mine()
    world.start()
    const row = await world.queue(lockData(1), { deadline: world.chain.time })
    await until(() => waiting().includes('fees above cap'), 'the status')
    world.chain.mine()
    await world.reach(row, ({ state }) => state === 'abandoned')
  })

  it('never promises more than the spend cap, and says so once', async () => {
    // Room for two at their highest fee; once mined, both cost a fifth of it.
    const most = 100_000n * 210n
    world.start({ ...PATIENT, spendCap: { wei: 2n * most, periodSeconds: 3600 } })
    const rows = []
    for (let request = 0; request < 3; request++) rows.push(await world.queue(lockData(request)))
    await until(() => waiting().includes('spend cap'), 'the status')
    await aWhile()
    expect(world.chain.received).to.have.length(2)
    expect(warnings(AT_CAP)).to.have.length(1)
    expect(await world.metric('spendCap')).to.equal(Number(2n * most))
    for (const row of rows) await world.mineUntil(row, 'confirmed')
    const { settled, reserved } = await world.store.transactions.spent(
      world.store.db,
      77,
      world.wallet.address,
      new Date(0),
    )
    expect([settled, reserved]).to.deep.equal([3n * 21_000n * 210n, 0n])
  })

  it('counts what was spent within the period only', async () => {
    const most = 100_000n * 210n
    world.start({ ...PATIENT, spendCap: { wei: most, periodSeconds: 0.2 } })
    const first = await world.queue(lockData(1))
    await world.mineUntil(first, 'confirmed')
    const second = await world.queue(lockData(2))
    await world.mineUntil(second, 'confirmed')
  })

  it('waits for coins: for those of value, those of fees, and those that others in flight may cost', async () => {
    world.chain.balance = 2n * 100_000n * 210n + 6n
    world.start()
    await world.queue(lockData(1), { value: 4n })
    const second = await world.queue(lockData(2), { value: 4n })
    await until(() => waiting().includes('balance too low'), 'the status')
    await until(() => world.chain.received.length > 0, 'the first')
    await aWhile()
    expect(world.chain.received).to.have.length(1)
    world.chain.balance += 2n
    world.chain.mine(1, () => false)
    await world.reach(second, ({ state }) => state === 'pending')
  })

  it('raises the alarm of a low balance once, and takes it back', async () => {
    world.chain.balance = 999n
    world.start()
    await until(() => warnings(LOW_BALANCE).length > 0, 'the alarm')
    await world.queue(lockData(1))
    world.chain.mine(2)
    await aWhile()
    expect(warnings(LOW_BALANCE)).to.have.length(1)
    expect(await world.metric('balance')).to.equal(999)
    expect(world.running[0]!.status().lanes[0]).to.include({ balance: 999n, balanceLow: true })
    world.chain.balance = 10n ** 18n
    world.chain.mine()
    await until(() => !world.running[0]!.status().lanes[0]!.balanceLow, 'the end of the alarm')
  })

  it('waits for the lock of a job before its proof', async () => {
    world.start()
    const lock = await world.queue(lockData(1))
    const proof = await world.queue(fulfillData(1), { jobId: lock.jobId })
    await until(() => world.chain.mempool.size === 1, 'the lock')
    await aWhile()
    expect(await world.state(proof)).to.equal('queued')
    expect(waiting()).to.include('earlier transaction of the job')
    await world.mineUntil(proof, 'confirmed')
    expect(world.chain.succeeded()).to.deep.equal([lockData(1), fulfillData(1)])
  })

  it('goes on with other jobs when one cannot be moved', async () => {
    world.onSettled = (_tx, { data }) =>
      data === lockData(1) ? Promise.reject(new Error('the job moved')) : Promise.resolve()
    world.start()
    const stuck = await world.queue(lockData(1))
    const other = await world.queue(lockData(2))
    await world.mineUntil(other, 'confirmed')
    expect(await world.state(stuck)).to.equal('pending')
    world.onSettled = () => Promise.resolve()
    await world.reach(stuck, ({ state }) => state === 'confirmed')
    expect(world.chain.mined()).to.have.length(2)
  })

  it('says why rounds fail, counts it, and recovers', async () => {
    world.chain.fault = (method) => {
      if (method === 'eth_getBlockByNumber') throw new Error('no endpoint answers')
    }
    const submitter = world.start()
    const row = await world.queue(lockData(1))
    await until(() => submitter.status().failure === 'no endpoint answers', 'the status')
    expect(await world.metric('errors')).to.be.greaterThan(0)
    expect(world.lines.filter(({ message }) => message === 'a round of the submitter failed')).to.have.length(1)
    world.chain.fault = () => {}
    await world.mineUntil(row, 'confirmed')
    expect(submitter.status().failure).to.equal(null)
  })

  it('ends a call that failed on chain only when that is final, with the reason', async () => {
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    world.chain.refuses.add(lockData(1))
    world.chain.mine(2)
    await aWhile()
    expect(world.outcomes(lockData(1))).to.deep.equal([])
    world.chain.mine()
    const { error, receipt } = await world.reach(row, ({ state }) => state === 'reverted')
    expect(error).to.match(/^WrongState: .* in block 1\)$/)
    expect(receipt!.fee).to.equal(21_000n * 210n)
    expect(world.outcomes(lockData(1))).to.deep.equal(['reverted'])
  })
})
