// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRecipe, evaluateProgram, type QuantizedProgram } from '../../prover/quantize'
import { quantizeModel } from '../../prover/pipeline'
import { modelFolder } from '../../scripts/bundled'
import { randomNumbers } from '../support/consumers'
import { bundledRegistration } from '../support/reference-models'

const NOISE = 126
const CLASSES = 4
const CHANNELS = 14 * 14 * 3
const read = (file: string): string => readFileSync(join(modelFolder('sprite-diffusion'), file), 'utf8')

describe('model of diffusion sprites', () => {
  let quantized: QuantizedProgram

  before(() => {
    const onnx = readFileSync(join(modelFolder('sprite-diffusion'), 'model.onnx'))
    quantized = quantizeModel(onnx, parseRecipe(read('recipe.json')))
  })

  const run = (digits: readonly number[]) =>
    Array.from(evaluateProgram(quantized, [Float64Array.from(digits)])[quantized.outputs[0]!.tensor]!, Number)
  const choice = (class_: number) => Array.from({ length: CLASSES }, (_, k) => (k === class_ ? 1 : 0))

  it('takes noise and class in three words and gives a picture in ten, all public', () => {
    const { inputs, outputs } = bundledRegistration('sprite-diffusion').ioSchema
    expect(inputs).to.have.length(1)
    expect(inputs[0]).to.deep.include({
      shape: [1, NOISE + CLASSES],
      lo: 0n,
      bits: 4,
      exponent: 0,
      visibility: 'public',
    })
    expect(outputs).to.have.length(1)
    expect(outputs[0]).to.deep.include({ shape: [1, CHANNELS], lo: 0n, bits: 4, exponent: 0, visibility: 'public' })
  })

  it('gives no channel beyond its range, whatever comes in', () => {
    const random = randomNumbers(5)
    const inputs = [0, 15].map((value) => new Array<number>(NOISE + CLASSES).fill(value))
    for (let i = 0; i < 40; i++) inputs.push(Array.from({ length: NOISE + CLASSES }, () => random(16)))
    for (const pixels of inputs.map(run))
      expect(pixels.every((value) => Number.isInteger(value) && value >= 0 && value <= 15)).to.equal(true)
    const { ranges } = quantized.tensors[quantized.outputs[0]!.tensor]!
    expect(ranges.lo.every((value) => value >= 0n)).to.equal(true)
    expect(ranges.hi.every((value) => value <= 15n)).to.equal(true)
  })

  it('paints another picture of other noise, and of another class', () => {
    const random = randomNumbers(6)
    const pictures = new Set<string>()
    for (let i = 0; i < 20; i++) {
      const noise = Array.from({ length: NOISE }, () => random(16))
      for (let class_ = 0; class_ < CLASSES; class_++) {
        const pixels = run([...noise, ...choice(class_)])
        // The corners are background, close to #ddd.
        expect(Math.abs(pixels[0]! - 13)).to.be.at.most(3)
        pictures.add(pixels.join())
      }
    }
    expect(pictures.size).to.equal(20 * CLASSES)
  })

  it('knows each head once, and has a card that states the committed circuit', () => {
    const classes = JSON.parse(read('classes.json')) as Record<string, string[]>
    expect(Object.values(classes).map((heads) => heads.length)).to.deep.equal([51, 44, 31, 128])
    expect(new Set(Object.values(classes).flat()).size).to.equal(254)
    const { constraints, publicSignals } = JSON.parse(read('circuit.json')) as Record<string, number>
    expect(read('card.md')).to.include(
      `${constraints!.toLocaleString('en-US')} constraints, ${publicSignals} public signals`,
    )
  })
})
