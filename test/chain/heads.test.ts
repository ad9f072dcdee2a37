// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { RpcProvider, type RpcHealthReport, type RpcOptions } from '../../prover/chain'
import { startRpcServer, until, type RpcServer } from '../support/rpc-server'

type Announcer = {
  readonly url: string
  readonly sockets: WebSocket[]
  announce(block: number): void
  close(): Promise<void>
}

/** A websocket endpoint that announces heads when told to. */
async function startAnnouncer(chainId = 31337, subscribes = true): Promise<Announcer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const sockets: WebSocket[] = []
  const live = new Set<WebSocket>()
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('message', (data: Buffer) => {
      const { id, method } = JSON.parse(data.toString()) as { id: number; method: string }
      const reply = (rest: object) => socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...rest }))
      if (method === 'eth_chainId') return reply({ result: `0x${chainId.toString(16)}` })
      if (!subscribes) return reply({ error: { code: -32601, message: 'no' } })
      live.add(socket)
      reply({ result: '0xabc' })
    })
    socket.on('close', () => live.delete(socket))
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}/SECRETKEY`,
    sockets,
    announce(block) {
      const params = { subscription: '0xabc', result: { number: `0x${block.toString(16)}` } }
      for (const socket of live) socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params }))
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.terminate()
        server.close(() => resolve())
      }),
  }
}

describe('new heads', () => {
  let head = 100
  let http: RpcServer
  let announcers: Announcer[]
  let providers: RpcProvider[]
  let healths: RpcHealthReport[]

  const connect = (sockets: readonly Announcer[], options: Partial<RpcOptions> = {}): RpcProvider => {
    const provider = new RpcProvider({
      chainId: 31337,
      urls: [http.url, ...sockets.map(({ url }) => url)],
      pollSeconds: 0.01,
      onHealth: (report) => report.endpoint.startsWith('ws:') && healths.push(report),
      ...options,
    })
    providers.push(provider)
    return provider
  }
  const announcer = async (...args: Parameters<typeof startAnnouncer>): Promise<Announcer> => {
    const one = await startAnnouncer(...args)
    announcers.push(one)
    return one
  }

  beforeEach(async () => {
    ;[head, announcers, providers, healths] = [100, [], [], []]
    http = await startRpcServer(({ method }) =>
      method === 'eth_chainId' ? { result: '0x7a69' } : { result: `0x${head.toString(16)}` },
    )
  })

  afterEach(async () => {
    for (const provider of providers) provider.destroy()
    await Promise.all([http, ...announcers].map((server) => server.close()))
  })

  it('are polled for, and told once', async () => {
    const seen: number[] = []
    const stop = connect([]).onHead((block) => seen.push(block))
    await until(() => seen.length === 1)
    head = 105
    await until(() => seen.length === 2)
    expect(seen).to.deep.equal([100, 105])
    stop()
    const asked = http.calls.length
    head = 106
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(http.calls.length).to.be.at.most(asked + 1)
    expect(seen).to.deep.equal([100, 105])
  })

  it('are found again after the endpoint was away', async () => {
    const seen: number[] = []
    const answer = http.answer
    connect([], { retries: 0 }).onHead((block) => seen.push(block))
    await until(() => seen.length === 1)
    http.answer = () => 'drop'
    head = 101
    await new Promise((resolve) => setTimeout(resolve, 50))
    http.answer = answer
    await until(() => seen.length === 2)
    expect(seen).to.deep.equal([100, 101])
  })

  it('are announced by websocket, and not polled for meanwhile', async () => {
    const socket = await announcer()
    const seen: number[] = []
    const provider = connect([socket])
    provider.onHead((block) => seen.push(block), { poll: false })
    await until(() => healths.some(({ healthy }) => healthy))
    socket.announce(7)
    await until(() => seen.length === 1)
    expect(seen).to.deep.equal([7])
    expect(http.calls).to.deep.equal([])
    const polled: number[] = []
    provider.onHead((block) => polled.push(block))
    socket.announce(8)
    await until(() => polled.length === 1)
    expect(http.calls).to.deep.equal([])
  })

  it('are polled for while the websocket is away, which is connected again', async () => {
    const socket = await announcer()
    const seen: number[] = []
    connect([socket]).onHead((block) => seen.push(block))
    await until(() => healths.some(({ healthy }) => healthy))
    socket.sockets[0]!.terminate()
    await until(() => seen.includes(100))
    await until(() => socket.sockets.length === 2 && healths.filter(({ healthy }) => healthy).length === 2)
    socket.announce(9)
    await until(() => seen.includes(9))
    expect(healths.map(({ healthy }) => healthy)).to.deep.equal([true, false, true])
  })

  it('of another chain or without subscription are not listened to', async () => {
    const [other, deaf] = [await announcer(1), await announcer(31337, false)]
    const seen: number[] = []
    connect([other, deaf]).onHead((block) => seen.push(block))
    await until(() => healths.some(({ reason }) => reason === 'it is not of chain 31337'))
    other.announce(55)
    await until(() => deaf.sockets.length > 0 && seen.includes(100))
    expect(other.sockets).to.have.lengthOf(1)
    expect(seen).to.not.include(55)
    expect(JSON.stringify(healths)).to.not.include('SECRETKEY')
  })

  it('survive rubbish on the websocket', async () => {
    const socket = await announcer()
    const seen: number[] = []
    connect([socket]).onHead((block) => seen.push(block), { poll: false })
    await until(() => healths.some(({ healthy }) => healthy))
    for (const text of [
      '',
      'x',
      'null',
      '[]',
      '{"method":"eth_subscription"}',
      '{"method":"eth_subscription","params":{"result":{"number":"x"}}}',
    ])
      socket.sockets[0]!.send(text)
    socket.announce(3)
    await until(() => seen.length > 0)
    expect(seen).to.deep.equal([3])
  })

  it('hold nothing once nobody listens', async () => {
    const socket = await announcer()
    const provider = connect([socket])
    const stop = provider.onHead(() => undefined)
    await until(() => healths.some(({ healthy }) => healthy))
    stop()
    await until(() => socket.sockets[0]!.readyState === socket.sockets[0]!.CLOSED)
    provider.onHead(() => undefined)
    await until(() => socket.sockets.length === 2)
    provider.destroy()
    await until(() => socket.sockets[1]!.readyState === socket.sockets[1]!.CLOSED)
  })
})
