// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompiledModel } from '../../prover/pipeline'
import { evaluateProgram, parseSamples } from '../../prover/quantize'
import { compileBundled } from '../../scripts/bundle'
import { BUNDLED, modelFolder, type BundledModel } from '../../scripts/bundled'

const FEE_TOP = 10_000
const PIXEL_TOP = 15
const SIDE = 16

/** Multiplicative hash of Knuth: whole numbers from 0 to below 2^20, for inputs that nobody fitted anything to. */
const scrambled = (index: number) => Math.imul(index + 1, 2654435761) >>> 12

for (const { name, outputs, top, constraints, words } of [
  { name: 'fee-mlp', outputs: 1, top: FEE_TOP, constraints: 3_000, words: 2 },
  { name: 'sprite-decoder', outputs: SIDE * SIDE, top: PIXEL_TOP, constraints: 12_000, words: 6 },
  { name: 'reputation-score', outputs: 1, top: 1000, constraints: 3_000, words: 2 },
  { name: 'amm-spread', outputs: 1, top: FEE_TOP, constraints: 3_000, words: 3 },
  { name: 'sybil-airdrop', outputs: 1, top: 1000, constraints: 5_000, words: 2 },
  { name: 'flow-toxicity', outputs: 1, top: 10_000, constraints: 10_000, words: 2 },
  { name: 'contract-risk', outputs: 1, top: 1000, constraints: 3_000, words: 3 },
]) {
  describe(`model of a reference consumer: ${name}`, () => {
    const bundled: BundledModel = BUNDLED.find((candidate) => candidate.name === name)!
    let model: CompiledModel

    before(async () => {
      model = await compileBundled(bundled)
    })

    const run = (values: readonly number[]) =>
      Array.from(
        evaluateProgram(model.quantized, [Float64Array.from(values)])[model.quantized.outputs[0]!.tensor]!,
        Number,
      )
    const inputRange = () => {
      const { lo, bits } = model.circuit.schema.inputs[0]!
      return { lo: Number(lo), hi: Number(lo) + 2 ** bits - 1, size: model.circuit.schema.inputs[0]!.shape[1]! }
    }

    it('takes and gives public whole numbers, in few words', () => {
      const { schema, r1cs } = model.circuit
      for (const { exponent, visibility } of [...schema.inputs, ...schema.outputs]) {
        expect(exponent).to.equal(0)
        expect(visibility).to.equal('public')
      }
      expect(schema.outputs[0]!.lo).to.equal(0n)
      expect(schema.outputs[0]!.shape).to.deep.equal([1, outputs])
      expect(r1cs.nPubOut + r1cs.nPubIn).to.equal(words + 1)
      expect(r1cs.nConstraints).to.be.at.most(constraints)
    })

    it('gives no value beyond its range, whatever comes in', () => {
      const { lo, hi, size } = inputRange()
      const inputs = [lo, hi, 0].map((value) => new Array<number>(size).fill(value))
      for (let i = 0; i < size; i++) inputs.push(Array.from({ length: size }, (_, k) => (k === i ? hi : lo)))
      for (let i = 0; i < 200; i++)
        inputs.push(Array.from({ length: size }, (_, k) => lo + (scrambled(i * size + k) % (hi - lo + 1))))
      const seen = inputs.flatMap(run)
      expect(seen.every((value) => Number.isInteger(value) && value >= 0 && value <= top)).to.equal(true)
      const { ranges } = model.quantized.tensors[model.quantized.outputs[0]!.tensor]!
      expect(ranges.lo.every((value) => value >= 0n)).to.equal(true)
      expect(ranges.hi.every((value) => value <= BigInt(top))).to.equal(true)
    })

    if (name === 'sprite-decoder') {
      it('draws pictures that are their own mirror image, and differ with the seed', () => {
        const pictures = new Set<string>()
        for (let i = 0; i < 50; i++) {
          const pixels = run(Array.from({ length: 8 }, (_, k) => scrambled(i * 8 + k) % 16))
          const mirrored = pixels.map((_, at) => pixels[at - (at % SIDE) + (SIDE - 1 - (at % SIDE))]!)
          expect(pixels.join()).to.equal(mirrored.join())
          expect(Math.max(...pixels)).to.be.greaterThan(8)
          pictures.add(pixels.join())
        }
        expect(pictures.size).to.equal(50)
      })

      it('comes closer to held-out creatures than principal components do', () => {
        const text = readFileSync(bundled.heldOut, 'utf8')
        const { images } = JSON.parse(text) as { images: string[] }
        const { samples } = parseSamples(text, model.graph, bundled.heldOut)
        const errors = samples.flatMap((sample, i) =>
          run(Array.from(sample[0]!)).map((pixel, k) => Math.abs(pixel - parseInt(images[i]![k]!, 16))),
        )
        expect(errors.reduce((sum, error) => sum + error) / errors.length).to.be.lessThan(0.845)
      })
    }

    if (name === 'reputation-score') {
      it('never raises the score for a default or a late payment, nor lowers it for age, activity or a repayment', () => {
        const { hi, size } = inputRange()
        const better = [0, 1, 4]
        const worse = [5, 6]
        const samples = parseSamples(readFileSync(bundled.heldOut, 'utf8'), model.graph, bundled.heldOut).samples
        const rows = samples.slice(0, 100).map((sample) => Array.from(sample[0]!))
        for (let i = 0; i < 100; i++)
          rows.push(Array.from({ length: size }, (_, k) => scrambled(i * size + k) % (hi + 1)))
        let moved = 0
        const wrong: string[] = []
        for (const row of rows) {
          const [score] = run(row)
          for (const [features, sign] of [
            [better, 1],
            [worse, -1],
          ] as const) {
            for (const feature of features) {
              for (const more of [1, 20, hi]) {
                const [other] = run(row.map((value, k) => (k === feature ? Math.min(value + more, hi) : value)))
                if ((other! - score!) * sign < 0) wrong.push(`feature ${feature} of ${row.join()}`)
                if (other !== score) moved++
              }
            }
          }
        }
        expect(wrong).to.deep.equal([])
        expect(moved).to.be.greaterThan(500)
      })
    }

    if (name === 'fee-mlp') {
      it('asks a calm pool for less than a stormy one', () => {
        const flow = (move: number, volume: number) =>
          run(Array.from({ length: 16 }, (_, k) => (k % 2 ? volume : (k % 4 ? -1 : 1) * move)))[0]!
        expect(flow(20, 100)).to.be.lessThan(flow(150, 300))
        expect(flow(20, 100)).to.be.greaterThan(0)
      })
    }

    if (name === 'amm-spread') {
      const rows = () =>
        parseSamples(readFileSync(bundled.heldOut, 'utf8'), model.graph, bundled.heldOut).samples.map((sample) =>
          Array.from(sample[0]!),
        )
      const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!
      const volatility = (row: readonly number[]) => row.filter((_, k) => k % 5 === 2)

      it('asks calm pools for less than stormy ones', () => {
        const calm = rows().filter((row) => Math.max(...volatility(row)) < 100)
        const stormy = rows().filter((row) => volatility(row).reduce((sum, ticks) => sum + ticks) > 8 * 200)
        expect(Math.min(calm.length, stormy.length)).to.be.greaterThan(30)
        expect(2 * median(calm.flatMap(run))).to.be.lessThan(median(stormy.flatMap(run)))
      })

      it('is hardly moved in a calm by volume, trades and imbalance, in the last hour or in all', () => {
        const calm = rows().filter((row) => Math.max(...volatility(row)) < 100)
        const plain = median(calm.flatMap(run))
        const [top, bottom] = [() => 1023, () => -1024]
        // By digit of an hour: what somebody who trades with himself can make of it.
        const shapes: Record<number, (hour: number) => number>[] = [
          { 1: top },
          { 3: top },
          { 0: top, 1: top },
          { 0: bottom, 1: top },
          { 0: top, 1: top, 3: top },
          { 0: (hour) => (hour % 2 ? -1024 : 1023), 1: top, 3: top },
        ]
        for (const shape of shapes) {
          for (const hours of [1, 8]) {
            const shaped = calm.map((row) =>
              row.map((value, k) => (k < 5 * hours ? (shape[k % 5]?.(Math.floor(k / 5)) ?? value) : value)),
            )
            const moved = `digits ${Object.keys(shape).join()} of ${hours} hours`
            expect(median(shaped.flatMap(run)) / plain, moved).to.be.within(0.9, 1.1)
          }
        }
      })
    }

    if (name === 'flow-toxicity') {
      it('expects nothing of flow that prices do not follow, and more the further they do, at any size', () => {
        const flow = (markout: number, bucket: number) =>
          run(Array.from({ length: 24 }, (_, k) => (k % 2 ? bucket : markout)))[0]!
        for (const bucket of [5, 8, 12]) {
          expect(flow(-10, bucket)).to.be.lessThan(100)
          const scores = [0, 10, 20, 40, 80].map((markout) => flow(markout, bucket))
          expect(scores).to.deep.equal([...scores].sort((a, b) => a - b))
          expect(scores[0]).to.be.lessThan(200)
          expect(scores[3]).to.be.greaterThan(1000)
        }
      })
    }

    it('has a card that states the committed circuit', () => {
      const card = readFileSync(join(modelFolder(name), 'card.md'), 'utf8')
      expect(card).to.include(`${model.circuit.r1cs.nConstraints.toLocaleString('en-US')} constraints`)
    })
  })
}
