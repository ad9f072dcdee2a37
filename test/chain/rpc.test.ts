// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { RpcHealthReport, RpcRequestReport } from '../../prover/chain'
import {
  RpcCancelledError,
  RpcProvider,
  RpcRefusedError,
  RpcTooLargeError,
  RpcUnavailableError,
  RpcUrlError,
  RpcWrongChainError,
  type RpcOptions,
} from '../../prover/chain'
import { rejection, thrown } from '../support/rejection'
import { startRpcServer, until, type RpcCall, type RpcReply, type RpcServer } from '../support/rpc-server'

const CHAIN = '0x7a69'

/** An endpoint that is well. */
const well =
  (head = 100) =>
  ({ method }: RpcCall): RpcReply => {
    if (method === 'eth_chainId') return { result: CHAIN }
    if (method === 'eth_blockNumber') return { result: `0x${head.toString(16)}` }
    return { result: '0x01' }
  }

/** Well for the chain id, and otherwise as told. */
const but =
  (reply: RpcReply) =>
  (call: RpcCall): RpcReply =>
    call.method === 'eth_chainId' ? { result: CHAIN } : reply

describe('RpcProvider', () => {
  const servers: RpcServer[] = []
  const providers: RpcProvider[] = []
  const requests: RpcRequestReport[] = []
  const healths: RpcHealthReport[] = []

  const serve = async (answer: RpcServer['answer'] = well()): Promise<RpcServer> => {
    const server = await startRpcServer(answer)
    servers.push(server)
    return server
  }
  const connect = (urls: readonly string[], options: Partial<RpcOptions> = {}): RpcProvider => {
    const provider = new RpcProvider({
      chainId: 31337,
      urls,
      timeoutSeconds: 2,
      retrySeconds: 0.005,
      onRequest: (report) => requests.push(report),
      onHealth: (report) => healths.push(report),
      ...options,
    })
    providers.push(provider)
    return provider
  }

  afterEach(async () => {
    for (const provider of providers.splice(0)) provider.destroy()
    await Promise.all(servers.splice(0).map((server) => server.close()))
    requests.length = healths.length = 0
  })

  it('is an ethers provider of a chain known beforehand', async () => {
    const server = await serve(well(0x123))
    const provider = connect([server.url])
    expect((await provider.getNetwork()).chainId).to.equal(31337n)
    expect(server.calls).to.deep.equal([])
    expect(await provider.getBlockNumber()).to.equal(0x123)
    expect(server.calls.map(({ method }) => method)).to.deep.equal(['eth_chainId', 'eth_blockNumber'])
    await provider.getBlockNumber()
    expect(server.count('eth_chainId')).to.equal(1)
    expect(server.count('eth_blockNumber')).to.equal(2)
    expect(requests.map(({ endpoint, outcome }) => [endpoint, outcome])).to.deep.equal(
      Array(3).fill([server.name, 'ok']),
    )
  })

  for (const [what, reply, outcome] of [
    ['answers 500', { status: 500, raw: 'oops' }, 'failed'],
    ['answers 403', { status: 403, raw: 'no key' }, 'failed'],
    ['answers 429', { status: 429, raw: '' }, 'busy'],
    ['is over its limit', { error: { code: -32005, message: 'daily request count exceeded' } }, 'busy'],
    ['answers HTML', { raw: '<html>' }, 'invalid'],
    ['answers JSON that is no answer', { raw: '{"id":1}' }, 'invalid'],
    ['answers null', { raw: 'null' }, 'invalid'],
    ['answers another question', { raw: '{"jsonrpc":"2.0","id":99999,"result":"0x1"}' }, 'invalid'],
    ['redirects', { status: 307, raw: '', headers: { location: 'http://127.0.0.1:1/' } }, 'failed'],
    ['breaks the connection', 'drop', 'failed'],
  ] as const) {
    it(`asks the next endpoint when one ${what}, and lets that one rest`, async () => {
      const [bad, good] = [await serve(but(reply as RpcReply)), await serve()]
      const provider = connect([bad.url, good.url])
      expect(await provider.send('eth_gasPrice', [])).to.equal('0x01')
      expect(requests.filter((one) => one.method === 'eth_gasPrice').map((one) => one.outcome)).to.deep.equal([
        outcome,
        'ok',
      ])
      await provider.send('eth_gasPrice', [])
      expect(bad.count('eth_gasPrice')).to.equal(1)
      expect(good.count('eth_gasPrice')).to.equal(2)
      expect(healths.filter(({ healthy }) => !healthy).map(({ endpoint }) => endpoint)).to.deep.equal([bad.name])
      expect(provider.healthyEndpoints).to.deep.equal([good.name])
    })
  }

  it('asks the next endpoint when one does not answer in time', async () => {
    const [slow, good] = [await serve(but('hang')), await serve()]
    const provider = connect([slow.url, good.url], { timeoutSeconds: 0.1 })
    expect(await provider.send('eth_gasPrice', [])).to.equal('0x01')
    expect(requests.find((one) => one.endpoint === slow.name && one.method === 'eth_gasPrice')?.outcome).to.equal(
      'timeout',
    )
  })

  it('asks again after a while, and uses an endpoint again that has recovered', async () => {
    let failures = 2
    const server = await serve((call) =>
      call.method === 'eth_chainId' || failures-- <= 0 ? well()(call) : { status: 503, raw: '' },
    )
    const provider = connect([server.url])
    expect(await provider.send('eth_gasPrice', [])).to.equal('0x01')
    expect(healths.map(({ healthy }) => healthy)).to.deep.equal([false, true])
    // It could be another node by now, so it says its chain again.
    expect(server.count('eth_chainId')).to.be.above(1)
  })

  it('gives up in the end, and says why of each endpoint without its secrets', async () => {
    const [one, two] = [await serve(but({ status: 500, raw: '' })), await serve(but('drop'))]
    const url = (server: RpcServer) => `${server.url.replace('//', '//user:pass@')}v3/SECRETKEY?key=SECRETKEY`
    const provider = connect([url(one), url(two)], { retries: 1 })
    const error = await rejection(provider.send('eth_gasPrice', []))
    expect(error).to.be.instanceOf(RpcUnavailableError)
    expect(error.message).to.include(`${one.name}: HTTP 500`).and.to.include(two.name)
    expect(one.count('eth_gasPrice')).to.equal(2)
    const shown = [error, error.stack, String(error.cause), ...requests, ...healths, provider]
    expect(JSON.stringify(shown)).to.not.match(/SECRETKEY|pass/)
    expect(one.requests[0]!.headers.authorization).to.equal(`Basic ${Buffer.from('user:pass').toString('base64')}`)
    expect(one.requests[0]!.url).to.equal('/v3/SECRETKEY?key=SECRETKEY')
  })

  it('takes an error of the chain for the answer', async () => {
    for (const [method, error] of [
      ['eth_call', { code: 3, message: 'execution reverted', data: '0x12345678' }],
      ['eth_call', { code: -32603, message: 'Error: VM Exception: reverted with an unrecognized custom error' }],
      ['eth_sendRawTransaction', { code: -32000, message: 'nonce too low' }],
      ['eth_sendRawTransaction', { code: -32000, message: 'already known' }],
      ['eth_sendRawTransaction', { code: -32000, message: 'replacement transaction underpriced' }],
      ['eth_getLogs', { code: -32005, message: 'query returned more than 10000 results' }],
      ['eth_getLogs', { code: -32602, message: 'Log response size exceeded. Consider reducing your block range' }],
      ['eth_gasPrice', { code: -32602, message: 'invalid params' }],
    ] as const) {
      const [first, second] = [await serve(but({ error })), await serve()]
      const refused = (await rejection(connect([first.url, second.url]).ask(method, []))) as RpcRefusedError
      expect(refused).to.be.instanceOf(RpcRefusedError)
      expect(refused.rpc).to.deep.equal(error)
      expect(refused.endpoint).to.equal(first.name)
      expect(second.count(method), error.message).to.equal(0)
    }
  })

  it('asks elsewhere for what a node does not have, and says so if none has it', async () => {
    for (const [method, error] of [
      ['eth_call', { code: -32000, message: 'header not found' }],
      ['eth_call', { code: -32000, message: 'missing trie node abc (path )' }],
      ['eth_getLogs', { code: -32602, message: 'block range extends beyond current head block' }],
      ['eth_getBlockReceipts', { code: -32601, message: 'the method eth_getBlockReceipts does not exist' }],
      ['eth_gasPrice', { code: -32603, message: 'Internal error' }],
    ] as const) {
      const [first, second] = [await serve(but({ error })), await serve()]
      const provider = connect([first.url, second.url])
      expect((await provider.ask(method, [])).endpoint, error.message).to.equal(second.name)
      expect(provider.healthyEndpoints).to.deep.equal([first.name, second.name])
      second.answer = but({ error })
      expect(await rejection(provider.ask(method, []))).to.be.instanceOf(RpcRefusedError)
    }
  })

  it('leaves reverts to ethers', async () => {
    const server = await serve(but({ error: { code: 3, message: 'execution reverted', data: '0x12345678' } }))
    const error = await rejection(connect([server.url]).call({ to: `0x${'11'.repeat(20)}`, data: '0x' }))
    expect(error).to.include({ code: 'CALL_EXCEPTION', data: '0x12345678' })
  })

  it('never uses an endpoint of another chain', async () => {
    const other = await serve((call) => (call.method === 'eth_chainId' ? { result: '0x1' } : { result: '0xbad' }))
    const good = await serve()
    expect(await connect([other.url, good.url]).send('eth_gasPrice', [])).to.equal('0x01')
    const error = await rejection(connect([other.url]).send('eth_gasPrice', []))
    expect(error).to.be.instanceOf(RpcWrongChainError)
    expect(error.message).to.include(other.name).and.to.include('of chain 0x1').and.to.include('31337')
    expect(other.count('eth_gasPrice')).to.equal(0)
  })

  it('avoids an endpoint whose head is far behind, until it has caught up', async () => {
    const [stale, good] = [await serve(well(100)), await serve(well(200))]
    const provider = connect([stale.url, good.url], { maxLag: 10, probeSeconds: 0 })
    await provider.send('eth_gasPrice', [])
    await until(() => provider.healthyEndpoints.length === 1)
    expect((await provider.ask('eth_gasPrice', [])).endpoint).to.equal(good.name)
    expect(healths.at(-1)).to.deep.include({ endpoint: stale.name, healthy: false })
    stale.answer = well(195)
    await until(async () => (await provider.ask('eth_gasPrice', [])).endpoint === stale.name)
    expect(healths.at(-1)).to.deep.include({ endpoint: stale.name, healthy: true })
  })

  it('uses an avoided endpoint when there is no other', async () => {
    const [one, two] = [await serve(), await serve()]
    const provider = connect([one.url, two.url])
    expect((await provider.ask('eth_gasPrice', [], { avoid: new Set([one.name]) })).endpoint).to.equal(two.name)
    await two.close()
    expect((await provider.ask('eth_gasPrice', [], { avoid: new Set([one.name]) })).endpoint).to.equal(one.name)
  })

  it('refuses an answer beyond its limit, and does not blame the endpoint', async () => {
    const server = await serve(but({ result: 'x'.repeat(5000) }))
    const provider = connect([server.url], { maxBytes: 4096 })
    expect(await rejection(provider.ask('eth_getLogs', []))).to.be.instanceOf(RpcTooLargeError)
    expect(provider.healthyEndpoints).to.deep.equal([server.name])
  })

  it('bounds how much it asks at once', async () => {
    let [now, most] = [0, 0]
    const server = await serve(async (call) => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 5))
      now--
      return well()(call)
    })
    const provider = connect([server.url], { concurrency: 3 })
    await Promise.all(Array.from({ length: 20 }, () => provider.send('eth_gasPrice', [])))
    expect(most).to.equal(3)
    expect(server.count('eth_chainId')).to.equal(1)
  })

  it('cancels what is on its way when asked to, or when closed', async () => {
    const server = await serve(but('hang'))
    const provider = connect([server.url], { concurrency: 2 })
    const controller = new AbortController()
    const asked = rejection(provider.ask('eth_gasPrice', [], { signal: controller.signal }))
    const others = [rejection(provider.ask('eth_gasPrice', [])), rejection(provider.ask('eth_gasPrice', []))]
    await until(() => server.count('eth_gasPrice') === 2)
    controller.abort()
    expect(await asked).to.be.instanceOf(RpcCancelledError)
    expect(provider.healthyEndpoints).to.deep.equal([server.name])
    provider.destroy()
    for (const other of await Promise.all(others)) expect(other).to.be.instanceOf(RpcCancelledError)
    expect(await rejection(provider.ask('eth_gasPrice', []))).to.be.instanceOf(RpcCancelledError)
  })

  it('cancels what waits for an endpoint to tell its chain', async () => {
    const server = await serve(() => 'hang')
    const controller = new AbortController()
    const asked = rejection(connect([server.url]).ask('eth_gasPrice', [], { signal: controller.signal }))
    await until(() => server.calls.length > 0)
    controller.abort()
    expect(await asked).to.be.instanceOf(RpcCancelledError)
  })

  it('refuses URLs that are none, without showing them', () => {
    for (const urls of [
      [],
      ['ws://127.0.0.1/'],
      ['file:///SECRET'],
      ['SECRET'],
      ['http://127.0.0.1/', 'wss:SECRET:x'],
    ]) {
      const error = thrown(() => connect(urls))
      expect(error).to.be.instanceOf(RpcUrlError)
      expect(error.message).to.not.include('SECRET')
    }
  })

  it('tells two endpoints of one host apart', async () => {
    const server = await serve(but({ status: 500, raw: '' }))
    const provider = connect([`${server.url}one`, `${server.url}two`], { retries: 0 })
    const error = await rejection(provider.send('eth_gasPrice', []))
    expect(error.message).to.include(`${server.name}:`).and.to.include(`${server.name}#2:`)
  })
})
