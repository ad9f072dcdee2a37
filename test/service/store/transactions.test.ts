// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import { StoreNotFoundError } from '../../../prover/service/store/errors'
import type { Store } from '../../../prover/service/store/store'
import type { TransactionAttempt, TransactionRequest } from '../../../prover/service/store/transaction'
import { rejection } from '../../support/rejection'
import { ADDRESS, apiOrigin, marketOrigin, openTestStore, type TestStore } from '../../support/store'

const ATTEMPT: TransactionAttempt = {
  hash: '0x01',
  raw: '0x02',
  maxFeePerGas: 10n ** 30n,
  maxPriorityFeePerGas: 1n,
  sentAt: 1_800_000_000_000,
}

describe('the transactions of the store', () => {
  let test: TestStore
  let store: Store
  let account = 0
  before(async function () {
    this.timeout(60_000)
    test = await openTestStore()
    store = test.store
  })
  after(() => test.remove())

  /** For a new job and, unless it is given, from a new account. */
  const request = async (change: Partial<TransactionRequest> = {}): Promise<TransactionRequest> => ({
    jobId: (await store.jobs.insertApi(store.db, apiOrigin(), 'm')).id,
    purpose: 'fulfill',
    chainId: 1,
    from: ADDRESS(account++),
    to: ADDRESS(1),
    data: '0xabcd',
    value: 2n ** 128n,
    gasLimit: 500_000n,
    deadline: 1_900_000_000,
    ...change,
  })

  it('gives back what was put in', async () => {
    const wanted = await request()
    const made = await store.transactions.insert(store.db, wanted)
    expect(made).to.deep.include({ ...wanted, state: 'queued', nonce: null, attempts: [], receipt: null, error: null })
    expect(await store.transactions.get(store.db, made!.id)).to.deep.equal(made)
    expect(await store.transactions.ofJob(store.db, wanted.jobId)).to.deep.equal([made])
    expect(await store.transactions.ofJob(store.db, wanted.jobId, 'lock')).to.deep.equal([])
  })

  it('lets a job have one live transaction of each purpose', async () => {
    const wanted = await request()
    const insert = (purpose = wanted.purpose) => store.transactions.insert(store.db, { ...wanted, purpose })
    const made = await Promise.all([insert(), insert(), insert(), insert('lock')])
    expect(made.filter((transaction) => transaction !== undefined)).to.have.length(2)
    const { id } = (await store.transactions.ofJob(store.db, wanted.jobId, 'fulfill'))[0]!
    for (const state of ['pending', 'mined', 'cancelling'] as const) {
      await store.transactions.update(store.db, id, { state })
      expect(await insert(), state).to.equal(undefined)
    }
    for (const state of ['confirmed', 'reverted', 'abandoned'] as const) {
      const [live] = (await store.transactions.ofJob(store.db, wanted.jobId, 'fulfill')).slice(-1)
      await store.transactions.update(store.db, live!.id, { state })
      expect(await insert(), state).not.to.equal(undefined)
    }
  })

  it('lets another one take the place of one that is superseded, once', async () => {
    const wanted = await request()
    const insert = () => store.transactions.insert(store.db, wanted)
    const first = (await insert())!
    expect(first.superseded).to.equal(false)
    const changed = await store.transactions.update(store.db, first.id, { state: 'pending', superseded: true })
    expect(changed.superseded).to.equal(true)
    const second = (await insert())!
    expect(await insert()).to.equal(undefined)
    const lane = await store.transactions.unsettled(store.db, 1, wanted.from)
    expect(lane.map(({ id }) => id)).to.have.members([first.id, second.id])
    // A reorganisation may let either succeed.
    await store.transactions.update(store.db, second.id, { state: 'mined' })
    await store.transactions.update(store.db, first.id, { state: 'mined' })
  })

  it('knows on which proofs bonds hang', async () => {
    const { transactions, jobs, db } = store
    const from = ADDRESS(account++)
    const lock = async (followUpGas?: bigint, change: Partial<TransactionRequest> = {}) => {
      const wanted = await request({ purpose: 'lock', from, ...(followUpGas && { followUpGas }), ...change })
      return (await transactions.insert(db, wanted))!
    }
    const bonded = async () =>
      [...(await transactions.bonded(db, 1, from.toLowerCase()))].map(({ jobId, ...rest }) => [jobId, rest] as const)
    const queued = await lock(7n)
    expect(queued.followUpGas).to.equal(7n)
    await lock(8n, { from: ADDRESS(account++) }).then(({ id }) => transactions.update(db, id, { state: 'pending' }))
    await lock(8n, { chainId: 2 }).then(({ id }) => transactions.update(db, id, { state: 'pending' }))
    expect(await bonded()).to.deep.equal([])

    await transactions.update(db, queued.id, { state: 'pending' })
    expect(await bonded()).to.deep.equal([[queued.jobId, { gas: 7n, isLocked: false, isFollowed: false }]])
    for (const state of ['mined', 'confirmed'] as const) {
      await transactions.update(db, queued.id, { state })
      expect(await bonded()).to.deep.equal([[queued.jobId, { gas: 7n, isLocked: true, isFollowed: false }]])
    }
    const proof = (await transactions.insert(db, await request({ jobId: queued.jobId, from })))!
    for (const state of ['queued', 'pending', 'mined', 'cancelling', 'reverted', 'abandoned'] as const) {
      await transactions.update(db, proof.id, { state })
      const isFollowed = ['pending', 'mined', 'cancelling'].includes(state)
      expect(await bonded(), state).to.deep.equal([[queued.jobId, { gas: 7n, isLocked: true, isFollowed }]])
    }
    await transactions.update(db, proof.id, { state: 'pending', superseded: true })
    expect(await bonded()).to.deep.equal([[queued.jobId, { gas: 7n, isLocked: true, isFollowed: false }]])
    await jobs.move(db, queued.jobId, 'received', 'failed')
    expect(await bonded()).to.deep.equal([])

    for (const state of ['reverted', 'abandoned', 'cancelling'] as const)
      await lock().then(({ id }) => transactions.update(db, id, { state }))
    expect(await bonded()).to.deep.equal([])
    const { id, jobId } = await lock()
    await transactions.update(db, id, { state: 'mined' })
    expect(await bonded()).to.deep.equal([[jobId, { gas: 0n, isLocked: true, isFollowed: false }]])
  })

  it('appends attempts and keeps amounts exact', async () => {
    const { id } = (await store.transactions.insert(store.db, await request()))!
    const second = { ...ATTEMPT, hash: '0x03', maxFeePerGas: 10n ** 40n + 1n }
    await store.transactions.update(store.db, id, { state: 'pending', nonce: 4, attempt: ATTEMPT })
    const updated = await store.transactions.update(store.db, id, { attempt: second, error: 'a\0b' })
    expect(updated).to.deep.include({ nonce: 4, attempts: [ATTEMPT, second], error: 'a\ufffdb', state: 'pending' })
    const receipt = { hash: '0x03', blockNumber: 9, blockHash: '0x09', gasUsed: 21_000n, fee: 2n ** 90n }
    const mined = await store.transactions.update(store.db, id, { state: 'mined', receipt, error: null })
    expect(mined).to.deep.include({ receipt, error: null })
    expect((await store.transactions.update(store.db, id, { state: 'pending', receipt: null })).receipt).to.equal(null)
    for (const unknown of [randomUUID(), 'x']) {
      expect(await rejection(store.transactions.update(store.db, unknown, {}))).to.be.instanceOf(StoreNotFoundError)
      expect(await store.transactions.get(store.db, unknown)).to.equal(undefined)
    }
  })

  it('takes each nonce once, and none below the floor', async () => {
    const from = ADDRESS(account++)
    const take = (floor: number, chainId = 1) =>
      store.db.transaction((tx) => store.transactions.takeNonce(tx, chainId, from, floor))
    expect(await take(5)).to.equal(5)
    const many = await Promise.all(Array.from({ length: 10 }, () => take(0)))
    expect(many.sort((a, b) => a - b)).to.deep.equal([6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    expect(await take(20)).to.equal(20)
    expect(await take(0, 2), 'of another chain').to.equal(0)
    expect(await store.transactions.takeNonce(store.db, 1, from.toLowerCase(), 0), 'of the same account').to.equal(21)
    await rejection(
      store.db.transaction(async (tx) => {
        await store.transactions.takeNonce(tx, 1, from, 0)
        throw new Error('undo')
      }),
    )
    expect(await take(0), 'given back with its transaction').to.equal(22)
  })

  it('refuses a nonce that another transaction of the account has', async () => {
    const from = ADDRESS(account++)
    const first = (await store.transactions.insert(store.db, await request({ from })))!
    const second = (await store.transactions.insert(store.db, await request({ from: from.toLowerCase() })))!
    await store.transactions.update(store.db, first.id, { nonce: 0 })
    expect(await rejection(store.transactions.update(store.db, second.id, { nonce: 0 }))).to.have.property(
      'code',
      '23505',
    )
  })

  it('lists a lane: queued in order, then by nonce; not what is settled, nor of others', async () => {
    const from = ADDRESS(account++)
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await store.transactions.insert(store.db, await request({ from })))!.id)
    await store.transactions.insert(store.db, await request())
    await store.transactions.insert(store.db, await request({ from, chainId: 2 }))
    await store.transactions.update(store.db, ids[0]!, { state: 'pending', nonce: 8 })
    await store.transactions.update(store.db, ids[1]!, { state: 'mined', nonce: 7 })
    await store.transactions.update(store.db, ids[2]!, { state: 'abandoned' })
    const lane = await store.transactions.unsettled(store.db, 1, from.toLowerCase())
    expect(lane.map(({ id }) => id)).to.deep.equal([ids[3], ids[4], ids[1], ids[0]])
  })

  it('reads of a lane only what changed, and finds every change', async () => {
    const from = ADDRESS(account++)
    const ids: string[] = []
    for (let i = 0; i < 4; i++) ids.push((await store.transactions.insert(store.db, await request({ from })))!.id)
    const first = await store.transactions.unsettled(store.db, 1, from)
    await store.transactions.update(store.db, ids[0]!, { state: 'pending', nonce: 8, attempt: ATTEMPT })
    await store.transactions.update(store.db, ids[1]!, { state: 'abandoned' })
    const added = (await store.transactions.insert(store.db, await request({ from })))!
    const second = await store.transactions.unsettled(store.db, 1, from, first)
    expect(second.map(({ id }) => id)).to.deep.equal([ids[2], ids[3], added.id, ids[0]])
    expect(second[0], 'not read again').to.equal(first[2])
    expect(second[3]).to.deep.include({ state: 'pending', nonce: 8, attempts: [ATTEMPT] })
    expect(await store.transactions.unsettled(store.db, 1, from)).to.deep.equal(second)
    const unknown = second.map((transaction) => ({ ...transaction }))
    expect(await store.transactions.unsettled(store.db, 1, from, unknown), 'read elsewhere').to.deep.equal(second)
    await store.db.transaction(async (tx) => {
      let known = second
      for (const error of ['a', 'b', null]) {
        await store.transactions.update(tx, ids[2]!, { error })
        known = await store.transactions.unsettled(tx, 1, from, known)
        expect(known[0]!.error, 'within one transaction').to.equal(error)
      }
    })
    expect(await store.transactions.unsettled(store.db, 1, ADDRESS(account++), second)).to.deep.equal([])
  })

  it('sums the bonds that locks will take beyond what they bring', async () => {
    const from = ADDRESS(account++)
    const promised = () => store.transactions.promisedBonds(store.db, 1, from.toLowerCase())
    expect(await promised()).to.equal(0n)
    const bond = marketOrigin().request.bond
    const lock = async (change: Partial<TransactionRequest>) => {
      const { id } = (await store.jobs.insertMarket(store.db, marketOrigin()))!
      const wanted = await request({ jobId: id, purpose: 'lock', from, value: 0n, ...change })
      return (await store.transactions.insert(store.db, wanted))!.id
    }
    const id = await lock({})
    await lock({ value: bond - 3n })
    await lock({ value: bond + 5n })
    await lock({ purpose: 'fulfill' })
    await lock({ from: ADDRESS(account++) })
    await lock({ chainId: 2 })
    expect(await promised()).to.equal(bond + 3n)
    const receipt = { hash: '0x', blockNumber: 1, blockHash: '0x', gasUsed: 1n, fee: 1n }
    await store.transactions.update(store.db, id, { state: 'pending', nonce: 0, attempt: ATTEMPT })
    expect(await promised()).to.equal(bond + 3n)
    await store.transactions.update(store.db, id, { receipt })
    expect(await promised(), 'failed on chain').to.equal(3n)
    for (const state of ['mined', 'cancelling', 'confirmed', 'reverted', 'abandoned'] as const) {
      await store.transactions.update(store.db, id, { state, receipt: null })
      expect(await promised(), state).to.equal(3n)
    }
  })

  it('sums what was spent and what may still be', async () => {
    const from = ADDRESS(account++)
    const spent = (since: number) => store.transactions.spent(store.db, 1, from, new Date(since))
    const [hourAgo, inAnHour] = [Date.now() - 3_600_000, Date.now() + 3_600_000]
    expect(await spent(hourAgo)).to.deep.equal({ settled: 0n, reserved: 0n })
    const receipt = { hash: '0x', blockNumber: 1, blockHash: '0x', gasUsed: 21_000n, fee: 2n ** 80n }
    for (const state of ['confirmed', 'reverted', 'abandoned', 'mined'] as const) {
      const { id } = (await store.transactions.insert(store.db, await request({ from })))!
      await store.transactions.update(store.db, id, { state, attempt: ATTEMPT, receipt })
    }
    const { id } = (await store.transactions.insert(store.db, await request({ from })))!
    expect(await spent(hourAgo)).to.deep.equal({ settled: 4n * 2n ** 80n, reserved: 0n })
    await store.transactions.update(store.db, id, { state: 'pending', attempt: ATTEMPT })
    await store.transactions.update(store.db, id, { attempt: { ...ATTEMPT, maxFeePerGas: 3n } })
    expect(await spent(inAnHour)).to.deep.equal({ settled: 0n, reserved: 500_000n * 10n ** 30n })
    await store.transactions.update(store.db, id, { state: 'abandoned' })
    expect(await spent(inAnHour)).to.deep.equal({ settled: 0n, reserved: 0n })
  })
})
