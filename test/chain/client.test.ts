// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { ZeroAddress } from 'ethers'
import { ethers } from 'hardhat'
import {
  cancelCall,
  ClientSetupError,
  ContractRevertError,
  RpcCancelledError,
  depositOf,
  encodeInput,
  fulfillCall,
  lockCall,
  RequestEndedError,
  ResultTimeoutError,
  ZkmlChain,
} from '../../prover/chain'
import {
  inputCommitment,
  PackingError,
  pack,
  tensorCommitment,
  EncodingValueError,
  type IoSchema,
} from '../../prover/encodings'
import { InputRangeError } from '../../prover/quantize'
import { BOND, createMarket } from '../support/market'
import { rejection, thrown } from '../support/rejection'
import { CLASSIFIER, LOGITS, PIXELS } from '../support/world'

const PIXEL_VALUES = PIXELS.map((q) => Number(q) / 256)

const fixture = async () => {
  const market = await createMarket()
  const addresses = { inferenceVerifier: await market.routed.getAddress(), coordinator: market.address }
  const zkml = new ZkmlChain({ signer: market.requester, addresses })
  const offer = { modelId: market.modelId, inputs: [PIXEL_VALUES], maxPrice: 1000n, bond: BOND }
  return { ...market, addresses, zkml, offer }
}

describe('ZkmlChain', () => {
  it('asks for an inference and waits for its result', async () => {
    const { zkml, offer, prover, address, answer } = await loadFixture(fixture)
    const sent = await zkml.requestInference({ ...offer, minPrice: 10n, rampSeconds: 60 })
    expect(sent.request).to.include({ minPrice: 10n, maxPrice: 1000n, bond: BOND, lockSeconds: 600n })
    const result = zkml.waitForResult(sent, { pollSeconds: 0.005 })
    await prover.sendTransaction(lockCall(address, sent.request))
    await prover.sendTransaction(fulfillCall(address, sent.request, await answer(sent.request, prover)))
    const { outputs, requestId, prover: paid } = await result
    expect([requestId, paid]).to.deep.equal([sent.requestId, prover.address])
    expect(outputs[0]!.values).to.deep.equal(LOGITS.map((q) => Number(q) / 4096))
  })

  it('sends along what the account lacks, and nothing else', async () => {
    const { zkml, offer, requester, address, token, coordinator } = await loadFixture(fixture)
    const held = await depositOf(zkml.provider, address, ZeroAddress, requester.address)
    await zkml.requestInference({ ...offer, maxPrice: held + 7n })
    expect(await depositOf(zkml.provider, address, ZeroAddress, requester.address)).to.equal(0n)
    expect(await ethers.provider.getBalance(address)).to.equal(held + 7n + 4n * BOND)
    const { request } = await zkml.requestInference({ ...offer, token: await token.getAddress() })
    expect(Number(await coordinator.stateOf(request))).to.equal(1)
    const dear = { ...offer, token: await token.getAddress(), maxPrice: 10n ** 30n }
    const error = await rejection(zkml.requestInference(dear))
    expect((error as ContractRevertError).revert.name).to.equal('BalanceTooLow')
  })

  it('tells when a request ends without a result, or takes too long', async () => {
    const { zkml, offer, requester, address } = await loadFixture(fixture)
    const [first, second] = [await zkml.requestInference(offer), await zkml.requestInference(offer)]
    expect(first.requestId).to.not.equal(second.requestId)
    const late = await rejection(zkml.waitForResult(first, { timeoutSeconds: 0 }))
    expect(late).to.be.instanceOf(ResultTimeoutError)
    await requester.sendTransaction(cancelCall(address, first.request))
    expect(await rejection(zkml.waitForResult(first)))
      .to.be.instanceOf(RequestEndedError)
      .and.include({
        state: 'cancelled',
      })
    await time.increase(4000)
    expect(await rejection(zkml.waitForResult(second))).to.include({ state: 'expired' })
    const controller = new AbortController()
    const third = await zkml.requestInference(offer)
    const waiting = rejection(zkml.waitForResult(third, { signal: controller.signal }))
    controller.abort()
    expect((await waiting).name).to.equal('AbortError')
  })

  it('verifies proofs with and without a transaction', async () => {
    const { zkml, requester, prove, modelId, stranger } = await loadFixture(fixture)
    const proof = prove({ modelId, caller: requester.address })
    await zkml.checkInference(modelId, proof, requester.address)
    expect((await zkml.verifyInference(modelId, proof)).status).to.equal(1)
    const foreign = prove({ modelId, caller: stranger.address })
    const error = await rejection(zkml.verifyInference(modelId, foreign))
    expect(error).to.be.instanceOf(ContractRevertError)
    expect((error as ContractRevertError).revert.name).to.equal('InvalidProof')
  })

  it('says what it was not given', async () => {
    const { addresses, offer, requester } = await loadFixture(fixture)
    const { inferenceVerifier } = addresses
    expect(thrown(() => new ZkmlChain({ addresses }))).to.be.instanceOf(ClientSetupError)
    const reader = new ZkmlChain({ provider: ethers.provider, addresses })
    expect((await reader.model(offer.modelId)).ioSchema).to.deep.equal(CLASSIFIER)
    expect(await rejection(reader.requestInference(offer))).to.be.instanceOf(ClientSetupError)
    const verifying = new ZkmlChain({ signer: requester, addresses: { inferenceVerifier } })
    expect(await rejection(verifying.requestInference(offer))).to.be.instanceOf(ClientSetupError)
    const remote = new ZkmlChain({ provider: { chainId: 1, urls: ['http://127.0.0.1:1/'], retries: 0 }, addresses })
    remote.close()
    expect(await rejection(remote.model(1n))).to.be.instanceOf(RpcCancelledError)
  })
})

