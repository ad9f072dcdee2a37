// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { ZeroAddress, ZeroHash } from 'ethers'
import { marketPriceAt, type MarketRequest } from '../../../prover/encodings'
import { gasLimits, profitableFrom, worthInWei } from '../../../prover/service/planner/economics'
import { GasTracker } from '../../../prover/service/planner/gas-tracker'
import { CLASSIFIER } from '../../support/world'

const TOKEN = `0x${'aB'.repeat(20)}`
const request: MarketRequest = {
  requester: ZeroAddress,
  nonce: 0n,
  modelId: 1n,
  inputCommitment: ZeroHash,
  token: ZeroAddress,
  minPrice: 100n,
  maxPrice: 1100n,
  rampStart: 1000n,
  rampSeconds: 100n,
  lockSeconds: 60n,
  deadline: 2000n,
  bond: 5n,
  callback: ZeroAddress,
  callbackGas: 0n,
}
const native = new Map<string, bigint>()

describe('what a request is worth', () => {
  it("values tokens at the operator's price, whatever the case of their address, and refuses others", () => {
    const tokens = new Map([[TOKEN.toLowerCase(), 2n * 10n ** 15n]])
    expect(worthInWei(request, 7n, tokens)).to.equal(7n)
    expect(worthInWei({ ...request, token: TOKEN }, 5n * 10n ** 18n, tokens)).to.equal(10n ** 16n)
    expect(worthInWei({ ...request, token: TOKEN }, 5n, native)).to.equal(undefined)
  })

  it('finds the first second at which the price suffices', () => {
    for (const needed of [0n, 100n, 101n, 555n, 1099n, 1100n]) {
      for (const now of [900, 1000, 1050, 1500]) {
        const second = profitableFrom(request, now, needed, native)!
        expect(second).to.be.at.least(now)
        expect(marketPriceAt(request, BigInt(second)) >= needed).to.equal(true)
        if (second > now) expect(marketPriceAt(request, BigInt(second - 1)) < needed).to.equal(true)
      }
    }
    expect(profitableFrom(request, 900, 1101n, native)).to.equal(undefined)
  })

  it('does not look beyond the deadline', () => {
    const short = { ...request, deadline: 1050n }
    expect(profitableFrom(short, 900, 600n, native)).to.equal(1050)
    expect(profitableFrom(short, 900, 601n, native)).to.equal(undefined)
  })

  it('gives the verifier its cap and the callback its gas behind the 63/64 of each call', () => {
    const [cap, callbackGas] = [360_000n, 1_000_000n]
    const { fulfill } = gasLimits({ ...request, callbackGas }, CLASSIFIER, cap)
    expect(((((fulfill - callbackGas - 200_000n) * 63n) / 64n) * 63n) / 64n >= cap).to.equal(true)
    const without = gasLimits(request, CLASSIFIER, cap).fulfill
    expect(((fulfill - without) * 63n) / 64n >= callbackGas).to.equal(true)
  })

  it('learns what gas transactions really use, callbacks apart', () => {
    const tracker = new GasTracker()
    const limits = { lock: 150_000n, fulfill: 1_000_000n }
    const expected = (callbackGas: bigint, chainId = 1) =>
      tracker.expected(chainId, 'm', { callbackGas }, limits).fulfill
    expect(expected(0n)).to.equal(800_000n)
    for (let i = 0; i < 100; i++) tracker.note(1, 'm', 'fulfill', i === 0 ? 500_000n : 600_000n, 0n)
    tracker.note(1, 'm', 'fulfill', 9_000_000n, 1n)
    const learned = expected(0n)
    expect(learned > 580_000n && learned <= 600_000n).to.equal(true)
    expect(expected(100_000n)).to.equal(learned + 100_000n)
    expect(expected(10_000_000n)).to.equal(limits.fulfill)
    expect(expected(0n, 2)).to.equal(800_000n)
  })
})
