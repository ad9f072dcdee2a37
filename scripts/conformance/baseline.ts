// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../../prover/project'
import type { Summary } from './report'

/** What each operator's cases came to when the summary was last written. */
export const EXPECTED = join(projectFolder(), 'test', 'conformance', 'expected.json')

export function readSummary(): Summary {
  return JSON.parse(readFileSync(EXPECTED, 'utf8')) as Summary
}

/** A case a line, so that changes to different operators merge. */
export function summaryJson(summary: Summary): string {
  return `${JSON.stringify(summary, null, 2)}\n`
}
