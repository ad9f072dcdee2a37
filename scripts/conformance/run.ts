// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * `npm run conformance`: runs ONNX's own node tests through parser, calibration and integer evaluation.
 *
 *     npm run conformance                      a line for each operator, and the total
 *     npm run conformance -- --verbose         also why each unsupported case is
 *     npm run conformance -- --op Clip         one operator
 *     npm run conformance -- --filter conv     cases whose name contains the text
 *     npm run conformance -- --circuit         builds, fills and audits the circuit of each case that passes; slow
 *     npm run conformance -- --json            one JSON object
 *     npm run conformance -- --write           records the results in test/conformance/expected.json
 *
 * Fails for wrong answers and crashes, below the bar, and where a case did better or worse than recorded.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { GadgetCompiler } from '../../prover/circuit'
import { readArchive, type Case } from './archive'
import { EXPECTED, readSummary, summaryJson } from './baseline'
import { checkCircuit } from './circuit'
import { differencesFrom } from './differences'
import { PATIENCE, runCase } from './evaluate'
import { complaintsOf, reportText, summarise, totalsOf, type Result } from './report'

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    circuit: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    filter: { type: 'string' },
    op: { type: 'string' },
  },
})

async function main(): Promise<void> {
  const { onnx, cases } = readArchive()
  const chosen = cases.filter(isChosen)
  const isWhole = chosen.length === cases.length
  if (chosen.length === 0) throw new Error('No case has this name and operator; leave out --filter or --op.')
  if (flags.write && (!isWhole || flags.circuit))
    throw new Error('--write records all cases as evaluated; leave out --filter, --op and --circuit.')
  const results = await runAll(chosen)
  const totals = totalsOf(results)
  // A circuit that fails is a complaint by itself; what is recorded is the evaluation.
  const differences = flags.write || flags.circuit ? [] : differencesFrom(readSummary(), results)
  const complaints = [...complaintsOf(totals, isWhole), ...differences]
  if (flags.json) console.log(JSON.stringify({ ...totals, complaints, cases: results.map(caseJson) }))
  else console.log(reportText(results, flags.verbose))
  if (flags.write) writeFileSync(EXPECTED, summaryJson(summarise(onnx, results)))
  for (const complaint of complaints) console.error(complaint)
  if (differences.length > 0) console.error('Record what is meant to differ by npm run conformance -- --write')
  process.exitCode = complaints.length > 0 ? 1 : 0
}

function isChosen({ name, op }: Case): boolean {
  return (flags.op === undefined || op === flags.op) && name.includes(flags.filter ?? '')
}

async function runAll(cases: readonly Case[]): Promise<Result[]> {
  const compiler = new GadgetCompiler()
  const results: Result[] = []
  for (const testCase of cases) {
    const begun = performance.now()
    const { verdict: evaluated, passed } = runCase(testCase, PATIENCE)
    const verdict = flags.circuit && passed ? await checkCircuit(passed, compiler) : evaluated
    results.push({ case: testCase, verdict, milliseconds: Math.round(performance.now() - begun) })
    showProgress(results.length, cases.length, testCase.name)
  }
  return results
}

function showProgress(done: number, total: number, name: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${done < total ? `${done}/${total} ${name}` : ''}`)
  else if (done % 100 === 0 || done === total) process.stderr.write(`${done}/${total}\n`)
}

function caseJson({ case: testCase, verdict, milliseconds }: Result): object {
  const { name, op, opset, domain, expanded, turned, zeros } = testCase
  const { status, code, reason } = verdict
  return { name, op, domain, opset, expanded, turned, zeros, status, code, reason, milliseconds }
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
