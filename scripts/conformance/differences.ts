// SPDX-License-Identifier: GPL-3.0-or-later

import type { Status } from './evaluate'
import { summarise, type Result, type Summary } from './report'

/** A status, or for an unsupported case the code of the error that said so. */
type Ending = { readonly status: Status; readonly text: string }

/** How good an ending is. */
const RANK: Readonly<Record<Status, number>> = { pass: 3, unsupported: 2, slow: 1, wrong: 0, crash: 0 }

/**
 * The cases that ended in another way than recorded.
 *
 * @param recorded The summary to compare with; cases of it that did not run are left alone.
 * @returns A line for each, in the order of the operators.
 */
export function differencesFrom(recorded: Summary, results: readonly Result[]): string[] {
  const before = endingsOf(recorded)
  return [...endingsOf(summarise(recorded.onnx, results))].flatMap(([name, is]) => {
    const was = before.get(name)
    if (was === undefined) return [`new  ${name}: is ${is.text}`]
    if (was.text === is.text) return []
    const change = RANK[is.status] - RANK[was.status]
    return [`${change > 0 ? 'better' : change < 0 ? 'worse' : 'changed'}  ${name}: was ${was.text}, is ${is.text}`]
  })
}

function endingsOf({ operators }: Summary): ReadonlyMap<string, Ending> {
  const endings = Object.values(operators).flatMap(({ passed, unsupported, failed }): [string, Ending][] => [
    ...passed.map((name): [string, Ending] => [name, { status: 'pass', text: 'pass' }]),
    ...Object.entries(unsupported).map(([name, text]): [string, Ending] => [name, { status: 'unsupported', text }]),
    ...Object.entries(failed).map(([name, status]): [string, Ending] => [name, { status, text: status }]),
  ])
  return new Map(endings)
}
