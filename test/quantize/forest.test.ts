// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { auditCircuit } from '../../prover/circuit'
import { evaluateProgram } from '../../prover/quantize'
import { WitnessGenerator, firstUnsatisfiedRow } from '../../prover/witness'
import { linkModel, sampleInputs } from '../support/linked-model'
import { boostedForest } from '../support/operator-bars'

describe('quantize: a forest of 100 trees of depth 4 on 20 features', function () {
  this.timeout(120_000)

  it('takes less than 5,000 constraints, which the audit and a witness accept', async () => {
    const { quantized, circuit, graph } = await linkModel(boostedForest(), {
      inputs: { x: { bits: 12, exponent: 10, lo: -2048 } },
    })
    expect(circuit.r1cs.nConstraints).to.be.below(5000)
    expect(auditCircuit(circuit).unreached).to.deep.equal([])
    const generator = await WitnessGenerator.create(circuit)
    for (const inputs of sampleInputs(
      quantized.inputs.map(({ recipe }) => recipe),
      graph,
      4,
    )) {
      const witness = generator.generate({ inputs, context: 5n })
      expect(firstUnsatisfiedRow(circuit.r1cs, witness.values)).to.equal(undefined)
      expect(evaluateProgram(quantized, inputs)).to.have.length(quantized.tensors.length)
    }
  })
})
