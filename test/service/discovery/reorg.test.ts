// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { FakeChain } from '../../support/fake-chain'
import { until } from '../../support/rpc-server'
import { createLab, type Lab } from './support'

describe('discovery in reorganisations', () => {
  let lab: Lab

  beforeEach(() => {
    lab = createLab()
  })
  afterEach(() => lab.close())

  for (const [depth, length] of [
    [1, 1],
    [1, 2],
    [3, 3],
    [20, 21],
    // Shorter than what it replaces.
    [4, 2],
  ] as const) {
    it(`replaces ${depth} blocks by ${length}`, async () => {
      const chain = new FakeChain(30)
      const kept = chain.open(1n)
      chain.mine(19)
      const lost = chain.open(2n)
      const server = await lab.serve(chain)
      const discovery = lab.search([server])
      await lab.caughtUp(discovery, chain)
      const height = chain.head.number
      chain.drop(depth)
      const shared = chain.head.number
      const again = chain.open(2n, 3n)
      chain.mine(length - 1)
      await until(() => lab.store.state.reorgs.length === 1)
      // A shorter chain is searched when it has grown.
      if (length < depth) chain.mine(depth - length + 1)
      await lab.caughtUp(discovery, chain)
      expect(lab.store.state.reorgs).to.deep.equal([shared + 1])
      expect(lab.store.ids).to.deep.equal([...kept, ...lost, ...again])
      expect(lab.store.state.requests.at(-1)!.block.hash).to.equal(chain.at(shared + 1)!.hash)
      expect(await lab.value('reorgs')).to.equal(1)
      expect(await lab.value('reorgDepth')).to.equal(height - shared)
      for (const [number, hash] of lab.store.state.blocks) expect(chain.at(number)!.hash).to.equal(hash)
    })
  }

  it('goes back as far as 256 blocks', async () => {
    const chain = new FakeChain(260)
    const discovery = lab.search([await lab.serve(chain)])
    await lab.caughtUp(discovery, chain)
    chain.drop(255)
    const shared = chain.head.number
    const ids = chain.open(1n)
    chain.mine(256)
    await lab.caughtUp(discovery, chain)
    expect(lab.store.state.reorgs).to.deep.equal([shared + 1])
    expect(lab.store.ids).to.deep.equal(ids)
    expect(await lab.value('errors', { code: 'DISCOVERY_DEEP_REORG', module: 'discovery' })).to.equal(0)
  })

  it('goes back by a range, and says so loudly, when nothing that is remembered is left', async () => {
    const chain = new FakeChain(300)
    const discovery = lab.search([await lab.serve(chain)], {
      settings: { startBlock: 0, rangeBlocks: 40, pollSeconds: 0.01 },
    })
    await lab.caughtUp(discovery, chain)
    chain.drop(270)
    chain.mine(3)
    const ids = chain.open(1n)
    chain.mine(280)
    await lab.caughtUp(discovery, chain)
    // The oldest one remembered is block 45.
    expect(lab.store.state.reorgs).to.deep.equal([6])
    expect(lab.store.ids).to.deep.equal(ids)
    const line = lab.lines.find(({ level }) => level === 'error')
    expect(line).to.include({ code: 'DISCOVERY_DEEP_REORG' })
    expect(line!.message).to.include('256 blocks')
    expect(await lab.value('errors', { code: 'DISCOVERY_DEEP_REORG', module: 'discovery' })).to.equal(1)
  })

  it('goes back to the first block when a whole chain is another one', async () => {
    const chain = new FakeChain(10)
    const discovery = lab.search([await lab.serve(chain)])
    await lab.caughtUp(discovery, chain)
    chain.drop(11)
    const ids = ['', ...chain.open(7n)].slice(1)
    ids.push(...chain.open(1n))
    chain.mine(30)
    await lab.caughtUp(discovery, chain)
    expect(lab.store.state.reorgs).to.deep.equal([1])
    expect(lab.store.ids).to.include(ids[1])
  })

  it('undoes what was done in the transaction that moves the cursor back, or neither', async () => {
    const chain = new FakeChain(20)
    let kills = 2
    const discovery = lab.search([await lab.serve(chain)], {
      onReorg: async (_, { from }) => {
        lab.store.state.reorgs.push(from)
        if (kills-- > 0) throw new Error('killed')
      },
    })
    await lab.caughtUp(discovery, chain)
    chain.drop(2)
    chain.mine(3)
    await lab.caughtUp(discovery, chain)
    expect(lab.store.state.reorgs).to.deep.equal([19])
  })

  it('finds every request of a chain that is rewritten again and again', async () => {
    const chain = new FakeChain(10)
    const server = await lab.serve(chain)
    const discovery = lab.search([server])
    for (let round = 1; round <= 12; round++) {
      chain.open(BigInt(round))
      if (round % 2 === 0) await lab.caughtUp(discovery, chain)
      const depth = 1 + ((round * 7) % 5)
      chain.drop(depth)
      chain.open(BigInt(round), BigInt(100 + round))
      chain.mine(depth)
    }
    await lab.caughtUp(discovery, chain)
    const found = new Map(lab.store.state.requests.map((opened) => [opened.requestId, opened.block]))
    for (let number = 0; number <= chain.head.number; number++) {
      for (const { topics } of chain.at(number)!.logs)
        expect(found.get(topics[1]!)).to.deep.equal({ number, hash: chain.at(number)!.hash })
    }
  })
})
