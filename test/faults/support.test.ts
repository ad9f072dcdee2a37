// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { Wallet } from 'ethers'
import { Client } from 'pg'
import { startAnvil, type Anvil } from './support/anvil'
import { startPostgres, type Postgres } from './support/postgres'
import { startRpcProxy, type RpcProxy } from './support/rpc-proxy'

describe('a faulty RPC endpoint', () => {
  let anvil: Anvil
  let proxy: RpcProxy

  before(async () => {
    anvil = await startAnvil()
    await anvil.mine(10)
    proxy = await startRpcProxy(anvil.url)
  })
  after(async () => {
    await proxy.stop()
    await anvil.stop()
  })
  afterEach(() => proxy.set({}))

  const post = (body: unknown): Promise<Response> =>
    fetch(proxy.url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  const call = async (method: string, ...params: readonly unknown[]): Promise<unknown> => {
    const { result, error } = (await (await post({ jsonrpc: '2.0', id: 1, method, params })).json()) as {
      readonly result?: unknown
      readonly error?: { readonly message: string }
    }
    if (error !== undefined) throw new Error(error.message)
    return result
  }
  const failure = async (promise: Promise<unknown>): Promise<string> => {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    return String(error)
  }

  it('passes on what it is not told to break, batches too, and counts', async () => {
    expect(await call('eth_chainId')).to.equal('0x7a69')
    const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_blockNumber', params: [] }))
    expect(await (await post(batch)).json()).to.deep.equal(
      batch.map(({ id }) => ({ jsonrpc: '2.0', id, result: '0xa' })),
    )
    expect(proxy.calls.get('eth_blockNumber')).to.equal(2)
  })

  it('cuts, answers with errors and garbage, and claims another chain', async () => {
    proxy.set({ cut: 1 })
    expect(await failure(call('eth_chainId'))).to.match(/fetch failed/)
    proxy.set({ cutAnswer: 1 })
    expect(await failure(call('anvil_mine', '0x1'))).to.match(/fetch failed/)
    proxy.set({})
    expect(await call('eth_blockNumber')).to.equal('0xb')
    proxy.set({ status: { share: 1, code: 429 } })
    expect((await post({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] })).status).to.equal(429)
    proxy.set({ garbage: 1 })
    expect(await failure(call('eth_chainId'))).to.match(/JSON/)
    proxy.set({ error: 1 })
    expect(await failure(call('eth_chainId'))).to.match(/rate/)
    proxy.set({ chainId: 5 })
    expect(await call('eth_chainId')).to.equal('0x5')
  })

  it('answers as a node that is behind', async () => {
    const head = Number(await call('eth_blockNumber'))
    const signer = await anvil.provider.getSigner(0)
    const sent = await signer.sendTransaction({ to: signer.address, value: 1n })
    await sent.wait()
    const nonce = await call('eth_getTransactionCount', signer.address, 'latest')
    proxy.set({ stale: { share: 1, blocks: 1 } })
    expect(Number(await call('eth_blockNumber'))).to.equal(head)
    expect(await call('eth_getTransactionReceipt', sent.hash)).to.equal(null)
    expect(Number(await call('eth_getTransactionCount', signer.address, 'latest'))).to.equal(Number(nonce) - 1)
    expect(((await call('eth_getBlockByNumber', 'latest', false)) as { number: string }).number).to.equal(
      `0x${head.toString(16)}`,
    )
    expect(await call('eth_getBlockByNumber', `0x${(head + 1).toString(16)}`, false)).to.equal(null)
    expect(await call('eth_getLogs', { fromBlock: `0x${(head + 1).toString(16)}` })).to.deep.equal([])
  })

  it('loses transactions, and holds calls up before and after they are passed on', async () => {
    const wallet = new Wallet(Wallet.createRandom().privateKey, anvil.provider)
    await anvil.setBalance(wallet.address, 10n ** 18n)
    const raw = await wallet.signTransaction(await wallet.populateTransaction({ to: wallet.address, value: 1n }))
    proxy.set({ loseTransactions: 1 })
    const hash = await call('eth_sendRawTransaction', raw)
    expect(await anvil.provider.getTransaction(hash as string)).to.equal(null)
    proxy.set({})

    const before = proxy.hold('eth_sendRawTransaction')
    const cut = failure(call('eth_sendRawTransaction', raw))
    expect(await before.arrived).to.deep.equal([raw])
    expect(await wallet.getNonce()).to.equal(0)
    before.cut()
    expect(await cut).to.match(/fetch failed/)
    expect(await wallet.getNonce()).to.equal(0)

    const answer = proxy.hold('eth_sendRawTransaction', 'answer')
    const sent = call('eth_sendRawTransaction', raw)
    await answer.arrived
    expect(await wallet.getNonce()).to.equal(1)
    answer.release()
    expect(await sent).to.equal(hash)
  })
})

describe('a PostgreSQL server', () => {
  let postgres: Postgres

  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres.remove())

  const query = async (sql: string, { url }: Postgres = postgres): Promise<readonly unknown[]> => {
    const client = new Client({ connectionString: url })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows
    } finally {
      await client.end()
    }
  }

  it('keeps what was committed when it stops, and when it crashes', async () => {
    await query('create table kept (value int)')
    for (const how of ['fast', 'crash'] as const) {
      await query('insert into kept values (1)')
      await postgres.stop(how)
      expect(await query('select 1').catch(() => 'gone')).to.equal('gone')
      await postgres.start()
    }
    expect(await query('select * from kept')).to.have.length(2)
  })

  it('is gone when removed, and leaves others alone', async () => {
    const other = await startPostgres()
    expect(await query('select 1 as one', other)).to.deep.equal([{ one: 1 }])
    await other.remove()
    expect(await query('select 1', other).catch(() => 'gone')).to.equal('gone')
    expect(await query('select 1 as one')).to.deep.equal([{ one: 1 }])
  })
})
