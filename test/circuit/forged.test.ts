// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { modulo } from '../../prover/binfile'
import { auditWires, type Gadget } from '../../prover/circuit'
import { GADGET_CASES, titleOf } from '../support/gadget-cases'
import { allSolutions, type Solutions } from '../support/exhaustive'
import { GadgetLab, range, withoutRow, type Row } from '../support/gadget-lab'
import { forgeries } from '../support/forger'

/** Rows up to which every one is left out once. */
const MUTATION_ROWS = 90

/** Inputs tried per mutated gadget; the search is exponential. */
const MUTATION_INPUTS = 8

/**
 * Rows that another row implies, so that dropping one of the two changes nothing. Where there are two selectors s and
 * 1 − s, one is boolean exactly when the other is: the template states it twice.
 */
const REDUNDANT: Readonly<Record<string, readonly number[]>> = {
  'Table(2, values)': [0, 1, 2, 3],
  'Table(3, values)': [0, 1],
  'TableLinear(2, 1, values, values)': [0, 1, 2, 3],
  'TableLinear(3, 2, values, values)': [0, 1],
  'OneHot(2)': [0, 1],
}

describe('forged witnesses', function () {
  this.timeout(120_000)

  for (const { gadget, accepts, refuses, small } of GADGET_CASES) {
    describe(titleOf(gadget), () => {
      let lab: GadgetLab
      before(async () => (lab = await GadgetLab.create(gadget)))

      if (small) {
        it('has exactly one witness for inputs it takes: an exhaustive search finds no other', () => {
          for (const inputs of accepts) {
            const honest = lab.witness(inputs)
            const { found, open } = solve(lab, lab.rows, inputs)
            expect(open).to.equal(false)
            expect(found).to.deep.equal([lab.free.map((wire) => honest[wire])])
          }
        })

        it('has none at all for inputs it refuses', () => {
          for (const inputs of refuses)
            expect(solve(lab, lab.rows, inputs), String(inputs)).to.deep.equal({ found: [], open: false })
        })

        it('needs every row: without it the audit or a forger has something to say', () => {
          const unnoticed: number[] = []
          lab.rows.forEach((_, row) => {
            const { deterministic } = auditWires(withoutRow(lab.r1cs, row), lab.inputs)
            const rest = lab.rows.filter((__, other) => other !== row)
            const many = accepts.slice(0, MUTATION_INPUTS).some((inputs) => isMany(solve(lab, rest, inputs)))
            const wrong = refuses.slice(0, MUTATION_INPUTS).some((inputs) => isAny(solve(lab, rest, inputs)))
            // The audit is sound: it never vouches for rows that leave a choice.
            if (many) expect(deterministic, `row ${row}`).to.equal(false)
            if (deterministic && !wrong) unnoticed.push(row)
          })
          expect(unnoticed).to.deep.equal(REDUNDANT[titleOf(gadget)] ?? [])
        })
      }

      if (!small && isSmallestOfItsKind(gadget))
        it('needs every row, the audit finds', () => {
          const unnoticed = range(0, lab.rows.length).filter(
            (row) => auditWires(withoutRow(lab.r1cs, row), lab.inputs).deterministic,
          )
          expect(unnoticed).to.deep.equal(REDUNDANT[titleOf(gadget)] ?? [])
        })

      it('has no other witness within two changed wires and all that can be repaired', () => {
        const large = lab.rows.length > 60
        for (const inputs of accepts.slice(-(large ? 1 : 4))) {
          const honest = lab.witness(inputs)
          for (const forged of forgeries(lab, honest, large ? 12 : 80)) expect(lab.satisfied(forged)).to.equal(false)
        }
      })
    })
  }
})

/** Wide gadgets have the rows of narrow ones, only more of them. */
function isSmallestOfItsKind({ template, rows }: Gadget): boolean {
  return (
    rows <= MUTATION_ROWS || GADGET_CASES.every(({ gadget }) => gadget.template !== template || gadget.rows >= rows)
  )
}

function solve(lab: GadgetLab, rows: readonly Row[], inputs: readonly bigint[]): Solutions {
  const known = new Map([[0, 1n]])
  lab.inputs.forEach((wire, i) => known.set(wire, modulo(inputs[i]!)))
  return allSolutions(rows, known, lab.free)
}

const isMany = ({ found, open }: Solutions) => open || found.length > 1
const isAny = ({ found, open }: Solutions) => open || found.length > 0
