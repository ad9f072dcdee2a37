// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { id, Interface, makeError } from 'ethers'
import { ContractRevertError, decodeRevert, describeRevert, RpcRefusedError } from '../../prover/chain'
import { ERRORS } from '../../prover/chain/abi'

const KNOWN = new Interface([...ERRORS, 'error Error(string)', 'error Panic(uint256)'])
const REQUEST = id('request')
const WRONG_STATE = KNOWN.encodeErrorResult('WrongState', [REQUEST, 2])

describe('reverts', () => {
  it('are named with their arguments', () => {
    expect(describeRevert(WRONG_STATE)).to.deep.equal({
      name: 'WrongState',
      args: [REQUEST, 2n],
      message: `WrongState(requestId: ${REQUEST}, state: 2)`,
    })
    expect(describeRevert(KNOWN.encodeErrorResult('InvalidProof')).message).to.equal('InvalidProof()')
    expect(describeRevert(KNOWN.encodeErrorResult('Error', ['no'])).message).to.equal('Error("no")')
    expect(describeRevert(KNOWN.encodeErrorResult('Panic', [17])).message).to.equal('Panic(17)')
  })

  it('that nobody knows, say nothing or are broken have a name all the same', () => {
    expect(describeRevert('0x').message).to.equal('it gave no reason')
    expect(describeRevert('0x0102').message).to.equal('it gave no reason')
    expect(describeRevert('0xdeadbeef00')).to.include({ name: '0xdeadbeef' })
    expect(describeRevert(WRONG_STATE.slice(0, 40))).to.deep.include({ name: WRONG_STATE.slice(0, 10), args: [] })
    // A string whose length is beyond the data.
    const bomb = `0x08c379a0${'0'.repeat(62)}20${'f'.repeat(64)}`
    expect(describeRevert(bomb)).to.include({ name: '0x08c379a0' })
    expect(describeRevert(KNOWN.encodeErrorResult('Error', ['x'.repeat(10_000)])).message).to.have.length.below(300)
  })

  it('are found in errors of ethers, of nodes, and of nodes that wrap them', () => {
    const call = { transaction: {}, action: 'call', reason: null, invocation: null, revert: null } as never
    const errors = [
      makeError('execution reverted', 'CALL_EXCEPTION', { ...(call as object), data: WRONG_STATE } as never),
      makeError('could not coalesce error', 'UNKNOWN_ERROR', {
        error: { code: -32603, message: 'reverted', data: { message: 'x', data: WRONG_STATE } },
      } as never),
      new RpcRefusedError('eth_call', 'http://node', { code: 3, message: 'execution reverted', data: WRONG_STATE }),
      Object.assign(new Error('x'), { cause: { info: { error: { data: WRONG_STATE } } } }),
      new ContractRevertError('"lock"', describeRevert(WRONG_STATE)),
    ]
    for (const error of errors) expect(decodeRevert(error)?.name).to.equal('WrongState')
    const silent = makeError('execution reverted (no data)', 'CALL_EXCEPTION', {
      ...(call as object),
      data: '0x',
    } as never)
    expect(decodeRevert(silent)?.message).to.equal('it gave no reason')
  })

  it('are not seen in other errors', () => {
    const circular: { error?: unknown } = {}
    circular.error = circular
    for (const error of [
      undefined,
      null,
      'x',
      7,
      new Error('timeout'),
      circular,
      { code: 'CALL_EXCEPTION', message: 'missing' },
      { data: '0x' },
      { data: 'text' },
    ])
      expect(decodeRevert(error)).to.equal(undefined)
  })
})
