// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { id, ZeroHash } from 'ethers'
import { FakeChain, fakeOpening } from '../../support/fake-chain'
import { until, type RpcCall, type RpcReply } from '../../support/rpc-server'
import { createLab, type Lab } from './support'

const settings = { startBlock: 0, rangeBlocks: 1000, pollSeconds: 0.01 }

type GivenLog = { readonly blockHash: string; readonly blockNumber: string }
const logsOf = (reply: RpcReply) => (reply as { result: GivenLog[] }).result

describe('discovery over endpoints at fault', () => {
  let lab: Lab
  let chain: FakeChain

  beforeEach(() => {
    lab = createLab()
    chain = new FakeChain(20)
  })
  afterEach(() => lab.close())

  /** An endpoint of the chain that changes what it says. */
  const bent =
    (bend: (call: RpcCall, honest: RpcReply) => RpcReply | undefined) =>
    (call: RpcCall): RpcReply => {
      const honest = chain.answer(call)
      return bend(call, honest) ?? honest
    }

  for (const [what, error] of [
    ['more results than they return', { code: -32005, message: 'query returned more than 10000 results' }],
    ['more blocks than they search', { code: -32600, message: 'eth_getLogs is limited to a 4 range' }],
  ] as const) {
    it(`asks for fewer blocks where endpoints refuse ${what}`, async () => {
      const sizes: number[] = []
      const server = await lab.serve(
        bent(({ method, params }) => {
          if (method !== 'eth_getLogs') return undefined
          const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string }
          sizes.push(Number(toBlock) - Number(fromBlock) + 1)
          return sizes.at(-1)! > 4 ? { error } : undefined
        }),
      )
      const ids = Array.from({ length: 9 }, (_, i) => chain.open(BigInt(i))[0]!)
      await lab.caughtUp(lab.search([server], { settings }), chain)
      expect(lab.store.ids).to.deep.equal(ids)
      expect(sizes.slice(0, 4)).to.deep.equal([30, 15, 7, 3])
      expect(await lab.value('errors')).to.equal(0)
    })
  }

  it('asks for fewer blocks when an answer is too long', async () => {
    const ids = Array.from({ length: 8 }, (_, i) => chain.open(BigInt(i))[0]!)
    const server = await lab.serve(chain)
    await lab.caughtUp(lab.search([server], { settings }, { maxBytes: 4000 }), chain)
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('goes on when a chain is back, however long it was away', async () => {
    const ids = chain.open(1n)
    let down = true
    const server = await lab.serve((call) => (down ? { status: 502, raw: 'bad gateway' } : chain.answer(call)))
    const discovery = lab.search([server])
    await until(() => discovery.status().error !== null && server.calls.length > 4)
    expect(discovery.status().error).to.deep.include({ code: 'RPC_UNAVAILABLE' })
    expect(await lab.value('errors', { code: 'RPC_UNAVAILABLE', module: 'discovery' })).to.be.above(1)
    down = false
    await lab.caughtUp(discovery, chain)
    expect(discovery.status().error).to.equal(null)
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('does not hold up another chain', async () => {
    const dead = await lab.serve(() => 'hang')
    lab.search([dead])
    const ids = chain.open(1n)
    await lab.caughtUp(lab.search([await lab.serve(chain)]), chain)
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('finds logs that an endpoint leaves out, at another one', async () => {
    const silent = await lab.serve(bent(({ method }) => (method === 'eth_getLogs' ? { result: [] } : undefined)))
    const honest = await lab.serve(chain)
    const ids = chain.open(1n)
    const discovery = lab.search([silent, honest])
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
    expect(await lab.value('errors', { code: 'DISCOVERY_LOGS_DROPPED', module: 'discovery' })).to.equal(1)
    expect(lab.lines.find(({ code }) => code === 'DISCOVERY_LOGS_DROPPED')!.message).to.include(silent.name)
    // From now on the other one is asked first.
    const asked = silent.count('eth_getLogs')
    ids.push(...chain.open(2n))
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
    expect(silent.count('eth_getLogs')).to.equal(asked)
  })

  it('finds logs that every endpoint leaves out, by block hash or in the receipts', async () => {
    const withHash = ({ params }: RpcCall): boolean => 'blockHash' in (params[0] as object)
    for (const bend of [
      (call: RpcCall) => (call.method === 'eth_getLogs' && !withHash(call) ? { result: [] } : undefined),
      (call: RpcCall) => (call.method === 'eth_getLogs' ? { result: [] } : undefined),
      (call: RpcCall): RpcReply | undefined => {
        if (call.method === 'eth_getBlockReceipts') return { error: { code: -32601, message: 'no such method' } }
        return call.method === 'eth_getLogs' ? { result: [] } : undefined
      },
    ]) {
      const nonce = BigInt(chain.head.number)
      const expected = [...lab.store.ids, ...chain.open(nonce, nonce + 1000n)]
      const discovery = lab.search([await lab.serve(bent(bend))])
      await lab.caughtUp(discovery, chain)
      expect(lab.store.ids).to.deep.equal(expected)
      await discovery.stop()
    }
  })

  it('gives a block up only when its receipts say that there is nothing', async () => {
    // Somebody else's logs can fill a bloom filter with the same bits.
    const stranger = { ...fakeOpening(1n).log, address: `0x${'11'.repeat(20)}` }
    chain.mine(1, [stranger], `0x${'ff'.repeat(256)}`)
    let receipts: RpcReply | undefined = { result: null }
    const server = await lab.serve(
      bent(({ method }) => (method.endsWith('Receipts') || method.endsWith('Receipt') ? receipts : undefined)),
    )
    const discovery = lab.search([server])
    await until(() => server.count('eth_getBlockReceipts') > 2)
    expect(discovery.status().cursor).to.equal(-1)
    expect(discovery.status().error).to.deep.include({ code: 'DISCOVERY_SPLIT_VIEW' })
    receipts = undefined
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal([])
    expect(server.count('eth_getLogs')).to.be.above(1)
    expect(await lab.value('errors', { code: 'DISCOVERY_LOGS_DROPPED', module: 'discovery' })).to.equal(0)
  })

  it('does not believe receipts of which some are missing', async () => {
    const ids = chain.open(1n, 2n)
    let whole = false
    const server = await lab.serve(
      bent(({ method }, honest) => {
        if (method === 'eth_getLogs') return { result: [] }
        if (method === 'eth_getBlockReceipts') return { result: logsOf(honest).slice(1) }
        return method === 'eth_getTransactionReceipt' && !whole ? { result: null } : undefined
      }),
    )
    const discovery = lab.search([server])
    await until(() => server.count('eth_getBlockReceipts') > 2)
    expect(lab.store.ids).to.deep.equal([])
    whole = true
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('takes logs that come twice once', async () => {
    const ids = chain.open(1n, 2n)
    const twice = bent(({ method }, honest) =>
      method === 'eth_getLogs' ? { result: [...logsOf(honest), ...logsOf(honest)].reverse() } : undefined,
    )
    await lab.caughtUp(lab.search([await lab.serve(twice)]), chain)
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('searches chains whose blocks have no bloom filter', async () => {
    const ids = chain.open(1n)
    for (const logsBloom of [undefined, null, `0x${'00'.repeat(256)}`]) {
      const server = await lab.serve(
        bent(({ method }, honest) =>
          method === 'eth_getBlockByNumber'
            ? { result: { ...(honest as { result: object }).result, logsBloom } }
            : undefined,
        ),
      )
      const discovery = lab.search([server])
      await lab.caughtUp(discovery, chain)
      expect(lab.store.ids).to.deep.equal(ids)
      await discovery.stop()
      lab.store.state = { blocks: new Map(), requests: [], reorgs: [] }
    }
  })

  for (const [what, bend] of [
    ['of another block than the header', (log: GivenLog) => ({ ...log, blockHash: id('other') })],
    ['out of the range', (log: GivenLog) => ({ ...log, blockNumber: '0x7fff' })],
    ['of another contract', (log: GivenLog) => ({ ...log, address: `0x${'11'.repeat(20)}` })],
    ['of another event', (log: GivenLog) => ({ ...log, topics: [ZeroHash] })],
    ['that were removed', (log: GivenLog) => ({ ...log, removed: true })],
    ['without a block', (log: GivenLog) => ({ ...log, blockHash: null })],
    ['that are none', () => 7],
  ] as const) {
    it(`refuses logs ${what}, and asks another endpoint`, async () => {
      const liar = await lab.serve(
        bent(({ method }, honest) =>
          method === 'eth_getLogs' ? { result: logsOf(honest).map((log): unknown => bend(log)) } : undefined,
        ),
      )
      const ids = chain.open(1n)
      await lab.caughtUp(lab.search([liar, await lab.serve(chain)]), chain)
      expect(lab.store.ids).to.deep.equal(ids)
      expect(await lab.value('errors', { code: 'DISCOVERY_SPLIT_VIEW', module: 'discovery' })).to.equal(1)
    })
  }

  for (const [what, result] of [
    ['null', null],
    ['a number', 7],
    ['an empty object', {}],
    ['half a block', { number: '0x5', hash: '0x12' }],
  ] as const) {
    it(`refuses ${what} for a block, and asks another endpoint`, async () => {
      const liar = await lab.serve(bent(({ method }) => (method === 'eth_getBlockByNumber' ? { result } : undefined)))
      const ids = chain.open(1n)
      await lab.caughtUp(lab.search([liar, await lab.serve(chain)]), chain)
      expect(lab.store.ids).to.deep.equal(ids)
    })
  }

  it('is not led astray by an endpoint that falls behind', async () => {
    const behind = chain.copy()
    const ids = chain.open(1n)
    chain.mine(3)
    // Says the newest head, and has nothing of it.
    const stale = await lab.serve((call) =>
      call.method === 'eth_getBlockByNumber' && call.params[0] === 'latest' ? chain.answer(call) : behind.answer(call),
    )
    const discovery = lab.search([stale, await lab.serve(chain)])
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
    expect(lab.store.state.reorgs).to.deep.equal([])
  })

  it('does nothing when the head goes back on the same chain', async () => {
    const server = await lab.serve(chain)
    const discovery = lab.search([server])
    const short = chain.copy()
    chain.mine(5)
    await lab.caughtUp(discovery, chain)
    server.answer = (call) => short.answer(call)
    await until(() => discovery.status().head!.number === short.head.number)
    const asked = server.calls.length
    await until(() => server.calls.length > asked + 4)
    expect(lab.store.state.reorgs).to.deep.equal([])
    expect(discovery.status()).to.deep.include({ cursor: chain.head.number, behind: 0, error: null })
  })

  it('does not go back for one endpoint on a chain of its own', async () => {
    const fork = chain.copy()
    fork.drop(5)
    fork.mine(6)
    let split = false
    // One whose newest block is of the fork, while all others are of the chain.
    const server = await lab.serve((call) =>
      split && call.method === 'eth_getBlockByNumber' && Number(call.params[0]) === 21
        ? fork.answer(call)
        : chain.answer(call),
    )
    const discovery = lab.search([server])
    await lab.caughtUp(discovery, chain)
    split = true
    const ids = [...chain.open(1n), ...chain.open(2n)]
    await until(() => discovery.status().error?.code === 'DISCOVERY_SPLIT_VIEW')
    expect(lab.store.state.reorgs).to.deep.equal([])
    split = false
    await lab.caughtUp(discovery, chain)
    expect(lab.store.ids).to.deep.equal(ids)
  })

  it('says when all of a chain is gone, and does not begin again by itself', async () => {
    const discovery = lab.search([await lab.serve((call) => (gone ? reset : chain).answer(call))], {
      settings: { ...settings, startBlock: 15 },
    })
    const reset = new FakeChain(3)
    let gone = false
    await lab.caughtUp(discovery, chain)
    gone = true
    await until(() => discovery.status().error?.code === 'DISCOVERY_CHAIN_SHRUNK')
    expect(discovery.status().error!.message).to.include('is 3, below block 15')
    expect(lab.store.state.reorgs).to.deep.equal([])
  })
})
