// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { aWhile, inNewWorlds, lockData, PATIENT, POLICY, until, type World } from './support'

const NOBODY = () => false

describe('submitter: transactions that are stuck', () => {
  let world: World
  inNewWorlds((next) => (world = next))

  const inMempool = () => [...world.chain.mempool.values()]
  /** Waits until an empty transfer has taken the place of a nonce. */
  const emptied = (nonce: number) =>
    until(() => inMempool().some((sent) => sent.nonce === nonce && sent.data === '0x'), 'the empty transfer')
  const arrived = (count: number) => until(() => world.chain.received.length >= count, `${count} attempts`)

  it('replaces the first in line under the same nonce when blocks pass it by', async () => {
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    await arrived(1)
    world.chain.mine(1, NOBODY)
    await until(() => inMempool()[0]?.maxFeePerGas !== 210n, 'the replacement')
    const [first, second] = world.chain.received
    expect(second).to.include({ nonce: 0, data: lockData(1), maxFeePerGas: 231n, maxPriorityFeePerGas: 11n })
    expect(world.chain.mempool.has(first!.hash!)).to.equal(false)
    await world.mineUntil(row, 'confirmed')
    expect(world.chain.mined()).to.have.length(1)
    expect(await world.metric('transactionBumps')).to.be.greaterThan(0)
  })

  it('does not raise fees while no block comes', async () => {
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    await arrived(1)
    await aWhile()
    expect((await world.get(row)).attempts).to.have.length(1)
  })

  it('finds the receipt of whichever attempt is mined', async () => {
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    await arrived(1)
    const first = world.chain.received[0]!
    world.chain.mine(1, NOBODY)
    await world.reach(row, ({ attempts }) => attempts.length > 1)
    world.chain.mempool.clear()
    world.chain.intrude(first)
    world.chain.mine(3, ({ hash }) => hash === first.hash)
    expect((await world.reach(row, ({ state }) => state === 'confirmed')).receipt!.hash).to.equal(first.hash)
  })

  it('raises at once what the base fee has outgrown, whatever its place in line', async () => {
    world.start(PATIENT)
    const rows = [await world.queue(lockData(1)), await world.queue(lockData(2))]
    await arrived(2)
    world.chain.baseFee = 300n
    world.chain.mine()
    await arrived(4)
    expect(world.chain.received.slice(2).map(({ nonce, maxFeePerGas }) => [nonce, maxFeePerGas])).to.deep.equal([
      [0, 610n],
      [1, 610n],
    ])
    for (const row of rows) await world.mineUntil(row, 'confirmed')
    expect(world.chain.mined()).to.have.length(2)
  })

  it('waits out a gas spike beyond the cap', async () => {
    world.start(PATIENT)
    const row = await world.queue(lockData(1))
    await arrived(1)
    world.chain.baseFee = 50_000n
    world.chain.mine()
    await until(() => world.running[0]!.status().lanes[0]!.waiting.includes('fees above cap'), 'the status')
    expect((await world.get(row)).attempts).to.have.length(1)
    world.chain.baseFee = 6000n
    world.chain.mine()
    await until(() => inMempool()[0]?.maxFeePerGas === 10_000n, 'the highest bid')
    await world.mineUntil(row, 'confirmed')
  })

  it('stops raising at the cap', async () => {
    world.start({ ...POLICY, maxFeePerGas: 260n })
    const row = await world.queue(lockData(1))
    await arrived(1)
    for (let block = 0; block < 8; block++) {
      world.chain.mine(1, NOBODY)
      await aWhile()
    }
    expect((await world.get(row)).attempts.map(({ maxFeePerGas }) => maxFeePerGas)).to.deep.equal([210n, 231n, 255n])
    await world.mineUntil(row, 'confirmed')
  })

  it('stops raising at the spend cap', async () => {
    world.start({ ...POLICY, spendCap: { wei: 100_000n * 220n, periodSeconds: 3600 } })
    const row = await world.queue(lockData(1))
    await arrived(1)
    world.chain.mine(1, NOBODY)
    await until(() => world.running[0]!.status().lanes[0]!.waiting.includes('spend cap'), 'the status')
    expect((await world.get(row)).attempts).to.have.length(1)
  })

  it('cancels the first in line when its call would fail, and says so when that is final', async () => {
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    const later = await world.queue(lockData(2))
    await arrived(2)
    world.chain.refuses.add(lockData(1))
    world.chain.mine(1, NOBODY)
    const cancelling = await world.reach(row, ({ state }) => state === 'cancelling')
    expect(cancelling.error).to.match(/^WrongState: /)
    expect(world.outcomes(lockData(1))).to.deep.equal([])
    await emptied(0)
    const { receipt } = await world.mineUntil(row, 'abandoned')
    expect(world.outcomes(lockData(1))).to.deep.equal(['abandoned'])
    expect(receipt!.fee).to.be.greaterThan(0n)
    const empty = world.chain.mined().find(({ nonce }) => nonce === 0)!
    expect(empty).to.include({ to: world.wallet.address, data: '0x', value: 0n, gasLimit: 21_000n })
    await world.mineUntil(later, 'confirmed')
    expect(world.chain.succeeded()).to.deep.equal(['0x', lockData(2)])
  })

  it('cancels what is late, wherever it is in line', async () => {
    world.start(PATIENT)
    await world.queue(lockData(1))
    const late = await world.queue(lockData(2), { deadline: world.chain.time })
    await arrived(2)
    world.chain.mine(1, NOBODY)
    expect((await world.reach(late, ({ state }) => state === 'cancelling')).error).to.match(/^DeadlinePassed: /)
    await emptied(1)
    await world.mineUntil(late, 'abandoned')
    expect(world.chain.succeeded()).to.deep.equal([lockData(1), '0x'])
  })

  it('takes the original for mined when it wins against its cancellation', async () => {
    world.start(PATIENT)
    const row = await world.queue(lockData(1), { deadline: world.chain.time })
    await arrived(1)
    const original = world.chain.received[0]!
    world.chain.mine(1, NOBODY)
    await world.reach(row, ({ state }) => state === 'cancelling')
    await arrived(2)
    world.chain.mempool.clear()
    world.chain.intrude(original)
    await world.mineUntil(row, 'confirmed')
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'confirmed'])
  })

  it('sends again what a mempool evicted, the same bytes', async () => {
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    await arrived(1)
    const [first] = world.chain.received
    world.chain.mempool.clear()
    await until(() => world.chain.mempool.has(first!.hash!), 'the mempool')
    await world.mineUntil(row, 'confirmed')
    expect((await world.get(row)).attempts).to.have.length(1)
  })

  it('sends again what no node took at first', async () => {
    let down = true
    world.chain.fault = (method) => {
      if (down && method === 'eth_sendRawTransaction') throw new Error('connection refused')
    }
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    await world.reach(row, ({ state }) => state === 'pending')
    await until(() => world.running[0]!.status().lanes[0]!.waiting.includes('nodes refuse'), 'the status')
    down = false
    await world.mineUntil(row, 'confirmed')
    expect(world.chain.mined().map(({ nonce }) => nonce)).to.deep.equal([0])
  })

  it('takes a lost answer for no answer, and sends the same bytes again', async () => {
    world.chain.lose = (method) => {
      if (method === 'eth_sendRawTransaction') throw new Error('timeout')
    }
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    await arrived(2)
    await world.mineUntil(row, 'confirmed')
    expect(world.chain.mined()).to.have.length(1)
    expect(new Set(world.chain.received.map(({ nonce }) => nonce)).size).to.equal(1)
  })
})
