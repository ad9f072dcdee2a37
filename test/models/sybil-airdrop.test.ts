// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { quantizedOutputs, ReferenceModel } from '../../prover/quantize'
import { compileBundled } from '../../scripts/bundle'
import { BUNDLED } from '../../scripts/bundled'
import type { CompiledModel } from '../../prover/pipeline'
import { FLOOR, heldOutAccounts, THRESHOLD } from '../support/airdrop'

/** Features of which more may only raise the score, and those of which more may only lower it, as the card says. */
const RAISING = [0, 1, 3, 4, 5, 6]
const LOWERING = [9, 10, 11, 12, 13]
const HIGHEST = 1023

describe('model sybil-airdrop', () => {
  const held = heldOutAccounts()
  let model: CompiledModel
  let scores: readonly number[]

  const run = (features: readonly number[]) => quantizedOutputs(model.quantized, [Float64Array.from(features)])[0]![0]!

  before(async () => {
    model = await compileBundled(BUNDLED.find(({ name }) => name === 'sybil-airdrop')!)
    scores = held.input_data.map(run)
  })

  it('gives as integers what it gives as floats, on every held-out account', async () => {
    const runtime = await ReferenceModel.load(model.graph, model.onnx)
    try {
      const floats = await runtime.runAll(held.input_data.map((row) => [Float64Array.from(row)]))
      expect(floats.map((outputs) => outputs[0]![0]!)).to.deep.equal(scores)
    } finally {
      await runtime.close()
    }
  })

  it('moves in one direction with each feature that has one', () => {
    const wrong: string[] = []
    let moved = 0
    for (let i = 0; i < held.input_data.length; i += 29) {
      const row = held.input_data[i]!
      for (const [features, sign] of [
        [RAISING, 1],
        [LOWERING, -1],
      ] as const)
        for (const feature of features)
          for (const more of [1, 10, 100, HIGHEST]) {
            const other = run(row.map((value, k) => (k === feature ? Math.min(value + more, HIGHEST) : value)))
            if ((other - scores[i]!) * sign < 0) wrong.push(`feature ${feature} of ${row.join()}, ${more} more`)
            if (other !== scores[i]) moved++
          }
    }
    expect(wrong).to.deep.equal([])
    expect(moved).to.be.greaterThan(500)
  })

  it('ranks better than logistic regression on farms of known strategies, and well on the one it never saw', () => {
    const auc = (values: readonly number[], kept: (kind: string) => boolean) => {
      const rows = values.map((value, i) => ({ value, human: held.human[i]!, kind: held.kind[i]! }))
      const [people, sybils] = [
        rows.filter((row) => row.human === 1),
        rows.filter((row) => row.human === 0 && kept(row.kind)),
      ]
      const wins = people.reduce(
        (sum, { value }) =>
          sum +
          sybils.filter((one) => one.value < value).length +
          sybils.filter((one) => one.value === value).length / 2,
        0,
      )
      return wins / people.length / sybils.length
    }
    const isKnown = (kind: string) => kind !== 'relay'
    expect(auc(scores, isKnown)).to.be.greaterThan(auc(held.baseline, isKnown))
    expect(auc(scores, isKnown)).to.be.greaterThan(0.98)
    expect(auc(scores, (kind) => !isKnown(kind))).to.be.greaterThan(0.9)
  })

  it('leaves farms of the unseen strategy a chance, and most people no need to appeal', () => {
    const share = (least: number, kept: (i: number) => boolean) => {
      const some = scores.filter((_, i) => kept(i))
      return some.filter((score) => score >= least).length / some.length
    }
    expect(share(THRESHOLD, (i) => held.human[i] === 1)).to.be.greaterThan(0.95)
    expect(share(FLOOR, (i) => held.human[i] === 1)).to.be.greaterThan(0.98)
    expect(share(THRESHOLD, (i) => held.kind[i] === 'relay')).to.be.within(0.2, 0.5)
  })
})
