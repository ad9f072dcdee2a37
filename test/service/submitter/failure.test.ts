// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { AbiCoder, Interface, makeError } from 'ethers'
import { broadcastOutcome, callFailure, shortMessage } from '../../../prover/service/submitter/failure'

/** As ethers wraps what a node says to `eth_sendRawTransaction`. */
const refused = (message: string): Error =>
  makeError('could not coalesce error', 'UNKNOWN_ERROR', { error: { code: -32000, message }, payload: {} } as never)

/** As ethers wraps what a node says to `eth_call`. */
function failed(message: string, data: string | null = null): Error {
  const error = AbiCoder.getBuiltinCallException('call', { to: null, data: '0x' }, data)
  error.info = { error: { code: 3, message, ...(data === null ? {} : { data }) } }
  return error
}

describe('submitter: what nodes say', () => {
  for (const [message, outcome] of [
    ['already known', 'accepted'],
    ['transaction already imported', 'accepted'],
    ['known transaction: 0xabc', 'accepted'],
    ['AlreadyKnown', 'accepted'],
    ['ALREADY_EXISTS: already known', 'accepted'],
    ['nonce too low: next nonce 5, tx nonce 4', 'nonce used'],
    ['OldNonce, Current nonce: 5, nonce of rejected tx: 4', 'nonce used'],
    ['Nonce too low. Expected nonce to be 5 but got 4.', 'nonce used'],
    ['replacement transaction underpriced', 'underpriced'],
    ['transaction underpriced', 'underpriced'],
    ['FeeTooLow, MaxFeePerGas too low', 'underpriced'],
    ['max fee per gas less than block base fee', 'underpriced'],
    ['insufficient funds for gas * price + value', 'no funds'],
    ['Upfront cost exceeds account balance', 'no funds'],
    ['txpool is full', 'refused'],
    ['exceeds block gas limit', 'refused'],
  ] as const)
    it(`takes "${message}" for ${outcome}`, () => {
      expect(broadcastOutcome(refused(message))).to.equal(outcome)
    })

  it('takes a lost answer for refused', () => {
    for (const error of [new Error('already known'), undefined, 'nonce too low'])
      expect(broadcastOutcome(error)).to.equal('refused')
  })

  it('names custom errors, and others by their selector', () => {
    const data = new Interface(['error WrongState(bytes32 a, uint8 b)']).encodeErrorResult('WrongState', [
      `0x${'ab'.repeat(32)}`,
      2,
    ])
    const known = callFailure(failed('execution reverted', data))
    expect(known).to.include({ kind: 'revert', name: 'WrongState' })
    expect(callFailure(failed('execution reverted', '0xdeadbeef'))).to.include({ kind: 'revert', name: '0xdeadbeef' })
  })

  it('knows failures without data for what they are', () => {
    for (const message of ['execution reverted', 'out of gas', 'EVM error: OutOfGas', 'invalid opcode: INVALID'])
      expect(callFailure(failed(message)), message).to.include({ kind: 'revert', name: 'Reverted' })
    expect(callFailure(failed('insufficient funds for transfer')).kind).to.equal('no funds')
  })

  it('does not take trouble of an endpoint for a revert', () => {
    for (const message of ['header not found', 'missing trie node', 'rate limit exceeded', 'internal error'])
      expect(callFailure(failed(message)).kind, message).to.equal('unknown')
    expect(callFailure(new Error('execution reverted')).kind).to.equal('unknown')
    expect(callFailure(undefined).kind).to.equal('unknown')
  })

  it('shortens messages, and leaves requests out of them', () => {
    expect(shortMessage(refused('x'.repeat(5000)))).to.have.length(300)
    const error = makeError('nonce has already been used', 'NONCE_EXPIRED', { transaction: '0x02f8secret' } as never)
    expect(error.message).to.contain('secret')
    expect(shortMessage(error)).to.equal('nonce has already been used')
    expect(shortMessage('text')).to.equal('text')
  })
})
