// SPDX-License-Identifier: GPL-3.0-or-later

import type { Case } from './archive'
import type { Status, Verdict } from './evaluate'

/** Least share of the cases that must pass. */
export const BAR = 0.95

export type Result = { readonly case: Case; readonly verdict: Verdict; readonly milliseconds: number }

/** What became of the cases of one operator. */
export type OperatorSummary = {
  readonly counted: number
  /** Names of cases, in order. */
  readonly passed: readonly string[]
  /** Error code by name of case. */
  readonly unsupported: Readonly<Record<string, string>>
  /** Status by name of case; empty when all is in order. */
  readonly failed: Readonly<Record<string, Status>>
}

/** The committed summary: what must go on passing, and what docs/operators.md says of each operator. */
export type Summary = {
  /** Version of the package `onnx` the cases are from. */
  readonly onnx: string
  readonly operators: Readonly<Record<string, OperatorSummary>>
}

export type Totals = Readonly<Record<Status, number>> & { readonly counted: number; readonly share: number }

export function summarise(onnx: string, results: readonly Result[]): Summary {
  const names = [...new Set(results.map((result) => result.case.op))].sort()
  return {
    onnx,
    operators: Object.fromEntries(
      names.map((op) => [op, summariseOperator(results.filter((result) => result.case.op === op))]),
    ),
  }
}

function summariseOperator(results: readonly Result[]): OperatorSummary {
  const of = (...statuses: Status[]) => results.filter(({ verdict }) => statuses.includes(verdict.status))
  return {
    counted: results.length,
    passed: of('pass').map((result) => result.case.name),
    unsupported: Object.fromEntries(of('unsupported').map(({ case: { name }, verdict }) => [name, verdict.code!])),
    failed: Object.fromEntries(
      of('wrong', 'crash', 'slow').map(({ case: { name }, verdict }) => [name, verdict.status]),
    ),
  }
}

export function totalsOf(results: readonly Result[]): Totals {
  const count = (status: Status) => results.filter(({ verdict }) => verdict.status === status).length
  const counted = results.length
  const pass = count('pass')
  return {
    counted,
    pass,
    unsupported: count('unsupported'),
    wrong: count('wrong'),
    crash: count('crash'),
    slow: count('slow'),
    share: counted === 0 ? 0 : pass / counted,
  }
}

/** What makes the run a failure, one sentence each; the bar is judged only when all cases ran. */
export function complaintsOf(totals: Totals, isWhole: boolean): string[] {
  const complaints: string[] = []
  if (totals.wrong > 0) complaints.push(`wrong answers: ${totals.wrong}`)
  if (totals.crash > 0) complaints.push(`crashes: ${totals.crash}`)
  if (isWhole && totals.share < BAR)
    complaints.push(`${percent(totals.share)} of the cases pass, below the bar of ${percent(BAR)}`)
  return complaints
}

/** The report for a terminal. */
export function reportText(results: readonly Result[], isVerbose: boolean): string {
  const { operators } = summarise('', results)
  const width = Math.max(...Object.keys(operators).map((op) => op.length))
  const totals = totalsOf(results)
  return [
    ...Object.entries(operators).map(([op, summary]) => operatorLine(op.padEnd(width), summary)),
    '',
    ...reasonLines(results, isVerbose),
    `${totals.pass} of ${totals.counted} cases pass (${percent(totals.share)}; the bar is ${percent(BAR)}): ` +
      `${totals.unsupported} unsupported, ${totals.wrong} wrong, ${totals.crash} crash, ${totals.slow} slow`,
  ].join('\n')
}

function operatorLine(op: string, { counted, passed, unsupported, failed }: OperatorSummary): string {
  const codes = counts(Object.values(unsupported)).map(([code, count]) => `${count} ${code}`)
  const failures = counts(Object.values(failed)).map(([status, count]) => `${count} ${status.toUpperCase()}`)
  return [`${op}  ${passed.length}/${counted}`, ...failures, ...codes].join('  ')
}

/** Every case that is neither passed nor unsupported with its reason; of the unsupported ones only if asked for. */
function reasonLines(results: readonly Result[], isVerbose: boolean): string[] {
  const shown = results.filter(
    ({ verdict: { status } }) => status !== 'pass' && (isVerbose || status !== 'unsupported'),
  )
  const lines = shown.map(({ case: { name }, verdict }) => `${verdict.status}  ${name}: ${verdict.reason}`)
  return lines.length > 0 ? [...lines, ''] : []
}

function counts<T extends string>(values: readonly T[]): [T, number][] {
  const found = new Map<T, number>()
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1)
  return [...found].sort(([, x], [, y]) => y - x)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}
