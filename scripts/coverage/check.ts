// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { projectFolder } from '../../prover/project'
import { lineCoverage, type IstanbulReport } from './lines'

/** Least share of lines, in percent. */
const LEAST = 98

const ROOT = projectFolder()
const report = JSON.parse(
  readFileSync(join(ROOT, 'coverage', 'report', 'coverage-final.json'), 'utf8'),
) as IstanbulReport
const files = lineCoverage(report)

for (const { path, uncovered, lines } of files.filter((file) => file.uncovered.length > 0)) {
  const percent = (((lines - uncovered.length) / lines) * 100).toFixed(1)
  console.log(`${relative(ROOT, path)}: ${percent}%, never run: ${uncovered.join(', ')}`)
}
const lines = files.reduce((sum, file) => sum + file.lines, 0)
const missed = files.reduce((sum, file) => sum + file.uncovered.length, 0)
const percent = lines === 0 ? 0 : ((lines - missed) / lines) * 100
console.log(`${lines - missed} of ${lines} lines of ${files.length} files: ${percent.toFixed(2)}% (at least ${LEAST}%)`)
process.exitCode = percent >= LEAST ? 0 : 1
