// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { OutgoingTransaction } from '../../../prover/service/store/transaction'
import { aWhile, fulfillData, inNewWorlds, lockData, PATIENT, POLICY, until, type World } from './support'

/** What a lock, and a proof of three times its gas, cost at most at the fees of the first block. */
const LOCK = 100_000n * 210n
const PROOF = 3n * LOCK
const WITH_PROOF = { followUpGas: 300_000n } as const

describe('submitter: what is kept back for proofs', () => {
  let world: World
  inNewWorlds((next) => (world = next))

  const waiting = () => world.running.at(-1)!.status().lanes[0]!.waiting
  const capped = (wei: bigint) => ({ ...PATIENT, spendCap: { wei, periodSeconds: 3600 } })
  const proofOf = (lock: OutgoingTransaction) =>
    world.queue(fulfillData(Number(BigInt(`0x${lock.data.slice(4)}`))), { jobId: lock.jobId, gasLimit: 300_000n })

  /** Queues a lock and has it mined, in the newest block. */
  const minedLock = async (request: number): Promise<OutgoingTransaction> => {
    const lock = await world.queue(lockData(request), WITH_PROOF)
    await until(() => world.chain.mempool.size === 1, 'the lock')
    world.chain.mine()
    return world.reach(lock, ({ state }) => state === 'mined')
  }
  const restart = async (policy: Parameters<World['start']>[0]) => {
    await world.running.at(-1)!.stop()
    world.start(policy)
  }

  it('sends no lock whose proof would not fit under the spend cap, nor one that takes the room of a proof', async () => {
    world.start(capped(2n * (LOCK + PROOF) - 1n))
    const first = await world.queue(lockData(1), WITH_PROOF)
    const second = await world.queue(lockData(2), WITH_PROOF)
    await until(() => waiting().includes('spend cap'), 'the status')
    await until(() => world.chain.received.length > 0, 'the first')
    await aWhile()
    expect(world.chain.received.map(({ data }) => data)).to.deep.equal([lockData(1)])
    await world.mineUntil(first, 'confirmed')
    // The lock cost less than it might have, which is room for the second one.
    await world.mineUntil(second, 'confirmed')
  })

  it('keeps room for a proof after its lock is final', async () => {
    world.start(capped(LOCK + PROOF + 21_000n))
    const lock = await world.queue(lockData(1), WITH_PROOF)
    await world.mineUntil(lock, 'confirmed')
    const other = await world.queue(lockData(2))
    await until(() => waiting().includes('spend cap'), 'the status')
    await aWhile()
    expect(await world.state(other)).to.equal('queued')
    const proof = await proofOf(lock)
    world.chain.mine()
    await world.mineUntil(proof, 'confirmed')
    await world.mineUntil(other, 'confirmed')
  })

  it('sends the proof of a lock that is mined past the spend cap, at once, and raises its fee past it', async () => {
    const policy = { ...POLICY, spendCap: { wei: LOCK + PROOF, periodSeconds: 3600 } }
    world.start({ ...policy, bumpAfterSeconds: 1000 })
    const lock = await minedLock(1)
    // The cap is lower by now than what was spent.
    await restart({ ...policy, spendCap: { wei: 1n, periodSeconds: 3600 } })
    await world.queue(lockData(2), WITH_PROOF)
    await until(() => waiting().includes('spend cap'), 'the status')
    const proof = await proofOf(lock)
    await world.reach(proof, ({ state }) => state === 'pending')
    await until(() => {
      world.chain.mine(1, () => false)
      return world.chain.received.filter(({ data }) => data === fulfillData(1)).length > 2
    }, 'a higher fee')
    await world.mineUntil(proof, 'confirmed')
    expect(world.chain.succeeded()).to.deep.equal([lockData(1), fulfillData(1)])
  })

  it('raises the fee of what stands before such a proof past the spend cap', async () => {
    const policy = { ...POLICY, spendCap: { wei: 10n ** 18n, periodSeconds: 3600 } }
    world.start({ ...policy, bumpAfterSeconds: 1000 })
    const lock = await minedLock(1)
    const other = await world.queue(lockData(2), WITH_PROOF)
    await world.reach(other, ({ state }) => state === 'pending')
    const proof = await proofOf(lock)
    await world.reach(proof, ({ state }) => state === 'pending')
    await restart({ ...policy, spendCap: { wei: 1n, periodSeconds: 3600 } })
    await until(() => {
      world.chain.mine(1, () => false)
      return world.chain.received.filter(({ data }) => data === lockData(2)).length > 2
    }, 'a higher fee')
    await world.mineUntil(proof, 'confirmed')
  })

  it('holds back what no bond hangs on: proofs of the API, and those without a lock of ours', async () => {
    world.start(capped(1n))
    world.chain.lockedBefore(1)
    world.chain.lockedBefore(2)
    const submitted = await world.queue(fulfillData(1), { purpose: 'verify' })
    const unlocked = await world.queue(fulfillData(2))
    await until(() => waiting().includes('spend cap'), 'the status')
    world.chain.mine()
    await aWhile()
    expect([await world.state(submitted), await world.state(unlocked)]).to.deep.equal(['queued', 'queued'])
    expect(world.chain.received).to.have.length(0)
  })

  it('keeps back coins for proofs, and gives them to the first that needs them', async () => {
    world.chain.balance = LOCK + PROOF
    world.start()
    const lock = await minedLock(1)
    world.chain.balance = PROOF
    world.chain.mine()
    await world.queue(lockData(2))
    await until(() => waiting().includes('balance too low'), 'the status')
    const proof = await proofOf(lock)
    world.chain.mine()
    await world.mineUntil(proof, 'confirmed')
    expect(world.chain.succeeded().slice(0, 2)).to.deep.equal([lockData(1), fulfillData(1)])
  })

  it('sends a proof that saves a bond at once, whatever waits for coins before it', async () => {
    world.chain.balance = LOCK + PROOF
    world.chain.lockedBefore(7)
    world.start()
    const lock = await minedLock(1)
    world.chain.balance = PROOF
    world.chain.mine()
    // Another proof, on which no bond of ours hangs, came first and may not have the coins.
    const other = await world.queue(fulfillData(7), { gasLimit: 300_000n })
    await until(() => waiting().includes('balance too low'), 'the status')
    // In the very block at which the others began to wait.
    const proof = await proofOf(lock)
    await world.reach(proof, ({ state }) => state === 'pending')
    expect(await world.state(other)).to.equal('queued')
    await world.mineUntil(proof, 'confirmed')
  })

  it('waits with a proof that cannot be paid for, and with nothing of what others need', async () => {
    world.start()
    const lock = await minedLock(1)
    world.chain.balance = PROOF - 1n
    world.chain.mine()
    const proof = await proofOf(lock)
    await until(() => waiting().includes('balance too low'), 'the status')
    await aWhile()
    expect(await world.state(proof)).to.equal('queued')
    world.chain.balance = PROOF
    await world.mineUntil(proof, 'confirmed')
  })

  it('keeps nothing back for jobs that are over', async () => {
    world.start(capped(LOCK + PROOF + 21_000n))
    const lock = await world.queue(lockData(1), WITH_PROOF)
    await world.mineUntil(lock, 'confirmed')
    await world.store.jobs.move(world.store.db, lock.jobId, 'received', 'failed')
    const other = await world.queue(lockData(2))
    await world.mineUntil(other, 'confirmed')
  })

  describe('whether to lock', () => {
    const permit = (gas = 300_000n) => world.running.at(-1)!.canLock(world.wallet.address.toLowerCase(), gas)

    it('is for the planner where nothing is known against it', async () => {
      world.start()
      expect(permit()).to.deep.equal({ ok: true })
      await until(() => world.running[0]!.status().lanes[0]!.balance !== null, 'the balance')
      expect(permit(30_000_000n)).to.deep.equal({ ok: true })
    })

    it('is denied for what no block can hold', async () => {
      world.start()
      await until(() => world.running[0]!.status().lanes[0]!.balance !== null, 'the balance')
      const reason = 'it takes transactions of 30000001 gas, and a block holds 30000000'
      expect(permit(30_000_001n)).to.deep.equal({ ok: false, reason })
    })

    it('is denied while gas costs more than the cap, until nothing waits for it', async () => {
      world.chain.baseFee = 10_000n
      world.chain.mine()
      world.start()
      const row = await world.queue(lockData(1), { deadline: world.chain.time })
      await until(() => !permit().ok, 'the refusal')
      expect(permit()).to.deep.equal({ ok: false, reason: 'transactions wait: fees above cap' })
      world.chain.mine()
      await world.reach(row, ({ state }) => state === 'abandoned')
      await until(() => permit().ok, 'the permit')
    })

    it('is denied at the spend cap and without coins', async () => {
      world.start(capped(1n))
      const row = await world.queue(lockData(1))
      await until(() => !permit().ok, 'the refusal')
      expect(permit()).to.deep.equal({ ok: false, reason: 'transactions wait: spend cap' })
      world.chain.balance = 1n
      await restart(PATIENT)
      await until(() => waiting().length > 0, 'the status')
      expect(permit()).to.deep.equal({ ok: false, reason: 'transactions wait: balance too low' })
      world.chain.balance = 10n ** 18n
      await world.mineUntil(row, 'confirmed')
      expect(permit()).to.deep.equal({ ok: true })
    })

    it("is another daemon's to know where that one sends", async () => {
      world.start()
      await until(() => world.running[0]!.status().lanes[0]!.balance !== null, 'the balance')
      const { leases } = world.store
      const elsewhere = { hold: async () => false, release: leases.release }
      world.start(PATIENT, { store: { ...world.store, leases: elsewhere } })
      await aWhile()
      expect(permit(30_000_001n)).to.deep.equal({ ok: true })
    })
  })
})
