// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { bumpedFees, firstFees } from '../../../prover/service/submitter/fees'

const LIMITS = { maxFeePerGas: 1000n, bumpPercent: 10 }

describe('submitter: fees', () => {
  it('bids room for the base fee to double, within the cap', () => {
    expect(firstFees({ baseFee: 100n, tip: 7n }, LIMITS)).to.deep.equal({
      maxFeePerGas: 207n,
      maxPriorityFeePerGas: 7n,
    })
    expect(firstFees({ baseFee: 600n, tip: 7n }, LIMITS)).to.deep.equal({
      maxFeePerGas: 1000n,
      maxPriorityFeePerGas: 7n,
    })
    expect(firstFees({ baseFee: 1n, tip: 5000n }, LIMITS)!.maxPriorityFeePerGas).to.equal(1000n)
  })

  it('does not bid while the market is above the cap', () => {
    expect(firstFees({ baseFee: 999n, tip: 7n }, LIMITS)).not.to.equal(undefined)
    expect(firstFees({ baseFee: 1000n, tip: 7n }, LIMITS)).to.equal(undefined)
    expect(firstFees({ baseFee: null, tip: 1001n }, LIMITS)).to.equal(undefined)
    expect(firstFees({ baseFee: null, tip: 1000n }, LIMITS)!.maxFeePerGas).to.equal(1000n)
  })

  it('limits the tip of a first attempt, not that of replacements', () => {
    const limits = { ...LIMITS, maxPriorityFeePerGas: 3n }
    const first = firstFees({ baseFee: 100n, tip: 7n }, limits)!
    expect(first).to.deep.equal({ maxFeePerGas: 203n, maxPriorityFeePerGas: 3n })
    expect(bumpedFees(first, { baseFee: 100n, tip: 7n }, limits)!.maxPriorityFeePerGas).to.equal(4n)
  })

  it('raises both fees by the percentage, rounded up, or to the market', () => {
    const last = { maxFeePerGas: 201n, maxPriorityFeePerGas: 1n }
    expect(bumpedFees(last, { baseFee: 10n, tip: 1n }, LIMITS)).to.deep.equal({
      maxFeePerGas: 222n,
      maxPriorityFeePerGas: 2n,
    })
    expect(bumpedFees(last, { baseFee: 300n, tip: 9n }, LIMITS)).to.deep.equal({
      maxFeePerGas: 609n,
      maxPriorityFeePerGas: 9n,
    })
    const none = { maxFeePerGas: 201n, maxPriorityFeePerGas: 0n }
    expect(bumpedFees(none, { baseFee: 10n, tip: 0n }, LIMITS)!.maxPriorityFeePerGas).to.equal(1n)
  })

  it('does not raise beyond the cap, nor by less than nodes demand', () => {
    const market = { baseFee: 10n, tip: 1n }
    expect(bumpedFees({ maxFeePerGas: 909n, maxPriorityFeePerGas: 1n }, market, LIMITS)!.maxFeePerGas).to.equal(1000n)
    expect(bumpedFees({ maxFeePerGas: 910n, maxPriorityFeePerGas: 1n }, market, LIMITS)).to.equal(undefined)
    expect(bumpedFees({ maxFeePerGas: 100n, maxPriorityFeePerGas: 1n }, { baseFee: 1000n, tip: 1n }, LIMITS)).to.equal(
      undefined,
    )
  })

  it('raises a gas price as one', () => {
    const last = { maxFeePerGas: 100n, maxPriorityFeePerGas: 100n }
    expect(bumpedFees(last, { baseFee: null, tip: 50n }, LIMITS)).to.deep.equal({
      maxFeePerGas: 110n,
      maxPriorityFeePerGas: 110n,
    })
    expect(bumpedFees(last, { baseFee: null, tip: 500n }, LIMITS)!.maxFeePerGas).to.equal(500n)
  })
})
