// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { Queryable } from '../../../prover/service/store/database'
import { FakeChain, fakeOpening } from '../../support/fake-chain'
import { until } from '../../support/rpc-server'
import { createLab, type Lab } from './support'

describe('discovery', () => {
  let lab: Lab

  beforeEach(() => {
    lab = createLab()
  })
  afterEach(() => lab.close())

  it('finds what is there and what comes, in order and once', async () => {
    const chain = new FakeChain(10)
    const ids = [...chain.open(1n, 2n), ...chain.open(3n)]
    chain.mine(5)
    const discovery = lab.search([await lab.serve(chain)])
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
    ids.push(...chain.open(4n))
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
    expect(lab.store.state.requests[0]).to.deep.include({
      input: '0x1234',
      block: { number: 11, hash: chain.at(11)!.hash },
    })
    expect(lab.store.state.reorgs).to.deep.equal([])
    expect(discovery.status()).to.deep.equal({
      chainId: 31337,
      running: true,
      head: { number: chain.head.number, timestamp: chain.head.timestamp },
      cursor: chain.head.number,
      behind: 0,
      error: null,
    })
    expect(await lab.value('chainHead')).to.equal(chain.head.number)
    expect(await lab.value('chainCursor')).to.equal(chain.head.number)
    expect(await lab.value('chainHeadAge')).to.be.above(1e6)
  })

  it('searches a long chain in ranges, and near its head block by block', async () => {
    const chain = new FakeChain(99)
    const ids = chain.open(1n)
    chain.mine(1500)
    ids.push(...chain.open(2n))
    chain.mine(700)
    ids.push(...chain.open(3n))
    const server = await lab.serve(chain)
    const discovery = lab.search([server], { settings: { rangeBlocks: 400, pollSeconds: 0.01 } })
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
    const ranges = server.calls
      .filter(({ method }) => method === 'eth_getLogs')
      .map(({ params }) => params[0] as { fromBlock: string; toBlock: string })
      .map(({ fromBlock, toBlock }) => [Number(fromBlock), Number(toBlock)] as const)
    expect(ranges[0]).to.deep.equal([0, 399])
    ranges.slice(1).forEach(([from], i) => expect(from).to.equal(ranges[i]![1] + 1))
    for (const [from, to] of ranges) expect(to - from).to.be.below(to > chain.head.number - 512 ? 64 : 400)
    expect(ranges.at(-1)![1]).to.equal(chain.head.number)
    // Far blocks are not read one by one.
    expect(server.count('eth_getBlockByNumber')).to.be.below(512 + 3 * ranges.length + 10)
    expect(lab.store.state.blocks.size).to.equal(256)
  })

  it('begins at the head, and says so, when it is not told where', async () => {
    const chain = new FakeChain(50)
    chain.open(1n)
    const ids = chain.open(2n)
    const settings = { rangeBlocks: 10, pollSeconds: 0.01, startBlock: undefined } as never
    const discovery = lab.search([await lab.serve(chain)], { settings })
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
    expect(lab.lines.find(({ level }) => level === 'info')).to.deep.include({ block: chain.head.number })
    ids.push(...chain.open(3n))
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('waits for a start block that is yet to come', async () => {
    const chain = new FakeChain(5)
    chain.open(1n)
    const discovery = lab.search([await lab.serve(chain)], {
      settings: { startBlock: 8, rangeBlocks: 9, pollSeconds: 0.01 },
    })
    await until(() => discovery.status().head !== null)
    chain.mine(1)
    const ids = chain.open(2n)
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('goes on where another process stopped', async () => {
    const chain = new FakeChain(20)
    const ids = chain.open(1n)
    const server = await lab.serve(chain)
    const first = lab.search([server])
    await lab.caughtUp(first, chain)
    await first.stop()
    expect(first.status().running).to.equal(false)
    ids.push(...chain.open(2n))
    const asked = server.calls.length
    await lab.caughtUp(lab.search([server], { settings: { startBlock: 3, rangeBlocks: 9, pollSeconds: 0.01 } }), chain)
    expect(lab.store.ids).to.deep.equal(ids)
    const logs = server.calls.slice(asked).filter(({ method }) => method === 'eth_getLogs')
    expect(logs.map(({ params }) => Number((params[0] as { fromBlock: string }).fromBlock))).to.deep.equal([22])
  })

  it('neither loses nor doubles a request when it is killed in the middle of a transaction', async () => {
    const chain = new FakeChain(3)
    const ids = chain.open(1n, 2n, 3n)
    const server = await lab.serve(chain)
    let kills = 3
    const onRequest = async (_: Queryable, opened: (typeof lab.store.state.requests)[number]): Promise<void> => {
      if (opened.requestId === ids[1] && kills-- > 0) throw new Error('killed')
      lab.store.state.requests.push(opened)
    }
    lab.store.beforeCommit = () => {
      if (kills === -1) lab.store.beforeCommit = () => undefined
      throw new Error('killed at the commit')
    }
    const discovery = lab.search([server], { onRequest })
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
    expect(await lab.value('errors', { code: 'UNEXPECTED', module: 'discovery' })).to.equal(4)
    expect(lab.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).to.deep.equal([
      ...Array(3).fill('killed'),
      'killed at the commit',
    ])
  })

  it('keeps its distance from the head when it is told to', async () => {
    const chain = new FakeChain(10)
    const ids = chain.open(1n)
    const server = await lab.serve(chain)
    const discovery = lab.search([server], {
      settings: { startBlock: 0, confirmations: 3, rangeBlocks: 9, pollSeconds: 0.01 },
    })
    await until(() => discovery.status().cursor === 8 && discovery.status().behind === 0)
    expect(lab.store.ids).to.deep.equal([])
    chain.mine(3)
    await until(() => discovery.status().cursor === 11)
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('looks as soon as a head is announced', async () => {
    const chain = new FakeChain(3)
    const provider = lab.provider([await lab.serve(chain)])
    let announce: (block: number) => void = () => undefined
    let listening = false
    const announced = {
      ask: provider.ask.bind(provider),
      onHead: (callback: (block: number) => void) => {
        ;[announce, listening] = [callback, true]
        return () => (listening = false)
      },
    }
    const discovery = lab.search(
      [],
      { provider: announced as never, settings: { startBlock: 0, rangeBlocks: 9, pollSeconds: 600 } },
      { urls: ['http://127.0.0.1:1/'] },
    )
    await lab.caughtUp(discovery, chain)
    const ids = chain.open(1n)
    announce(4)
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
    await discovery.stop()
    expect(listening).to.equal(false)
  })

  it('shares a chain with another process', async () => {
    const chain = new FakeChain(40)
    const ids = Array.from({ length: 10 }, (_, i) => chain.open(BigInt(i))[0]!)
    const server = await lab.serve(chain)
    const settings = { startBlock: 0, rangeBlocks: 7, pollSeconds: 0.002, retrySeconds: 0.002 }
    const searches = [lab.search([server], { settings }), lab.search([server], { settings })]
    for (let i = 10; i < 20; i++) {
      ids.push(chain.open(BigInt(i))[0]!)
      await Promise.all(searches.map((search) => lab.caughtUp(search, chain)))
    }
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('skips what is no request, and counts it', async () => {
    const chain = new FakeChain(3)
    const { log } = fakeOpening(1n)
    chain.mine(1, [
      { ...log, data: log.data.slice(0, 500) },
      { ...log, topics: [log.topics[0]!, ...fakeOpening(2n).log.topics.slice(1)] },
    ])
    const ids = chain.open(3n)
    await lab.caughtUp(lab.search([await lab.serve(chain)]), chain)
    expect(lab.store.ids).to.deep.equal(ids)
    expect(lab.lines.find(({ malformed }) => malformed !== undefined)).to.include({ level: 'warn', malformed: 2 })
  })

  it('serves several coordinators', async () => {
    const other = '0xde709f2102306220921060314715629080e2fb77'
    const chain = new FakeChain(3)
    const [own, foreign] = [fakeOpening(1n), fakeOpening(1n, other)]
    chain.mine(1, [foreign.log, own.log])
    const coordinators = [own.log.address, other]
    await lab.caughtUp(lab.search([await lab.serve(chain)], { coordinators }), chain)
    expect(lab.store.ids).to.deep.equal([foreign.id, own.id])
    expect(lab.store.state.requests.map(({ coordinator }) => coordinator.toLowerCase())).to.deep.equal([
      other,
      own.log.address,
    ])
  })

  it('is stopped while an endpoint keeps it waiting', async () => {
    const server = await lab.serve(() => 'hang')
    const discovery = lab.search([server])
    await until(() => server.calls.length > 0)
    await discovery.stop()
    expect(discovery.status()).to.deep.include({ running: false, head: null, cursor: null, behind: null })
  })
})
