// SPDX-License-Identifier: GPL-3.0-or-later

import { assembleCircuit, auditCircuit, type GadgetCompiler } from '../../prover/circuit'
import { quantizeInput } from '../../prover/quantize'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import { verdictOf, type Passed, type Verdict } from './evaluate'

/** Builds the circuit of a case that passed, fills it with the case's input, checks every row, and audits it. */
export async function checkCircuit({ quantized, sample }: Passed, compiler: GadgetCompiler): Promise<Verdict> {
  try {
    const circuit = await assembleCircuit(quantized, compiler)
    const generator = await WitnessGenerator.create(circuit)
    const inputs = quantized.inputs.map(({ recipe }, i) => quantizeInput(recipe, sample[i]!))
    const witness = generator.generate({ inputs, context: 0n })
    const row = firstUnsatisfiedRow(circuit.r1cs, witness.values)
    if (row !== undefined) return { status: 'wrong', reason: `its witness breaks row ${row} of the circuit` }
    const [unreached] = auditCircuit(circuit).unreached
    if (unreached === undefined) return { status: 'pass' }
    const { gadget, origin } = unreached
    return { status: 'wrong', reason: `the audit does not reach wire ${unreached.wire} of ${gadget} in ${origin.node}` }
  } catch (error) {
    return verdictOf(error)
  }
}
