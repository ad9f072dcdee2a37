// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { auditCircuit } from '../../prover/circuit'
import { compileModel, compileReport } from '../../prover/pipeline'
import { buildModel } from '../support/onnx-builder'
import { smallMlp } from '../support/operator-bars'

/** Constraints of an MLP of 16-16-1 with 289 private weights, their commitment included. */
const BAR = 6_500

describe('private weights of an MLP', function () {
  this.timeout(60_000)

  it(`cost at most ${BAR} constraints, commitment included, and leave nothing undetermined`, async () => {
    const onnx = buildModel(smallMlp())
    const model = await compileModel(onnx, { inputs: { x: { range: [-1, 1] } }, weights: 'private' })
    const { parameters, constraints } = compileReport(model)
    expect(parameters).to.equal(289)
    expect(constraints).to.be.at.most(BAR)
    expect(auditCircuit(model.circuit)).to.include({ deterministic: true })
  })
})
