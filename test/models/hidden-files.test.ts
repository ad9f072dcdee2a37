// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompiledModel } from '../../prover/pipeline'
import { evaluateProgram } from '../../prover/quantize'
import { compileBundled } from '../../scripts/bundle'
import { BUNDLED, modelFolder } from '../../scripts/bundled'
import { randomNumbers } from '../support/consumers'

for (const { name, size, highest } of [
  { name: 'credit-default', size: 17, highest: 4 },
  { name: 'tumour-screening', size: 30, highest: 1 },
]) {
  describe(`model on files that nobody sees: ${name}`, () => {
    let model: CompiledModel

    before(async () => {
      model = await compileBundled(BUNDLED.find((candidate) => candidate.name === name)!)
    })

    it('shows a commitment to its input and one small number, and nothing else', () => {
      const { schema, r1cs } = model.circuit
      expect(schema.inputs.map(({ shape, visibility }) => [shape, visibility])).to.deep.equal([[[1, size], 'hashed']])
      expect(schema.outputs).to.have.length(1)
      expect(schema.outputs[0]).to.include({ lo: 0n, exponent: 0, visibility: 'public' })
      // With the context.
      expect(r1cs.nPubOut + r1cs.nPubIn).to.equal(3)
    })

    it('gives every number that has a meaning and no other, whatever comes in', () => {
      const { lo, bits } = model.circuit.schema.inputs[0]!
      const random = randomNumbers(7)
      const run = (integers: readonly number[]): number =>
        Number(evaluateProgram(model.quantized, [Float64Array.from(integers)])[model.quantized.outputs[0]!.tensor]![0])
      const file = JSON.parse(readFileSync(join(modelFolder(name), 'samples.json'), 'utf8')) as {
        input_data: number[][]
      }
      const scale = 2 ** model.circuit.schema.inputs[0]!.exponent
      const known = file.input_data.map((row) => run(row.map((value) => value * scale)))
      const wild = Array.from({ length: 300 }, () =>
        run(Array.from({ length: size }, () => Number(lo) + random(2 ** bits))),
      )
      expect([...new Set(known)].sort()).to.deep.equal(Array.from({ length: highest + 1 }, (_, value) => value))
      expect(wild.every((value) => Number.isInteger(value) && value >= 0 && value <= highest)).to.equal(true)
    })

    it('has a card that states the committed circuit', () => {
      const card = readFileSync(join(modelFolder(name), 'card.md'), 'utf8')
      expect(card).to.include(`${model.circuit.r1cs.nConstraints.toLocaleString('en-US')} constraints`)
    })
  })
}

describe('features of credit-default', () => {
  it('are 17, none of them protected, and samples stay within their codes', () => {
    const read = (file: string): unknown => JSON.parse(readFileSync(join(modelFolder('credit-default'), file), 'utf8'))
    const features = read('features.json') as { name: string; codes?: string[] }[]
    expect(features).to.have.length(17)
    const protectedOnes = ['personal_status_and_sex', 'age_in_years', 'foreign_worker']
    expect(features.filter(({ name }) => protectedOnes.includes(name))).to.deep.equal([])
    const { input_data: rows } = read('samples.json') as { input_data: number[][] }
    for (const row of rows)
      features.forEach(({ codes }, i) => codes && expect(row[i]).to.be.within(0, codes.length - 1))
  })
})
