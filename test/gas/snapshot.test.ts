// SPDX-License-Identifier: GPL-3.0-or-later

import { reset, takeSnapshot, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeUninstrumented } from '../support/coverage'
import { GAS_CASES, gasWorld } from './cases'
import { compareSnapshots, type GasSnapshot } from './compare'

const FILE = join(__dirname, 'snapshot.json')
/** Clocks, like addresses, are part of calldata: every run begins on a new chain at the same time, 2100-01-01. */
const START = 4_102_444_800n

describeUninstrumented('gas', () => {
  // Other tests go on as if nothing had been: they take their own fixtures.
  after(() => reset())

  it('is what test/gas/snapshot.json says', async () => {
    await reset()
    await time.increaseTo(START)
    const world = await gasWorld()
    const measured: Record<string, number> = {}
    for (const [name, run] of Object.entries(GAS_CASES).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const before = await takeSnapshot()
      const result = await run(world)
      const gas = typeof result === 'bigint' ? result : (await result.wait())!.gasUsed
      measured[name] = Number(gas)
      await before.restore()
    }
    if (process.env['UPDATE_GAS_SNAPSHOT'] !== undefined) {
      writeFileSync(FILE, `${JSON.stringify(measured, null, 2)}\n`)
      return
    }
    const committed = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as GasSnapshot) : {}
    const differences = compareSnapshots(committed, measured)
    expect(differences, ['Gas changed. If it should: npm run snapshot, and commit.', ...differences].join('\n')).to.be
      .empty
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
