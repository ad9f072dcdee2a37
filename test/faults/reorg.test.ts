// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { seededRandom } from '../support/onnx-builder'
import { openScenario, scenario, type Scenario } from './support/scenario'
import { eventually, sleep } from './support/wait'

const DEPTHS = [1, 2, 5, 10, 20] as const

/** Waits until the daemon has read the newest block, so that it is what it knows that a reorg undoes. */
async function caughtUp({ daemon, anvil }: Scenario): Promise<void> {
  const head = await anvil.provider.getBlockNumber()
  await eventually(async () => (await daemon.metric('zkml_chain_cursor')) >= head, 'the daemon has read the chain')
}

/** What is on chain, in the oldest of the blocks that are replaced. */
const STAGES: Readonly<Record<string, (world: Scenario, depth: number) => Promise<void>>> = {
  'takes an open request back': async (world, depth) => {
    await world.ask(1)
    await world.anvil.mine(depth)
    await caughtUp(world)
  },
  'takes a lock back, before the proof is sent': async (world, depth) => {
    const [request] = await world.ask(1)
    await world.anvil.mine(1)
    await world.sent('lock', request)
    const held = world.proxy.hold('eth_sendRawTransaction', 'request', world.carries('fulfill'))
    await world.anvil.mine(depth)
    await caughtUp(world)
    held.release()
  },
  'takes a lock back, with the proof in the mempool': async (world, depth) => {
    const [request] = await world.ask(1)
    await world.anvil.mine(1)
    await world.sent('lock', request)
    await world.anvil.mine(depth)
    await world.sent('fulfill', request)
  },
  'takes a fulfilled request back': async (world, depth) => {
    const [request] = await world.ask(1)
    await world.anvil.mine(1)
    await world.sent('lock', request)
    await world.anvil.mine(1)
    await world.sent('fulfill', request)
    await world.anvil.mine(depth)
    await caughtUp(world)
  },
}

describe('a reorganisation of the chain', () => {
  for (const [stage, reach] of Object.entries(STAGES)) {
    describe(stage, () => {
      let world: Scenario

      before(async () => {
        world = await openScenario()
      })
      after(async () => {
        expect(await world.daemon.metric('zkml_chain_reorgs_total'), 'reorgs that the daemon saw').to.be.above(0)
        await world.close()
      })

      for (const depth of DEPTHS) {
        it(`${depth} deep: the request is answered once on the chain that stays`, async () => {
          const resume = await world.pause()
          await reach(world, depth)
          await world.anvil.reorg(depth)
          resume()
          await world.check({ reverts: true })
        })
      }
    })
  }

  it('undoes all of a job that is long done: opened, locked and fulfilled', () =>
    scenario({}, async ({ ask, check, anvil, pause }) => {
      await ask(1)
      await check()
      const resume = await pause()
      await anvil.reorg(20)
      resume()
      return { reverts: true }
    }))

  it('while the daemon is down', () =>
    scenario({}, async ({ ask, reached, daemon, anvil, pause }) => {
      const [first] = await ask(3)
      await reached(first!, 'locked')
      await daemon.kill()
      const resume = await pause()
      await anvil.mine(3)
      await anvil.reorg(15)
      resume()
      await daemon.start()
      return { reverts: true }
    }))

  it('comes again and again while requests do', () =>
    scenario({}, async ({ ask, anvil }) => {
      const random = seededRandom(17)
      for (let round = 0; round < 10; round++) {
        await ask(2)
        await sleep(200 + random() * 600)
        await anvil.reorg(1 + Math.floor(random() * 20))
      }
      return { reverts: true }
    }))
})
