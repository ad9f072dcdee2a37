// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import fc from 'fast-check'
import { GADGET_CASES, titleOf } from '../support/gadget-cases'
import { FUZZED_TEMPLATES, gadgetOf } from '../support/gadget-families'
import { fuzzGadget } from '../support/gadget-fuzz'
import { GadgetLab } from '../support/gadget-lab'

/** Wider gadgets are left to `npm run fuzz`. */
const MOST_ROWS = 60

describe('fuzzed gadgets', function () {
  this.timeout(60_000)

  for (const item of GADGET_CASES.filter(({ gadget }) => gadget.rows <= MOST_ROWS)) {
    it(`${titleOf(item.gadget)}: no forged witness passes`, async () => {
      const lab = await GadgetLab.create(item.gadget)
      const result = fuzzGadget(lab, item, { seed: 7, numRuns: 40 })
      expect(result.failed, fc.defaultReportMessage(result)).to.equal(false)
    })
  }

  it('finds a forged witness of every gadget that lacks some row', async () => {
    const smallest = FUZZED_TEMPLATES.map((name) => GADGET_CASES.find(({ gadget }) => gadget.template === name)!)
    for (const item of smallest) {
      const lab = await GadgetLab.create(item.gadget)
      // What only bounds its input leaves nothing to choose; Poseidon is too wide for this.
      if (lab.free.length === 0 || lab.rows.length > MOST_ROWS) continue
      const found = lab.rows.some((_, row) => fuzzGadget(lab.without(row), item, { seed: 7, numRuns: 200 }).failed)
      expect(found, titleOf(item.gadget)).to.equal(true)
    }
  })

  it('takes the gadget that a seed names, and no other', () => {
    for (const name of FUZZED_TEMPLATES) {
      expect(gadgetOf(name, 5).gadget).to.deep.equal(gadgetOf(name, 5).gadget)
      expect(gadgetOf(name, 5).gadget.template).to.equal(name)
    }
  })
})
