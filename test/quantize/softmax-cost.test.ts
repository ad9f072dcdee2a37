// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { priceProgram, toolVersions } from '../../prover/circuit'
import { parseModel } from '../../prover/onnx'
import { buildProgram, calibrate, inputRecipe, quantizeProgram } from '../../prover/quantize'
import { evaluateGraph } from '../support/graph-evaluator'
import { buildModel, seededRandom } from '../support/onnx-builder'
import { softmaxOver } from '../support/operator-bars'

describe('calibrated softmax', () => {
  for (const { n, offset } of [
    { n: 8, offset: 0 },
    { n: 10, offset: 10_000 },
  ])
    it(`of ${n} logits around ${offset} takes at most 90·n + 100 constraints, within 1%`, () => {
      const graph = parseModel(buildModel(softmaxOver(n)))
      const random = seededRandom(n)
      const samples = Array.from({ length: 16 }, () => [
        Float64Array.from({ length: n }, () => offset + 8 * random() - 4),
      ])
      // Softmax does not change when its logits move together, which keeps the evaluator's plain exponentials finite.
      const reference = samples.map(([x]) => [
        evaluateGraph(graph, { x: x!.map((value) => value - offset) }).get('y')!.data,
      ])
      const program = buildProgram(graph)
      const { recipe, accuracy } = calibrate({
        program,
        inputs: [
          inputRecipe(
            'x',
            samples.map(([x]) => x!),
            {},
          ),
        ],
        outputs: [{ name: 'y', visibility: 'public' }],
        tools: toolVersions(),
        samples,
        reference,
        costModel: priceProgram,
      })
      // The layer itself, without the range checks of the model's inputs.
      const { steps } = priceProgram(quantizeProgram(program, recipe))
      const constraints = steps.reduce((sum, step) => sum + step.constraints, 0)
      expect(constraints).to.be.at.most(90 * n + 100)
      expect(accuracy.meanErrorOfRange).to.be.at.most(0.01)
    })
})
