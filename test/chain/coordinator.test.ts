// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, Interface, ZeroAddress } from 'ethers'
import { ethers } from 'hardhat'
import {
  cancelCall,
  ContractRevertError,
  decodeOpened,
  depositForCall,
  depositOf,
  fulfillCall,
  INFERENCE_COORDINATOR_ABI,
  inferenceVerifierOf,
  lockCall,
  lockSignedCall,
  openSignedCall,
  priceAt,
  readFulfilment,
  readOpenedRequests,
  recordOf,
  refundCall,
  requestInferenceCall,
  simulate,
  stateOf,
  withdrawCall,
  type EventLog,
} from '../../prover/chain'
import { marketPriceAt } from '../../prover/encodings'
import { at, BOND, createMarket, MAX_PRICE } from '../support/market'
import { rejection } from '../support/rejection'

const fixture = () => createMarket()
const { provider } = ethers
const INPUT = `0x${'ab'.repeat(64)}`
const COORDINATOR = new Interface(INFERENCE_COORDINATOR_ABI)

describe('the coordinator, read and called', () => {
  it('opens, locks and fulfils a request, and tells of each', async () => {
    const market = await loadFixture(fixture)
    const { address, requester, prover, ask, answer, start } = market
    const request = ask()
    const requestId = await market.coordinator.requestIdOf(request)
    expect(await inferenceVerifierOf(provider, address)).to.equal(await market.routed.getAddress())
    expect(await stateOf(provider, address, request)).to.equal('none')

    const opening = await requester.sendTransaction(requestInferenceCall(address, request, INPUT))
    const { blockNumber, blockHash } = (await opening.wait())!
    const block = { number: blockNumber, hash: blockHash }
    const range = { fromBlock: 0, toBlock: 'latest' }
    expect(await readOpenedRequests(provider, address, range)).to.deep.equal({
      requests: [{ coordinator: address, requestId, request, input: INPUT, block }],
      malformed: 0,
    })
    expect(await stateOf(provider, address, request)).to.equal('open')
    expect(await readFulfilment(provider, address, requestId, range)).to.equal(undefined)

    await at(start + 500n)
    await prover.sendTransaction(lockCall(address, request, 5n))
    expect(await recordOf(provider, address, requestId)).to.deep.equal({
      state: 'locked',
      locker: prover.address,
      lockedAt: start + 500n,
    })
    expect(await stateOf(provider, address, request, blockNumber)).to.equal('open')
    const price = await priceAt(provider, address, request, start + 500n)
    expect(price).to.equal(marketPriceAt(request, start + 500n))
    expect(await depositOf(provider, address, ZeroAddress, prover.address)).to.equal(BOND + 5n)

    const proof = await answer(request, prover)
    await market.stranger.sendTransaction(fulfillCall(address, request, proof))
    expect(await stateOf(provider, address, request)).to.equal('fulfilled')
    expect(await readFulfilment(provider, address, requestId, range)).to.deep.include({
      requestId,
      prover: prover.address,
      modelId: request.modelId,
      inputCommitment: request.inputCommitment,
      output: proof.output,
      price,
    })
  })

  it('names every state', async () => {
    const { address, requester, prover, ask, sign, start } = await loadFixture(fixture)
    const [locked, expired, cancelled] = [ask(), ask({ deadline: start + 10n }), ask()]
    await requester.sendTransaction(openSignedCall(address, expired, await sign(expired), '0x'))
    await prover.sendTransaction(lockSignedCall(address, locked, await sign(locked)))
    await requester.sendTransaction(cancelCall(address, cancelled))
    expect(await stateOf(provider, address, cancelled)).to.equal('cancelled')
    await time.increaseTo(start + 700n)
    expect(await stateOf(provider, address, locked)).to.equal('lock-expired')
    expect(await stateOf(provider, address, expired)).to.equal('expired')
    await requester.sendTransaction(refundCall(address, expired))
    expect(await stateOf(provider, address, expired)).to.equal('refunded')
  })

  it('moves money in and out', async () => {
    const { address, token, requester, rival } = await loadFixture(fixture)
    const erc20 = await token.getAddress()
    await rival.sendTransaction(depositForCall(address, ZeroAddress, 3n, requester.address))
    await requester.sendTransaction(depositForCall(address, erc20, 4n, rival.address))
    expect(await depositOf(provider, address, erc20, rival.address)).to.equal(4n)
    expect(await depositOf(provider, address, ZeroAddress, requester.address)).to.equal(10n * MAX_PRICE + 3n)
    await rival.sendTransaction(withdrawCall(address, erc20, 4n, rival.address))
    expect(await token.balanceOf(rival)).to.equal(4n)
  })

  it('says by name why it refuses', async () => {
    const { address, requester, rival, ask } = await loadFixture(fixture)
    const request = ask()
    const error = await rejection(simulate(provider, lockCall(address, request), 'lock', { from: rival.address }))
    expect(error).to.be.instanceOf(ContractRevertError)
    expect((error as ContractRevertError).revert).to.include({ name: 'WrongState' })
    await requester.sendTransaction(requestInferenceCall(address, request, '0x'))
    await simulate(provider, lockCall(address, request), 'lock', { from: rival.address })
  })
})

