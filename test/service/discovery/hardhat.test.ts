// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, mine, takeSnapshot } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { type ContractRevertError, lockCall, requestInferenceCall, simulate, stateOf } from '../../../prover/chain'
import { ChainReader } from '../../../prover/service/discovery/reader'
import { hardhatAnswer } from '../../support/hardhat-rpc'
import { createMarket } from '../../support/market'
import { rejection } from '../../support/rejection'
import { until } from '../../support/rpc-server'
import { createLab, type Lab } from './support'

const fixture = () => createMarket()

describe('discovery on a real coordinator', () => {
  let lab: Lab

  beforeEach(() => {
    lab = createLab()
  })
  afterEach(() => lab.close())

  it('finds its requests, and follows a chain that is taken back', async () => {
    const { address, requester, coordinator, ask, sign } = await loadFixture(fixture)
    const discovery = lab.search([await lab.serve(hardhatAnswer)], { coordinators: [address] })
    const [first, second, third] = [ask(), ask(), ask()]
    const ids = await Promise.all([first, second, third].map((request) => coordinator.requestIdOf(request)))
    await requester.sendTransaction(requestInferenceCall(address, first, '0xabcd'))
    const snapshot = await takeSnapshot()
    await coordinator.openSigned(second, await sign(second), '0x')
    await until(() => lab.store.ids.length === 2)
    expect(lab.store.ids).to.deep.equal(ids.slice(0, 2))
    expect(lab.store.state.requests[0]).to.deep.include({ coordinator: address, request: first, input: '0xabcd' })
    await snapshot.restore()
    await mine(2)
    await coordinator.openSigned(third, await sign(third), '0x')
    await until(() => lab.store.ids.length === 3)
    expect(lab.store.ids).to.deep.equal(ids)
    expect(lab.store.state.reorgs).to.have.lengthOf(1)
    await until(() => discovery.status().behind === 0)
    expect(await lab.value('errors')).to.equal(0)
  })

  it('tells blocks with requests by their bloom filters and receipts', async () => {
    const { address, requester, ask, token } = await loadFixture(fixture)
    const reader = new ChainReader(
      lab.provider([await lab.serve(hardhatAnswer)]),
      [address],
      new AbortController().signal,
    )
    const request = ask()
    await requester.sendTransaction(requestInferenceCall(address, request, '0x'))
    const opened = await reader.latest()
    expect(reader.mayHaveLogs(opened.bloom!)).to.equal(true)
    const { logs } = await reader.logs({ blockHash: opened.hash })
    expect(logs).to.have.lengthOf(1)
    expect(await reader.logsOfReceipts(opened)).to.deep.equal(logs)
    await token.mint(requester, 1n)
    const other = await reader.latest()
    expect(reader.mayHaveLogs(other.bloom!)).to.equal(false)
    expect(await reader.logsOfReceipts(other)).to.deep.equal([])
  })

  it('has reverts named over HTTP', async () => {
    const { address, ask } = await loadFixture(fixture)
    const provider = lab.provider([await lab.serve(hardhatAnswer)])
    const request = ask()
    expect(await stateOf(provider, address, request)).to.equal('none')
    const error = await rejection(simulate(provider, lockCall(address, request), 'lock'))
    expect((error as ContractRevertError).revert.name).to.equal('WrongState')
  })
})
