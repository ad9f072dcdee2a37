// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { readArchive, type Case } from '../../scripts/conformance/archive'
import { readSummary } from '../../scripts/conformance/baseline'
import { checkCircuit } from '../../scripts/conformance/circuit'
import { compareOutput } from '../../scripts/conformance/compare'
import { differencesFrom } from '../../scripts/conformance/differences'
import { runCase, type Verdict } from '../../scripts/conformance/evaluate'
import { complaintsOf, summarise, totalsOf } from '../../scripts/conformance/report'
import { compiler } from '../support/linked-model'

describe('conformance with the node tests of ONNX', function () {
  this.timeout(600_000)
  const { onnx, cases } = readArchive()
  const expected = readSummary()
  const verdicts = new Map<string, Verdict>()
  // A part of them, the same each time, without those that take long; `npm run conformance` runs them all.
  const long = new Set(Object.values(expected.operators).flatMap(({ failed }) => Object.keys(failed)))
  const chosen = cases.filter(({ name }, i) => i % 6 === 0 && !long.has(name) && !/3d|lppool|lrn/.test(name))

  before(() => {
    for (const testCase of chosen) verdicts.set(testCase.name, runCase(testCase, Infinity).verdict)
  })

  it('has no wrong answer and no crash', () => {
    const defects = [...verdicts].filter(([, { status }]) => status !== 'pass' && status !== 'unsupported')
    expect(defects).to.deep.equal([])
  })

  it('passes what it passed when expected.json was written', () => {
    const recorded = Object.values(expected.operators).flatMap(({ passed }) => passed)
    const ran = recorded.filter((name) => verdicts.has(name))
    expect(ran).to.have.length.above(100)
    expect(ran.filter((name) => verdicts.get(name)!.status !== 'pass')).to.deep.equal([])
  })

  it('counts the cases that expected.json counts', () => {
    const counted = Object.entries(expected.operators).map(([op, { counted }]) => [op, counted])
    const operators = summarise(onnx, cases.map(unsupportedResult)).operators
    expect(expected.onnx).to.equal(onnx)
    expect(counted).to.deep.equal(Object.entries(operators).map(([op, { counted }]) => [op, counted]))
  })

  it('builds, fills and audits circuits of cases', async () => {
    for (const name of ['test_add_bcast', 'test_clip_example', 'test_argmax_keepdims_example']) {
      const { passed } = runCase(
        cases.find((testCase) => testCase.name === name)!,
        Infinity,
      )
      expect(await checkCircuit(passed!, compiler), name).to.deep.equal({ status: 'pass' })
    }
  })

  it('tells values outside the tolerance', () => {
    const [testCase] = cases.filter(({ name }) => name === 'test_add')
    const output = (type: string, values: readonly number[]) => ({
      ...testCase!.outputs[0]!,
      type,
      data: Float64Array.from(values),
    })
    const differs = (type: string, values: readonly number[], actual: readonly number[]) =>
      compareOutput(testCase!, output(type, values), Float64Array.from(actual)) !== undefined
    expect(differs('float32', [0, 1], [0.0099, 1])).to.equal(false)
    expect(differs('float32', [0, 1], [0.0101, 1])).to.equal(true)
    expect(differs('float32', [0, 0], [2 ** -8, 0])).to.equal(false)
    expect(differs('float32', [0, 0], [2 ** -7, 0])).to.equal(true)
    expect(differs('float32', [Infinity, 0], [1e30, 0])).to.equal(true)
    expect(differs('float32', [NaN, 0], [0, 0])).to.equal(true)
    expect(differs('int64', [0, 1000], [1, 1000])).to.equal(true)
  })

  it('fails for wrong answers and crashes, and below the bar', () => {
    const verdict = (status: Verdict['status']) => ({ ...unsupportedResult(cases[0]!), verdict: { status } })
    const complaints = (...statuses: Verdict['status'][]) => complaintsOf(totalsOf(statuses.map(verdict)), true)
    expect(complaints('pass')).to.deep.equal([])
    expect(complaints('pass', 'unsupported')).to.have.length(1)
    expect(complaints(...new Array<'pass'>(40).fill('pass'), 'wrong')).to.deep.equal(['wrong answers: 1'])
    expect(complaints(...new Array<'pass'>(40).fill('pass'), 'crash')).to.deep.equal(['crashes: 1'])
  })

  it('lists the cases that ended in another way than recorded', () => {
    const [first, second, third] = cases
    const ended = (testCase: Case, verdict: Verdict) => ({ case: testCase, verdict, milliseconds: 0 })
    const unsupported = (code: string) => ({ status: 'unsupported', code }) as const
    const recorded = summarise(onnx, [
      ended(first!, { status: 'pass' }),
      ended(second!, unsupported('ONE')),
      ended(third!, { status: 'slow' }),
    ])
    const differences = (...endings: [Case | undefined, Verdict][]) =>
      differencesFrom(
        recorded,
        endings.map(([testCase, verdict]) => ended(testCase!, verdict)),
      )
    expect(differences([first, { status: 'pass' }], [second, unsupported('ONE')])).to.deep.equal([])
    expect(differences([first, { status: 'slow' }])).to.deep.equal([`worse  ${first!.name}: was pass, is slow`])
    expect(differences([second, { status: 'pass' }])).to.deep.equal([`better  ${second!.name}: was ONE, is pass`])
    expect(differences([second, unsupported('TWO')])).to.deep.equal([`changed  ${second!.name}: was ONE, is TWO`])
    expect(differences([third, { status: 'wrong' }])).to.deep.equal([`worse  ${third!.name}: was slow, is wrong`])
    expect(differences([cases[3], { status: 'pass' }])).to.deep.equal([`new  ${cases[3]!.name}: is pass`])
  })
})

function unsupportedResult(testCase: Case) {
  return { case: testCase, verdict: { status: 'unsupported', code: 'NONE' } as const, milliseconds: 0 }
}
