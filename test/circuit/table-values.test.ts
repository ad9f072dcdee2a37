// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { literalList } from '../../prover/circuit/gadget-source'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import { evaluateProgram, type Recipe, type StepRecipe } from '../../prover/quantize'
import { linkModel, quantizeModel } from '../support/linked-model'
import type { ModelSpec } from '../support/onnx-builder'

const withStep =
  (name: string, step: StepRecipe) =>
  (recipe: Recipe): Recipe => ({ ...recipe, steps: { ...recipe.steps, [name]: step } })

const SIGMOID: ModelSpec = {
  inputs: [{ name: 'x', shape: [1, 2] }],
  outputs: [{ name: 'y', shape: [1, 2] }],
  nodes: [{ op: 'Sigmoid', name: 's', inputs: ['x'], outputs: ['y'] }],
}

describe('table values', () => {
  it('are written digit by digit, not as doubles print', () => {
    expect(literalList([2 ** 60, -(2 ** 60), 0, 1])).to.equal('[1152921504606846976, -1152921504606846976, 0, 1]')
  })

  for (const exponent of [51, 60, 128, -1]) {
    it(`are refused at exponent ${exponent}, where doubles could not follow the circuit`, () => {
      expect(() => quantizeModel(SIGMOID, { recipe: withStep('s', { exponent }) }))
        .to.throw(/a table's is from 0 to 50/)
        .with.property('code', 'RECIPE_INVALID')
    })
  }

  it('hold in the circuit at the largest exponent', async () => {
    const model = await linkModel(SIGMOID, { recipe: withStep('s', { exponent: 50 }) })
    const generator = await WitnessGenerator.create(model.circuit)
    for (const q of [-32, -1, 0, 5, 31]) {
      const { values } = generator.generate({ inputs: [Float64Array.of(q, 31 - q > 31 ? 0 : 31 - q)], context: 0n })
      expect(firstUnsatisfiedRow(model.circuit.r1cs, values)).to.equal(undefined)
    }
  })
})

describe('tables of values that doubles do not hold', () => {
  const spec: ModelSpec = { ...SIGMOID, nodes: [{ op: 'Exp', name: 's', inputs: ['x'], outputs: ['y'] }] }

  for (const segmentBits of [6, undefined]) {
    it(`are computed in integers, ${segmentBits ? 'in segments' : 'entry by entry'}`, async () => {
      const bits = segmentBits ? 12 : 8
      const recipe = (given: Recipe): Recipe => ({
        ...given,
        steps: {
          's/argument': { exponent: bits - 5, clampLo: 0, clampBits: bits },
          s: { exponent: 50, ...(segmentBits && { segmentBits }) },
        },
      })
      // A part of the table: the gadget's own bounds are wider than the interval.
      const { circuit, quantized } = await linkModel(spec, {
        inputs: { x: { bits: bits - 2, lo: 2 ** (bits - 1) + 3, exponent: bits - 5 } },
        recipe,
      })
      const generator = await WitnessGenerator.create(circuit)
      const { lo } = quantized.inputs[0]!.recipe
      for (const at of [0, 1, 2 ** (bits - 2) - 1]) {
        const { values, tensors } = generator.generate({ inputs: [Float64Array.of(lo + at, lo)], context: 0n })
        expect(firstUnsatisfiedRow(circuit.r1cs, values)).to.equal(undefined)
        const { tensor } = quantized.outputs[0]!
        const { ranges } = quantized.tensors[tensor]!
        expect(BigInt(tensors[tensor]![0]!) <= ranges.hi[0]!).to.equal(true)
        expect(BigInt(tensors[tensor]![0]!) >= ranges.lo[0]!).to.equal(true)
      }
      // 2^52 and more is not for doubles, whose later sums are not exact.
      expect(evaluateProgram(quantized, [Float64Array.of(lo, lo)]).at(-1)).to.be.an('array')
    })
  }
})
