// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readDashboard, type DashboardPanel } from '../../scripts/ops/files'

const COLUMNS = 24

function overlaps({ gridPos: a }: DashboardPanel, { gridPos: b }: DashboardPanel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

describe('the dashboard', () => {
  const dashboard = readDashboard()
  const { panels } = dashboard
  const shown = panels.filter(({ type }) => type !== 'row')

  it('has its rows', () => {
    const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title)
    expect(rows).to.deep.equal(['Overview', 'Proving', 'Chain', 'Transactions and accounts', 'HTTP', 'Process'])
    expect(dashboard.schemaVersion).to.be.at.least(39)
    expect(dashboard.uid).to.equal('zkml')
  })

  it('has panels that neither overlap nor share a number', () => {
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length)
    for (const { title, gridPos } of panels) expect(gridPos.x + gridPos.w, title).to.be.at.most(COLUMNS)
    const pairs = panels.flatMap((panel, i) => panels.slice(i + 1).map((other) => [panel, other] as const))
    const colliding = pairs
      .filter(([panel, other]) => overlaps(panel, other))
      .map((pair) => pair.map(({ title }) => title))
    expect(colliding).to.deep.equal([])
  })

  it('asks the data source that the reader chose', () => {
    expect(dashboard.templating.list[0]).to.include({ name: 'datasource', type: 'datasource' })
    for (const { title, datasource, targets = [] } of shown) {
      expect(targets, title).not.to.deep.equal([])
      expect(new Set(targets.map(({ refId }) => refId)).size, title).to.equal(targets.length)
      for (const { uid } of [datasource!, ...targets.map((target) => target.datasource)])
        expect(uid, title).to.equal('${datasource}')
    }
  })

  it('uses the variables that it has', () => {
    const known = new Set(dashboard.templating.list.map(({ name }) => name))
    for (const { title, targets = [] } of shown)
      for (const { expr } of targets)
        for (const [, name] of expr.matchAll(/\$(?!__)(\w+)/g)) expect([...known], title).to.include(name)
  })
})
