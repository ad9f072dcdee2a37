// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { Transaction } from 'ethers'
import { aWhile, fulfillData, inNewWorlds, lockData, PATIENT, POLICY, until, type World } from './support'

describe('submitter: reorganisations', () => {
  let world: World
  inNewWorlds((next) => (world = next))

  async function mined(data: string, policy = PATIENT) {
    if (world.running.length === 0) world.start(policy)
    const row = await world.queue(data)
    await until(() => world.chain.mempool.size > 0, 'the mempool')
    world.chain.mine()
    await world.reach(row, ({ state }) => state === 'mined')
    return row
  }

  for (const into of ['nothing', 'mempool'] as const)
    it(`sends the same bytes again when their block goes, and they go into ${into}`, async () => {
      const row = await mined(lockData(1))
      world.chain.reorg(1, into)
      await world.reach(row, ({ state, receipt }) => state === 'pending' && receipt === null)
      expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'unmined'])
      const { attempts } = await world.mineUntil(row, 'confirmed')
      expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'unmined', 'mined', 'confirmed'])
      expect(attempts).to.have.length(1)
      expect(world.chain.mined().map(({ hash }) => hash)).to.deep.equal([attempts[0]!.hash])
    })

  for (const depth of [1, 2, 5, 20])
    it(`survives a reorg of ${depth} after ${depth} blocks`, async () => {
      const row = await mined(lockData(1), { ...PATIENT, confirmations: 30 })
      world.chain.mine(depth - 1)
      await aWhile()
      world.chain.reorg(depth, 'nothing')
      await world.reach(row, ({ state }) => state === 'pending')
      await world.mineUntil(row, 'confirmed')
      expect(world.chain.succeeded()).to.deep.equal([lockData(1)])
    })

  it('says nothing when another block has it by then, and confirms by that one', async () => {
    const row = await mined(lockData(1))
    const before = (await world.get(row)).receipt!
    world.chain.reorg(1, 'mempool')
    world.chain.blocks.splice(1)
    world.chain.mine(3)
    const { receipt } = await world.reach(row, ({ state }) => state === 'confirmed')
    expect(receipt).to.deep.include({ hash: before.hash, blockNumber: 1 })
    expect(receipt!.blockHash).not.to.equal(before.blockHash)
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'confirmed'])
  })

  it('does not take a missing block or receipt for a reorg', async () => {
    const row = await mined(lockData(1))
    // An endpoint that lags: the head goes back, and the block is not known.
    const blocks = world.chain.blocks
    world.chain.blocks = blocks.slice(0, 1)
    await aWhile()
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined'])
    world.chain.blocks = blocks
    await world.mineUntil(row, 'confirmed')
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'confirmed'])
  })

  it('does not confirm a block that went unnoticed', async () => {
    const submitter = world.start(PATIENT)
    const row = await mined(lockData(1))
    await submitter.stop()
    world.chain.reorg(1, 'nothing')
    world.chain.mine(5)
    submitter.start()
    await world.reach(row, ({ state }) => state === 'pending')
    await world.mineUntil(row, 'confirmed')
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'unmined', 'mined', 'confirmed'])
  })

  it('cancels what the other branch would refuse', async () => {
    const row = await mined(lockData(1))
    world.chain.refuses.add(lockData(1))
    world.chain.reorg(1, 'nothing')
    await world.mineUntil(row, 'abandoned')
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'unmined', 'abandoned'])
    expect(world.chain.succeeded()).to.deep.equal(['0x'])
  })

  it('holds a proof back while the lock of its job is not mined again', async () => {
    const lock = await mined(lockData(1), { ...PATIENT, confirmations: 10 })
    const proof = await world.queue(fulfillData(1), { jobId: lock.jobId })
    await until(() => world.chain.mempool.size === 1, 'the proof')
    world.chain.mine()
    await world.reach(proof, ({ state }) => state === 'mined')
    world.chain.reorg(2, 'nothing')
    await until(() => world.chain.mempool.size === 1, 'the lock')
    await aWhile()
    expect([...world.chain.mempool.values()][0]!.data).to.equal(lockData(1))
    await world.mineUntil(proof, 'confirmed')
    expect(world.chain.succeeded()).to.deep.equal([lockData(1), fulfillData(1)])
    expect(world.outcomes(fulfillData(1))).to.deep.equal(['mined', 'unmined', 'mined', 'confirmed'])
  })

  it('notices when a call that failed succeeds on the other branch', async () => {
    world.start(PATIENT)
    const row = await world.queue(lockData(1))
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    world.chain.refuses.add(lockData(1))
    world.chain.mine()
    await world.reach(row, ({ receipt }) => receipt !== null)
    world.chain.refuses.clear()
    world.chain.reorg(1, 'nothing')
    await world.mineUntil(row, 'confirmed')
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'confirmed'])
  })

  it('notices when a call that succeeded fails on the other branch', async () => {
    const row = await mined(lockData(1))
    world.chain.refuses.add(lockData(1))
    world.chain.reorg(1, 'mempool')
    world.chain.blocks.splice(1)
    world.chain.mine(3)
    await world.reach(row, ({ state }) => state === 'reverted')
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'unmined', 'reverted'])
  })

  describe('a proof that a block has without effect', () => {
    /** Sends a proof and lets it fail in a block. */
    const failing = async (policy = PATIENT) => {
      world.chain.lockedBefore(1)
      world.start(policy)
      const row = await world.queue(fulfillData(1))
      await until(() => world.chain.mempool.size === 1, 'the mempool')
      world.chain.refuses.add(fulfillData(1))
      world.chain.mine()
      world.chain.refuses.clear()
      return world.reach(row, ({ superseded }) => superseded)
    }

    it('is told of at once, with why, and ends when that is final', async () => {
      world.chain.lockedBefore(1)
      world.start()
      const row = await world.queue(fulfillData(1))
      await until(() => world.chain.mempool.size === 1, 'the mempool')
      world.chain.refuses.add(fulfillData(1))
      world.chain.mine()
      await world.reach(row, ({ superseded }) => superseded)
      expect(world.events.at(-1)).to.include({ outcome: 'failing' })
      expect(world.events.at(-1)!.error).to.match(/^WrongState: .* in block /)
      await world.mineUntil(row, 'reverted')
      expect(world.outcomes(fulfillData(1))).to.deep.equal(['failing', 'reverted'])
    })

    it('makes way for another one before that is final, and only for one', async () => {
      const row = await failing()
      const next = await world.queue(fulfillData(1), { jobId: row.jobId })
      const { insert } = world.store.transactions
      expect(await world.store.db.transaction((tx) => insert(tx, next))).to.equal(undefined)
      await world.mineUntil(next, 'confirmed')
      await world.mineUntil(row, 'reverted')
      expect(world.chain.succeeded()).to.deep.equal([fulfillData(1)])
      expect((await world.get(next)).nonce).to.equal(row.nonce! + 1)
    })

    it('may succeed on another branch: the other one waits for it, and is given up', async () => {
      const row = await failing()
      world.chain.reorg(1, 'mempool')
      const unmined = await world.reach(row, ({ receipt }) => receipt === null)
      expect(unmined.error).to.equal(null)
      const next = await world.queue(fulfillData(1), { jobId: row.jobId })
      await until(() => world.running[0]!.status().lanes[0]!.waiting.length > 0, 'the status')
      expect(await world.state(next)).to.equal('queued')
      await world.mineUntil(row, 'confirmed')
      await world.reach(next, ({ state }) => state === 'abandoned')
      expect(world.outcomes(fulfillData(1))).to.have.members(['failing', 'mined', 'confirmed', 'abandoned'])
      expect(world.chain.mined()).to.have.length(1)
    })

    it('may succeed on another branch though another one is sent: both are followed to their ends', async () => {
      const row = await failing()
      const next = await world.queue(fulfillData(1), { jobId: row.jobId })
      await world.reach(next, ({ state }) => state === 'pending')
      world.chain.reorg(1, 'mempool')
      await world.mineUntil(row, 'confirmed')
      await world.mineUntil(next, 'reverted')
      expect(world.chain.succeeded()).to.deep.equal([fulfillData(1)])
    })

    it('is told of as well when its cancellation is mined', async () => {
      world.chain.lockedBefore(1)
      world.start(POLICY)
      const row = await world.queue(fulfillData(1))
      await until(() => world.chain.mempool.size === 1, 'the mempool')
      world.chain.refuses.add(fulfillData(1))
      world.chain.mine(1, () => false)
      await until(() => [...world.chain.mempool.values()].some(({ data }) => data === '0x'), 'the empty transfer')
      world.chain.mine()
      await world.reach(row, ({ superseded }) => superseded)
      await world.mineUntil(row, 'abandoned')
      expect(world.outcomes(fulfillData(1))).to.deep.equal(['failing', 'abandoned'])
      expect(world.events.map(({ error }) => error)[0]).to.match(/^WrongState: /)
    })

    it('is not sent again under another nonce when somebody else uses its own', async () => {
      const row = await failing({ ...POLICY, bumpAfterSeconds: 0.05 })
      world.chain.reorg(1, 'nothing')
      const { wallet, chain } = world
      const fees = { type: 2, chainId: 77, nonce: row.nonce!, gasLimit: 21_000n, maxFeePerGas: 10_000n } as const
      const raw = await wallet.signTransaction({ ...fees, maxPriorityFeePerGas: 10_000n, to: wallet.address })
      chain.mempool.clear()
      chain.intrude(Transaction.from(raw))
      chain.mine(1, ({ data }) => data === '0x')
      await world.mineUntil(row, 'abandoned')
    })
  })

  it('sends a cancellation again that a reorg took out', async () => {
    world.start(POLICY)
    const row = await world.queue(lockData(1))
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    world.chain.refuses.add(lockData(1))
    world.chain.mine(1, () => false)
    await world.reach(row, ({ state }) => state === 'cancelling')
    await until(() => [...world.chain.mempool.values()][0]?.data === '0x', 'the empty transfer')
    world.chain.mine()
    await world.reach(row, ({ receipt }) => receipt !== null)
    world.chain.reorg(1, 'nothing')
    await world.reach(row, ({ receipt }) => receipt === null)
    await world.mineUntil(row, 'abandoned')
    expect(world.outcomes(lockData(1))).to.deep.equal(['abandoned'])
  })
})
