// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { projectFolder } from '../../prover/project'
import { checkConfig, parseAmount } from '../../prover/service/config'
import { OPS } from '../../scripts/ops/files'

type Alert = {
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string }
}

const FILE = readFileSync(join(OPS, 'prometheus', 'alerts.yaml'), 'utf8')
const RUNBOOK = readFileSync(join(projectFolder(), 'docs', 'operating.md'), 'utf8')
const ALERTS = (parse(FILE) as { readonly groups: readonly { readonly rules: readonly Alert[] }[] }).groups
  .flatMap(({ rules }) => rules)
  .filter(({ alert }) => alert !== undefined)

describe('alerts', () => {
  it('have names of their own, a severity, and say what is wrong', () => {
    const names = ALERTS.map(({ alert }) => alert!)
    expect(new Set(names).size).to.equal(names.length)
    for (const { alert, labels, annotations } of ALERTS) {
      expect(alert).to.match(/^Zkml[A-Z]/)
      expect(labels.severity, alert).to.be.oneOf(['critical', 'warning'])
      expect(annotations.summary, alert).to.match(/^\S.*[^.]$/)
      expect(annotations.description, alert).to.match(/^\S.*\.$/)
    }
  })

  it('each have a section of the runbook, and it has no other', () => {
    const sections = [...RUNBOOK.matchAll(/^### (Zkml\w+)$/gm)].map(([, name]) => name!)
    expect([...sections].sort()).to.deep.equal(ALERTS.map(({ alert }) => alert!).sort())
    for (const { alert, annotations } of ALERTS)
      expect(annotations.runbook_url).to.equal(`docs/operating.md#${alert!.toLowerCase()}`)
    for (const section of RUNBOOK.split(/^### /m).slice(1))
      for (const part of ['*What it means.*', '*How to see.*', '*What to do.*'])
        expect(section, section.split('\n')[0]).to.include(part)
  })

  it('each have a test', () => {
    const tests = readFileSync(join(OPS, 'prometheus', 'tests', 'alerts.test.yaml'), 'utf8')
    for (const { alert } of ALERTS) expect(tests).to.include(alert)
  })

  it('have the thresholds of the settings that they follow', () => {
    const expressionOf = (name: string) => ALERTS.find(({ alert }) => alert === name)!.expr
    const chain = { chainId: 1, rpc: ['http://127.0.0.1:8545'], coordinator: `0x${'11'.repeat(20)}` }
    const { artefacts, chains } = checkConfig({ chains: [chain] })
    const alarm = Number(/< ([\d.]+)$/.exec(expressionOf('ZkmlBalanceLow'))![1])
    expect(parseAmount(`${alarm} ether`)).to.equal(parseAmount(chains[0]!.balanceAlarm))
    expect(expressionOf('ZkmlArtefactsFilling')).to.include(`0.9 * ${artefacts.maxStoreMegabytes} * 1048576`)
  })
})
