// SPDX-License-Identifier: GPL-3.0-or-later

import { reset } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeUninstrumented } from '../support/coverage'
import { compareSnapshots, withGasTable, type GasSnapshot } from './compare'
import { measureGas } from './measure'

const GUIDE = join(__dirname, '..', '..', 'docs', 'integrators.md')
const FILE = join(__dirname, 'snapshot.json')
describeUninstrumented('gas', () => {
  // Other tests go on as if nothing had been: they take their own fixtures.
  after(() => reset())

  it('is what test/gas/snapshot.json says', async () => {
    const measured = await measureGas()
    if (process.env['UPDATE_GAS_SNAPSHOT'] !== undefined) {
      writeFileSync(FILE, `${JSON.stringify(measured, null, 2)}\n`)
      writeFileSync(GUIDE, withGasTable(readFileSync(GUIDE, 'utf8'), measured))
      return
    }
    const committed = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as GasSnapshot) : {}
    const differences = compareSnapshots(committed, measured)
    expect(differences, ['Gas changed. If it should: npm run snapshot, and commit.', ...differences].join('\n')).to.be
      .empty
  })
})

describe('the gas table of docs/integrators.md', () => {
  it('has the figures of test/gas/snapshot.json', () => {
    const guide = readFileSync(GUIDE, 'utf8')
    expect(guide).to.equal(withGasTable(guide, JSON.parse(readFileSync(FILE, 'utf8')) as GasSnapshot))
    expect(() => withGasTable('no table', {})).to.throw('There is no gas table.')
  })
})

describe('a difference between snapshots', () => {
  it('names old, new and percent, what is new and what is gone', () => {
    expect(compareSnapshots({ a: 1000, b: 2, c: 3 }, { a: 1100, b: 2, d: 4 })).to.deep.equal([
      'a: 1000 → 1100 (+10.00%)',
      'c: 3 → gone',
      'd: new → 4',
    ])
    expect(compareSnapshots({ a: 1000 }, { a: 999 })).to.deep.equal(['a: 1000 → 999 (-0.10%)'])
    expect(compareSnapshots({ a: 1 }, { a: 1 })).to.deep.equal([])
  })
})
