// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, mine, setBalance } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { parseEther, Wallet, ZeroAddress, ZeroHash } from 'ethers'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { publishModelCall } from '../../../prover/chain'
import { modelId } from '../../../prover/encodings'
import { canonicalKeyHex } from '../../../prover/groth16'
import { artefactPaths, readVerifyingKey } from '../../../prover/pipeline'
import { readModelFolder } from '../../../prover/service/artefacts/model-files'
import { makeModels, type ModelFolders } from '../../service/pool/fixture'
import { hardhatAnswer } from '../../support/hardhat-rpc'
import { createMarket } from '../../support/market'
import { startRpcServer, type RpcServer } from '../../support/rpc-server'
import { complaints, examine } from './support'

const CHAIN = 31337
const wallet = Wallet.createRandom()
const ENV = { KEY: wallet.privateKey }

describe('zkml doctor: the chains of a daemon', () => {
  let folders: ModelFolders
  const servers: RpcServer[] = []
  const serve = async (answer: RpcServer['answer'] = hardhatAnswer) => {
    servers.push(await startRpcServer(answer))
    return servers.at(-1)!
  }

  before(async () => {
    folders = await makeModels({ tiny: 'Gemm, Relu, Gemm' })
  })
  after(async () => {
    folders.remove()
    await Promise.all(servers.map((server) => server.close()))
  })

  /** A market with a model of ours, and an account with coins. */
  async function fixture() {
    const market = await createMarket()
    const { publisher, registry, coordinator, owner, address } = market
    const paths = artefactPaths(folders.of('tiny'))
    const { file, vkHash, setupHash } = readModelFolder(folders.of('tiny'))
    const { modelHash, circuitHash, r1csHash, recipeHash, schema: ioSchema } = file
    const circuit = { r1csHash, recipeHash, setupHash, weightsCommitment: 0n, verifierCodeHash: ZeroHash }
    const key = canonicalKeyHex(readVerifyingKey(paths))
    const publication = { modelHash, uri: '', key, circuit, ioSchema, verifier: ZeroAddress }
    await publisher.sendTransaction(publishModelCall(await registry.getAddress(), publication))
    const ours = modelId({ modelHash, circuitHash, vkHash, publisher: publisher.address })
    await setBalance(wallet.address, parseEther('2'))
    await coordinator.connect(owner).depositFor(ZeroAddress, 5n, wallet.address, { value: 5n })
    return { ...market, ours, address }
  }

  const chain = (rpc: readonly string[], coordinator: string, more: object = {}) => ({
    models: [folders.of('tiny')],
    stateDir: folders.of('state'),
    api: { port: 0 },
    accounts: { prover: { privateKeyEnv: 'KEY' } },
    chains: [{ chainId: CHAIN, rpc, coordinator, account: 'prover', ...more }],
  })

  it('finds all well, and shows no key', async () => {
    const { address, routed, registry, ours } = await loadFixture(fixture)
    await mine()
    const { url, name } = await serve()
    const config = chain([`${url}v3/API-KEY`], address, { registrations: { tiny: String(ours) } })
    const results = await examine(config, ENV)
    expect(complaints(results)).to.deep.equal({})
    const said = (name: string) => results[name]!.detail
    expect(said('account prover')).to.equal(wallet.address)
    expect(said('chain 31337 rpc 1')).to.match(new RegExp(`^${name}/\\*\\*\\*, block \\d+, \\d+ s old$`))
    expect(said('chain 31337 contracts'))
      .to.include(address)
      .and.include(await routed.getAddress())
      .and.include(await registry.getAddress())
    expect(said('chain 31337 account')).to.match(/^0x\w{40} has 2\.0 ether, and 0\.000000000000000005 in the coord/)
    expect(said('model tiny')).to.match(/^\d+ constraints, key 0x[0-9a-f]{64}$/)
    expect(said('model tiny on chain 31337')).to.equal(`registered as ${ours}`)
    expect(JSON.stringify(results)).not.to.include('API-KEY').and.not.to.include(wallet.privateKey.slice(2))
  })

  it('says what is wrong with each endpoint', async () => {
    const { address } = await loadFixture(fixture)
    const other = await serve(({ method }) => ({ result: method === 'eth_chainId' ? '0x1' : '0x5' }))
    const locked = await serve(() => ({ status: 401, raw: 'no such key' }))
    const old = await serve(async (call) => {
      const reply = await hardhatAnswer(call)
      if (call.method !== 'eth_getBlockByNumber' || typeof reply !== 'object' || !('result' in reply)) return reply
      return { result: { ...(reply.result as object), timestamp: '0x1' } }
    })
    const gone = await serve()
    await gone.close()
    const { url } = await serve()
    const found = complaints(await examine(chain([other.url, locked.url, old.url, gone.url, url], address), ENV))
    expect(Object.keys(found)).to.deep.equal([1, 2, 3, 4].map((place) => `chain 31337 rpc ${place}`))
    expect(found['chain 31337 rpc 1']).to.match(/is of chain 0x1; fix the URLs/)
    expect(found['chain 31337 rpc 2']).to.match(/HTTP 401/)
    expect(found['chain 31337 rpc 3']).to.match(/is behind, or the chain stands still: block \d+ is \d+ s old/)
    expect(found['chain 31337 rpc 4']).to.match(/ECONNREFUSED/)
  })

  it('waits for what websockets announce', async () => {
    const { address } = await loadFixture(fixture)
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(sockets, 'listening')
    sockets.on('connection', (socket, { url }) => {
      socket.on('message', (data: Buffer) => {
        const { id, method } = JSON.parse(data.toString()) as { id: number; method: string }
        const result = method === 'eth_chainId' ? (url === '/wrong' ? '0x1' : '0x7a69') : '0xabc'
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, result }))
      })
    })
    const base = `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`
    const { url } = await serve()
    const results = await examine(chain([url, `${base}/good`, `${base}/wrong`], address), ENV)
    sockets.close()
    expect(results['chain 31337 rpc 2']).to.deep.include({ ok: true, detail: `${base}/*** announces blocks` })
    expect(complaints(results)['chain 31337 rpc 3']).to.match(/announces no blocks: it is not of chain 31337/)
  })

  it('says what is wrong with contracts, account and registrations', async () => {
    const { address, registry, modelId: trapdoor, ours, guardian, stop } = await loadFixture(fixture)
    const { url } = await serve()
    const nowhere = await examine(chain([url], `0x${'12'.repeat(20)}`), ENV)
    expect(complaints(nowhere)['chain 31337 contracts']).to.match(/^coordinator 0x1212\w+ has no code on chain 31337/)
    const mistaken = await examine(chain([url], await registry.getAddress()), ENV)
    expect(complaints(mistaken)['chain 31337 contracts']).to.match(/^the contract at coordinator 0x\w+ is another one/)

    const unset = complaints(await examine(chain([url], address), {}))
    expect(unset['account prover']).to.match(/KEY is not set/)
    expect(unset['chain 31337 account']).to.match(/"prover" does not open/)
    const poor = await examine(chain([url], address, { balanceAlarm: '2.1 ether' }), ENV)
    expect(complaints(poor)['chain 31337 account']).to.match(/has 2\.0 ether, and balanceAlarm is 2\.1 ether; send/)
    const sendsNothing = await examine({
      ...chain([url], address),
      chains: [{ chainId: CHAIN, rpc: [url], coordinator: address }],
    })
    expect(sendsNothing['chain 31337 account']!.detail).to.match(/^none/)

    const registered = async (registrations: object) => {
      const results = await examine(chain([url], address, { registrations }), ENV)
      return Object.entries(complaints(results)).find(([name]) => name.startsWith('model '))?.[1]
    }
    expect(await registered({ tiny: String(trapdoor) })).to.match(/another one \(modelHash, .*vkHash/)
    expect(await registered({ tiny: '5' })).to.match(/has no model 5/)
    expect(await registered({ 'other one': '5' })).to.match(/"other one", which no model here is called/)
    expect(await registered({ [`0x${'0'.repeat(64)}`]: String(trapdoor) })).to.equal(undefined)
    await stop.connect(guardian).stop()
    expect(await registered({ tiny: String(ours) })).to.match(/is stopped/)
  })
})
