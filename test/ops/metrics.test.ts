// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { createMetrics } from '../../prover/service/metrics'
import { readDashboard, dashboardQueries, OPS } from '../../scripts/ops/files'
import { ADDED, groupings, placeholders, selectors } from './promql'

type Rule = {
  readonly alert?: string
  readonly expr: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** What prom-client keeps of a metric. */
type Known = { readonly name: string; readonly labelNames: readonly string[]; readonly type: string }

const RULES = (
  parse(readFileSync(join(OPS, 'prometheus', 'alerts.yaml'), 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[]
  }
).groups.flatMap(({ rules }) => rules)

/** Labels of every time series of the daemon, by its name; histograms are three. */
async function series(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { registry } = createMetrics()
  const found = new Map<string, readonly string[]>()
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    const { labelNames } = registry.getSingleMetric(name) as unknown as Known
    const names =
      (type as unknown as string) === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name]
    for (const each of names) found.set(each, labelNames)
  }
  return found
}

describe('metrics in alerts and dashboard', () => {
  let known: ReadonlyMap<string, readonly string[]>
  before(async () => {
    known = await series()
  })

  /** Labels that an expression, and the texts beside it, may speak of. */
  function check(expression: string, texts: readonly string[]): void {
    const uses = selectors(expression)
    const labels = new Set(ADDED)
    for (const { metric, labels: asked } of uses) {
      const own = known.get(metric)
      expect(own, `${metric} in ${expression}`).not.to.equal(undefined)
      for (const label of own!) labels.add(label)
      for (const label of asked) expect([...ADDED, ...own!], `${metric} in ${expression}`).to.include(label)
    }
    for (const label of [...groupings(expression), ...texts.flatMap(placeholders)]) {
      // A recorded series has the labels of its own rule.
      if (uses.length > 0) expect([...labels], expression).to.include(label)
    }
  }

  it('alerts name metrics and labels that there are', () => {
    expect(RULES).to.have.length.above(15)
    for (const { expr, annotations = {} } of RULES) check(expr, Object.values(annotations))
  })

  it('panels name metrics and labels that there are', () => {
    for (const { targets = [] } of readDashboard().panels)
      for (const { expr, legendFormat } of targets) check(expr, [legendFormat])
    for (const query of dashboardQueries()) check(query, [])
    for (const { definition } of readDashboard().templating.list) if (definition !== undefined) check(definition, [])
  })

  it('every metric of our own is shown or alerts', () => {
    const expressions = [...dashboardQueries(), ...RULES.map(({ expr }) => expr)]
    const used = new Set(expressions.flatMap(selectors).map(({ metric }) => metric))
    const own = [...known.keys()].filter((name) => !/^zkml_(process|nodejs)_/.test(name))
    const unused = own.filter((name) => ![...used].some((metric) => strip(metric) === strip(name)))
    expect(unused).to.deep.equal([])
  })
})

function strip(name: string): string {
  return name.replace(/_(bucket|sum|count)$/, '')
}