describe('RequestOpened logs', () => {
  const open = async () => {
    const market = await loadFixture(fixture)
    const request = market.ask()
    const requestId = await market.coordinator.requestIdOf(request)
    const values = [requestId, request.requester, request.modelId, request, INPUT]
    const encode = (args: readonly unknown[]): EventLog => ({
      ...COORDINATOR.encodeEventLog('RequestOpened', args),
      address: market.address,
      blockNumber: 5,
      blockHash: id('block'),
    })
    return { ...market, request, requestId, values, encode }
  }

  it('are decoded as they are', async () => {
    const { encode, values, request, requestId, address } = await open()
    expect(decodeOpened(31337, { ...encode(values), address: address.toLowerCase() })).to.deep.equal({
      coordinator: address,
      requestId,
      request,
      input: INPUT,
      block: { number: 5, hash: id('block') },
    })
  })

  it('that are not of their request, chain or coordinator are refused', async () => {
    const { encode, values, request, requestId, stranger } = await open()
    const log = encode(values)
    expect(decodeOpened(31337, encode([id('other'), ...values.slice(1)]))).to.equal(undefined)
    expect(decodeOpened(31337, encode([requestId, stranger.address, ...values.slice(2)]))).to.equal(undefined)
    expect(decodeOpened(31337, encode([requestId, request.requester, 1n, request, INPUT]))).to.equal(undefined)
    const dearer = { ...request, maxPrice: request.maxPrice + 1n }
    expect(decodeOpened(31337, encode([...values.slice(0, 3), dearer, INPUT]))).to.equal(undefined)
    expect(decodeOpened(1, log)).to.equal(undefined)
    expect(decodeOpened(31337, { ...log, address: stranger.address })).to.equal(undefined)
  })

  it('that are malformed are refused', async () => {
    const { encode, values } = await open()
    const log = encode(values)
    for (const bad of [
      { ...log, data: '0x' },
      { ...log, data: log.data.slice(0, 200) },
      { ...log, data: 'rubbish' },
      { ...log, data: log.data.slice(0, 2 + 14 * 64) + 'f'.repeat(64) + log.data.slice(2 + 15 * 64) },
      { ...log, topics: log.topics.slice(0, 3) },
      { ...log, topics: [] },
      { ...log, topics: [id('Other()'), ...log.topics.slice(1)] },
      { ...log, address: '0x1' },
    ])
      expect(decodeOpened(31337, bad)).to.equal(undefined)
  })

  it('are counted when they are malformed', async () => {
    const { encode, values, address } = await open()
    const fake = {
      getNetwork: async () => ({ chainId: 31337n }),
      getLogs: async () => [encode(values), encode([id('other'), ...values.slice(1)])],
    }
    const { requests, malformed } = await readOpenedRequests(fake as never, address, { fromBlock: 0, toBlock: 9 })
    expect([requests.length, malformed]).to.deep.equal([1, 1])
  })
})
