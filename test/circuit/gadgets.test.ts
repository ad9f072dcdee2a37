// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { auditWires } from '../../prover/circuit'
import { centred } from '../../prover/circuit/audit/system'
import { Combination, ConstraintBuilder } from '../../prover/circuit/constraint-builder'
import { bitLength } from '../../prover/quantize'
import { GADGET_CASES, titleOf } from '../support/gadget-cases'
import { GadgetLab, range } from '../support/gadget-lab'

describe('gadgets', function () {
  this.timeout(60_000)

  for (const { gadget, accepts, compute, refuses } of GADGET_CASES) {
    describe(titleOf(gadget), () => {
      let lab: GadgetLab
      before(async () => (lab = await GadgetLab.create(gadget)))

      it('has as many rows as it is priced at', () => {
        expect(lab.r1cs.nConstraints).to.equal(gadget.rows)
      })

      it(`computes the right outputs, satisfied, at ${accepts.length} points`, () => {
        for (const inputs of accepts) {
          const witness = lab.witness(inputs)
          const expected = compute(inputs).map((value) => centred(value))
          expect(lab.outputs.map((wire) => centred(witness[wire]!))).to.deep.equal(expected)
          expect(lab.satisfied(witness)).to.equal(true)
        }
      })

      it('keeps its outputs in the intervals it guarantees', () => {
        for (const inputs of accepts) {
          compute(inputs).forEach((value, i) => {
            const interval = gadget.guarantees[i]
            if (interval)
              expect(value >= interval.lo && value <= interval.hi, `${inputs} gives ${value}`).to.equal(true)
          })
        }
      })

      if (refuses.length > 0)
        it('has no witness just outside the interval it requires', () => {
          for (const inputs of refuses) expect(lab.accepts(inputs), String(inputs)).to.equal(false)
        })

      it('still works after a refusal', () => {
        for (const inputs of refuses.slice(0, 1)) lab.accepts(inputs)
        expect(lab.accepts(accepts[0]!)).to.equal(true)
      })

      it('is determined by its inputs, the audit finds', () => {
        expect(auditWires(lab.r1cs, lab.inputs)).to.deep.equal({ deterministic: true, unreached: [] })
      })

      it('is determined where its inputs are long combinations of many wires', () => {
        const { inputCount } = lab.compiled
        const width = 10 * inputCount
        const builder = new ConstraintBuilder({ outputs: 0, publicInputs: 0, privateInputs: width })
        const inputs = range(0, inputCount).map((input) =>
          range(1, width).reduce(
            (sum, wire) => sum.add(wire, BigInt(wire * (input + 3) - 70)),
            Combination.constant(9n),
          ),
        )
        builder.instantiate(lab.compiled, inputs, titleOf(gadget))
        expect(auditWires(builder.finish(), range(1, width)).unreached).to.deep.equal([])
      })

      it('handles no integer of 2^252 or more', () => {
        for (const { lo, hi } of gadget.requires) expect(bitLength(hi - lo)).to.be.at.most(252)
      })
    })
  }
})
