// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { auditCircuit } from '../../prover/circuit'
import { compileModel, compileReport } from '../../prover/pipeline'
import { buildModel, floats } from '../support/onnx-builder'

/** Constraints of an MLP of 16-16-1 with 289 private weights, their commitment included. */
const BAR = 6_500

describe('private weights of an MLP', function () {
  this.timeout(60_000)

  it(`cost at most ${BAR} constraints, commitment included, and leave nothing undetermined`, async () => {
    const onnx = buildModel({
      inputs: [{ name: 'x', shape: ['N', 16] }],
      outputs: [{ name: 'y', shape: ['N', 1] }],
      nodes: [
        { op: 'Gemm', name: 'dense1', inputs: ['x', 'w1', 'b1'], outputs: ['h'], attributes: { transB: 1 } },
        { op: 'Relu', name: 'relu1', inputs: ['h'], outputs: ['r'] },
        { op: 'Gemm', name: 'dense2', inputs: ['r', 'w2', 'b2'], outputs: ['y'], attributes: { transB: 1 } },
      ],
      initializers: { w1: floats([16, 16], 1), b1: floats([16], 2), w2: floats([1, 16], 3), b2: floats([1], 4) },
    })
    const model = await compileModel(onnx, { inputs: { x: { range: [-1, 1] } }, weights: 'private' })
    const { parameters, constraints } = compileReport(model)
    expect(parameters).to.equal(289)
    expect(constraints).to.be.at.most(BAR)
    expect(auditCircuit(model.circuit)).to.include({ deterministic: true })
  })
})
