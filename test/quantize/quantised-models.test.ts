// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import { checkInput, checkSamples, compileModel } from '../../prover/pipeline'
import { compiler } from '../support/linked-model'
import { seededRandom } from '../support/onnx-builder'

const FOLDER = join(__dirname, '..', 'fixtures', 'onnx')

/** Made by test/fixtures/onnx/quantised.py. */
const MODELS = { 'quantised-qdq': 'QuantizeLinear', 'quantised-qoperator': 'QGemm' }

describe("quantize: models of onnxruntime's quantiser", () => {
  for (const [name, op] of Object.entries(MODELS)) {
    it(`compiles ${name}, whose circuit agrees with onnxruntime`, async () => {
      const onnx = readFileSync(join(FOLDER, `${name}.onnx`))
      expect(parseModel(onnx).nodes.map(({ onnxOp }) => onnxOp)).to.include(op)
      const random = seededRandom(5)
      const samples = Array.from({ length: 60 }, () => [Float64Array.from({ length: 16 }, () => 2 * random() - 1)])
      const model = await compileModel(onnx, { samples: { samples: samples.slice(0, 40) }, compiler })
      expect(model.calibration?.meetsTarget).to.equal(true)

      const run = await checkInput(model, samples.at(-1)!)
      expect(run.satisfied).to.equal(true)

      const fresh = await checkSamples(model, { samples: samples.slice(40) })
      expect(fresh.argmaxAgreement).to.be.at.least(0.9)
      expect(fresh.relativeError).to.be.below(0.05)
    })
  }
})