describe('encodeInput', () => {
  const mixed: IoSchema = {
    outputs: CLASSIFIER.outputs,
    inputs: [
      { name: 'open', shape: [2], lo: -4n, bits: 3, exponent: 0, visibility: 'public' },
      { name: 'shut', shape: [1], lo: 0n, bits: 8, exponent: 4, visibility: 'hashed' },
      { name: 'secret', shape: [], lo: 0n, bits: 60, exponent: 0, visibility: 'private' },
    ],
    weightsCommitted: false,
  }

  it('packs a public input into a hint, from numbers or integers', () => {
    const words = pack(PIXELS, CLASSIFIER.inputs[0]!)
    for (const values of [PIXEL_VALUES, Float64Array.from(PIXEL_VALUES), PIXELS])
      expect(encodeInput(CLASSIFIER, [values])).to.deep.equal({
        inputCommitment: inputCommitment(CLASSIFIER, words),
        words,
        hint: `0x${words.map((word) => word.toString(16).padStart(64, '0')).join('')}`,
        salts: [],
      })
  })

  it('commits to hashed inputs, and publishes nothing of them', () => {
    const shut = tensorCommitment([40n], 9n, { lo: 0n, bits: 8, count: 1 })
    const encoded = encodeInput(mixed, [[-4, 3], [2.5], [5n]], [9n])
    expect(encoded).to.deep.equal({
      inputCommitment: inputCommitment(mixed, [56n, shut]),
      words: [56n, shut],
      hint: '0x',
      salts: [9n],
    })
    const [one, two] = [1, 2].map(() => encodeInput(mixed, [[0, 0], [1], [5n]]))
    expect(one!.salts[0]).to.not.equal(two!.salts[0])
  })

  it('refuses what the circuit does not take', () => {
    expect(thrown(() => encodeInput(CLASSIFIER, []))).to.be.instanceOf(EncodingValueError)
    expect(thrown(() => encodeInput(CLASSIFIER, [[1, 2]]))).to.be.instanceOf(EncodingValueError)
    expect(thrown(() => encodeInput(CLASSIFIER, [PIXEL_VALUES.map(() => NaN)]))).to.be.instanceOf(InputRangeError)
    expect(thrown(() => encodeInput(CLASSIFIER, [PIXELS.map(() => 256n)]))).to.be.instanceOf(PackingError)
    expect(thrown(() => encodeInput(mixed, [[0, 0], [1], [5]]))).to.be.instanceOf(EncodingValueError)
  })
})
