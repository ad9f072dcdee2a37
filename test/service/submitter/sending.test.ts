// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { Transaction } from 'ethers'
import { createSubmitter } from '../../../prover/service/submitter'
import { aWhile, fulfillData, inNewWorlds, lockData, PATIENT, until, World } from './support'

describe('submitter: sending', () => {
  let world: World
  inNewWorlds((next) => (world = next))

  it('signs, sends, and confirms at the depth of the policy', async () => {
    world.start()
    const row = await world.queue(lockData(1), { value: 5n })
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    const [sent] = world.chain.mempool.values()
    expect(sent).to.include({ from: world.wallet.address, nonce: 0, data: lockData(1), value: 5n, gasLimit: 100_000n })
    expect(sent).to.include({ chainId: 77n, maxFeePerGas: 210n, maxPriorityFeePerGas: 10n })
    expect((await world.get(row)).attempts[0]).to.include({ hash: sent!.hash, raw: sent!.serialized })

    world.chain.mine()
    const mined = await world.reach(row, ({ state }) => state === 'mined')
    expect(mined.receipt).to.include({ hash: sent!.hash, blockNumber: 1, fee: 21_000n * 210n })
    world.chain.mine()
    await aWhile()
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined'])
    world.chain.mine()
    await world.reach(row, ({ state }) => state === 'confirmed')
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'confirmed'])
    expect(world.chain.received).to.have.length(1)
    expect(await world.metric('transactions')).to.equal(2)
  })

  it('reports mined and confirmed at once when one block is enough', async () => {
    world.start({ ...PATIENT, confirmations: 1 })
    const row = await world.queue(lockData(1))
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    world.chain.mine()
    await world.reach(row, ({ state }) => state === 'confirmed')
    expect(world.outcomes(lockData(1))).to.deep.equal(['mined', 'confirmed'])
  })

  it('keeps as many in flight as the policy says, with consecutive nonces', async () => {
    world.start({ ...PATIENT, maxInFlight: 3 })
    const rows = []
    for (let request = 0; request < 7; request++) rows.push(await world.queue(lockData(request)))
    await until(() => world.chain.mempool.size === 3, 'three in flight')
    await aWhile()
    expect([...world.chain.mempool.values()].map(({ nonce }) => nonce)).to.deep.equal([0, 1, 2])
    for (const row of rows) await world.mineUntil(row, 'confirmed')
    expect(world.chain.mined().map(({ nonce }) => nonce)).to.deep.equal([0, 1, 2, 3, 4, 5, 6])
    expect(world.chain.received).to.have.length(7)
  })

  it('makes room at the same head for what comes after calls that fail', async () => {
    world.start({ ...PATIENT, maxInFlight: 2 })
    for (let request = 0; request < 5; request++) {
      world.chain.refuses.add(lockData(request))
      await world.queue(lockData(request))
    }
    const row = await world.queue(lockData(9))
    await world.reach(row, ({ state }) => state === 'pending')
    expect(world.chain.blocks).to.have.length(1)
  })

  it('asks little: a few requests for each transaction, and one at a quiet head', async () => {
    world.start()
    const rows = []
    for (let request = 0; request < 20; request++) rows.push(await world.queue(lockData(request)))
    for (const row of rows) await world.mineUntil(row, 'confirmed')
    for (const method of ['eth_sendRawTransaction', 'eth_call', 'eth_getTransactionReceipt'])
      expect(world.chain.count(method)).to.equal(20)
    const before = world.chain.calls.length
    await aWhile()
    expect(world.chain.calls.length).to.equal(before)
  })

  it('sends proofs before locks', async () => {
    world.chain.fault = (method) => {
      if (method === 'eth_call') throw new Error('socket hang up')
    }
    const submitter = world.start({ ...PATIENT, maxInFlight: 1 })
    await world.queue(lockData(1))
    const proof = await world.queue(fulfillData(2))
    world.chain.lockedBefore(2)
    await until(() => submitter.status().lanes[0]!.queued === 2, 'both to be known')
    await aWhile()
    world.chain.fault = () => {}
    await world.mineUntil(proof, 'mined')
    expect(world.chain.mined()[0]!.data).to.equal(fulfillData(2))
  })

  it('starts at the nonce that the chain has for the account, with its mempool', async () => {
    const { address } = world.wallet
    for (const nonce of [0, 1]) world.chain.intrude(Transaction.from(await foreign(world, nonce)))
    world.chain.mine()
    world.chain.intrude(Transaction.from(await foreign(world, 2)))
    expect(await world.chain.send('eth_getTransactionCount', [address, 'pending'])).to.equal('0x3')
    world.start()
    const row = await world.queue(lockData(1))
    expect((await world.mineUntil(row, 'confirmed')).nonce).to.equal(3)
  })

  it('speaks to chains without a base fee', async () => {
    world.chain.baseFee = null
    world.start()
    const row = await world.queue(lockData(1))
    await world.mineUntil(row, 'confirmed')
    expect(world.chain.mined()[0]).to.include({ type: 0, gasPrice: 150n, maxFeePerGas: null })
  })

  it('counts the fee for L1 data where receipts state it apart', async () => {
    world.start({ ...PATIENT, l1Fee: 'op-stack' })
    const row = await world.queue(lockData(1))
    expect((await world.mineUntil(row, 'confirmed')).receipt!.fee).to.equal(21_000n * 210n + 7n)
  })

  it('serves several accounts, each with nonces of its own', async () => {
    const second = new World(world.store)
    world.start(PATIENT, { accounts: [world.wallet, second.wallet] })
    const rows = [await world.queue(lockData(1)), await world.queue(lockData(2), { from: second.wallet.address })]
    for (const row of rows) expect((await world.mineUntil(row, 'confirmed')).nonce).to.equal(0)
    second.chain.destroy()
  })

  it('finishes its round when stopped and goes on after the next start', async () => {
    const submitter = world.start()
    const row = await world.queue(lockData(1))
    await until(() => world.chain.mempool.size === 1, 'the mempool')
    await submitter.stop()
    world.chain.mine(5)
    await aWhile()
    expect(await world.state(row)).to.equal('pending')
    submitter.start()
    await world.reach(row, ({ state }) => state === 'confirmed')
    expect(world.chain.mined()).to.have.length(1)
  })

  it('never logs raw transactions or keys', async () => {
    world.start()
    const row = await world.queue(lockData(1))
    const { attempts } = await world.mineUntil(row, 'confirmed')
    const log = JSON.stringify(world.lines)
    for (const secret of [world.wallet.privateKey, attempts[0]!.raw]) expect(log).not.to.contain(secret.slice(2))
  })

  it('refuses a policy or accounts that cannot work', () => {
    const make =
      (change: object, accounts = [world.wallet]) =>
      () =>
        createSubmitter({
          chainId: 77,
          provider: world.chain,
          accounts,
          store: world.store,
          metrics: world.metrics,
          log: { child: () => undefined } as never,
          policy: { ...PATIENT, ...change },
          onSettled: () => Promise.resolve(),
        })
    for (const change of [
      { confirmations: 0 },
      { confirmations: 1.5 },
      { maxFeePerGas: 0n },
      { maxPriorityFeePerGas: -1n },
      { bumpPercent: 9 },
      { bumpAfterSeconds: 0 },
      { spendCap: { wei: -1n, periodSeconds: 1 } },
      { spendCap: { wei: 1n, periodSeconds: 0 } },
      { maxInFlight: 0 },
    ])
      expect(make(change), JSON.stringify(Object.keys(change)))
        .to.throw('not usable')
        .with.property('code', 'SUBMITTER_POLICY')
    expect(make({}, [world.wallet, world.wallet])).to.throw('named twice')
  })
})

function foreign(world: World, nonce: number): Promise<string> {
  return world.wallet.signTransaction({
    chainId: 77,
    nonce,
    to: world.wallet.address,
    gasLimit: 21_000n,
    maxFeePerGas: 5000n,
    maxPriorityFeePerGas: 5n,
    type: 2,
  })
}
