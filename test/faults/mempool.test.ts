// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { parseUnits } from 'ethers'
import { scenario, type Scenario } from './support/scenario'
import { sleep } from './support/wait'

const gwei = (amount: number): bigint => parseUnits(String(amount), 'gwei')

/** Mines blocks whose base fee stays at a height, for a while. */
async function expensive({ anvil }: Scenario, fee: bigint, milliseconds: number): Promise<void> {
  const end = Date.now() + milliseconds
  while (Date.now() < end) {
    await anvil.setNextBaseFee(fee)
    await anvil.mine()
    await sleep(100)
  }
}

describe('the mempool', () => {
  for (const call of ['lock', 'fulfill'] as const) {
    it(`evicts a ${call} transaction: it is sent again`, () =>
      scenario({}, async ({ anvil, ask, pause, sent, reached }) => {
        const resume = await pause()
        const [request] = await ask(1)
        await anvil.mine()
        if (call === 'fulfill') {
          await sent('lock')
          await anvil.mine()
          await reached(request!, 'locked')
        }
        for (let round = 0; round < 2; round++) await anvil.drop(await sent(call))
        resume()
        return undefined
      }))

    it(`becomes too dear for a ${call} transaction: its fee is raised`, () =>
      scenario({}, async (world) => {
        const { anvil, ask, pause, sent, reached } = world
        const resume = await pause()
        const [request] = await ask(1)
        await anvil.mine()
        if (call === 'fulfill') {
          await sent('lock')
          await anvil.mine()
          await reached(request!, 'locked')
        }
        await sent(call)
        await expensive(world, gwei(40), 6000)
        resume()
        return undefined
      }))
  }

  it('is empty after a restart of the node, again and again', () =>
    scenario({}, async ({ anvil, ask, pause }) => {
      const resume = await pause()
      await ask(4)
      await anvil.mine()
      for (let round = 0; round < 10; round++) {
        for (const { hash } of await anvil.mempool()) await anvil.drop(hash)
        await sleep(200)
      }
      resume()
      return undefined
    }))

  it('asks for more than is ever paid: nothing is sent until gas is cheaper', () =>
    scenario({ chain: { maxFeePerGas: '50 gwei' } }, async (world) => {
      const { anvil, account, ask, pause } = world
      const resume = await pause()
      await ask(2)
      await expensive(world, gwei(400), 3000)
      expect(await anvil.provider.getTransactionCount(account.address)).to.equal(0)
      resume()
      await anvil.mine(60)
      return undefined
    }))

  it('spikes while requests come in: fees follow, and each is answered once', () =>
    scenario({}, async (world) => {
      for (let round = 0; round < 4; round++) {
        await world.ask(2)
        await world.anvil.setNextBaseFee(gwei(30 * (1 + round)))
        await sleep(700)
      }
      return undefined
    }))
})

describe('an account', () => {
  it('with too few coins waits for more, and goes on', () =>
    scenario({ idle: true }, async ({ anvil, account, daemon, ask, check }) => {
      await daemon.start()
      await ask(1)
      await check()
      const rest = await anvil.provider.getBalance(account.address)
      await anvil.setBalance(account.address, 1000n)
      await ask(1)
      await sleep(2000)
      expect(await anvil.mempool()).to.be.empty
      await anvil.setBalance(account.address, rest)
      return undefined
    }))

  it('never spends more than its cap', () =>
    scenario({ chain: { spendCap: '1000 wei' } }, async ({ anvil, account, ask, unserved }) => {
      unserved(await ask(2))
      await sleep(3000)
      expect(await anvil.provider.getTransactionCount(account.address)).to.equal(0)
      return undefined
    }))
})
