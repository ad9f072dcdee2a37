// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { parseEther, ZeroAddress, type Wallet } from 'ethers'
import { leaseSnarkjs, type SnarkjsLease } from '../../prover/groth16'
import { startAnvil, type Anvil } from './support/anvil'
import { serveDirectly } from './support/direct-prover'
import { checkTruth } from './support/ledger'
import { deployMarket, type Market } from './support/market'
import { CANCER, HASHED, marketInputs, TINY, type ModelName } from './support/models'
import { createRequester, type Requester } from './support/requester'

/** Whether a promise was refused with such a message. */
async function refused(promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(String(error)).to.match(message)
}

describe('the world of the fault tests', () => {
  let anvil: Anvil
  let market: Market
  let requester: Requester
  let prover: Wallet
  let lease: SnarkjsLease

  before(async () => {
    lease = await leaseSnarkjs()
  })
  after(() => lease.release())

  beforeEach(async () => {
    anvil = await startAnvil()
    market = await deployMarket(anvil, [CANCER, TINY, HASHED])
    requester = await createRequester(market)
    prover = market.account()
  })
  afterEach(() => anvil.stop())

  const ask = async (name: ModelName, count: number) => {
    const asked = await requester.ask(market.model(name), marketInputs(market.model(name), count))
    await anvil.mine()
    return asked
  }

  it('serves requests of all its models, and the books are right', async () => {
    const requests = [...(await ask(CANCER, 2)), ...(await ask(TINY, 2)), ...(await ask(HASHED, 1))]
    await serveDirectly(market, prover, requests)
    const books = await checkTruth(market, { requests, provers: [prover.address] })
    expect(books.fulfilled).to.equal(5)
    expect(books.reverted).to.equal(0)
  })

  it('keeps a request that nobody serves in the books', async () => {
    const unserved = await ask(TINY, 1)
    await checkTruth(market, { requests: [], provers: [prover.address], unserved })
    await refused(checkTruth(market, { requests: unserved, provers: [prover.address] }), /answers to 0x/)
  })

  it('notices a wrong output, an answer of a stranger and a transaction without a reason', async () => {
    const requests = await ask(TINY, 1)
    await serveDirectly(market, prover, requests)
    const wrong = requests.map((one) => ({ ...one, input: { ...one.input, output: '0x00' } }))
    await refused(checkTruth(market, { requests: wrong, provers: [prover.address] }), /output of 0x/)
    await refused(checkTruth(market, { requests, provers: [requester.wallet.address] }), /prover of 0x/)
    await (await prover.sendTransaction({ to: requester.wallet.address, value: 1n })).wait()
    await refused(checkTruth(market, { requests, provers: [prover.address] }), /receiver of transaction 2/)
  })

  it('notices a failed transaction unless it may fail, and counts deposits and withdrawals', async () => {
    const requests = await ask(TINY, 1)
    const coordinator = market.coordinator.connect(prover)
    await (await coordinator.deposit(ZeroAddress, 5n, { value: 5n })).wait()
    await serveDirectly(market, prover, requests)
    await (await coordinator.withdraw(ZeroAddress, parseEther('0.001'), prover.address)).wait()
    const truth = { requests, provers: [prover.address] }
    await checkTruth(market, truth)
    const failing = await coordinator.lock(requests[0]!.request, { gasLimit: 100_000n, value: 1n })
    await failing.wait().catch(() => undefined)
    await refused(checkTruth(market, truth), /transactions of provers that failed/)
    expect((await checkTruth(market, { ...truth, reverts: true })).reverted).to.equal(1)
  })

  it('has requests mined again after a reorg', async () => {
    const requests = await ask(TINY, 3)
    await anvil.mine(4)
    await anvil.reorg(8)
    expect(await anvil.provider.getTransactionReceipt(requests[0]!.transaction.hash)).to.equal(null)
    expect(await anvil.mempool()).to.be.empty
    const stop = requester.persist()
    await serveDirectlyWhenOpen(requests)
    await stop()
    await checkTruth(market, { requests, provers: [prover.address] })

    async function serveDirectlyWhenOpen(all: typeof requests): Promise<void> {
      for (const one of all) {
        while ((await market.coordinator.recordOf(one.id)).state !== 1n) await anvil.mine()
        await serveDirectly(market, prover, [one])
      }
    }
  })
})
