// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * `npm run bench`: measures every figure the project promises.
 *
 *     npm run bench                  table
 *     npm run bench -- contracts     some sections only: compile circuits gas contracts market chaos fleet ready start
 *     npm run bench -- --json        one JSON object
 *     npm run bench -- --write       also into docs/benchmarks.md
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { circuitFigures } from './circuits'
import { compileFigures } from './compile'
import { contractFigures } from './contracts'
import { atMost, isTrue, markdown, type Figure } from './figures'
import { gasFigures } from './gas'
import { chaosFigures, fleetFigures, marketFigures, readyFigures } from './service'

const ROOT = join(__dirname, '..', '..')
const DOCUMENT = join(ROOT, 'docs', 'benchmarks.md')
const [BEGIN, END] = ['<!-- figures: begin -->', '<!-- figures: end -->']

/** The demo in a process of its own, from after `npm ci` to its last line. */
function startFigure(): Figure[] {
  const begun = performance.now()
  const { status } = spawnSync('npm', ['start'], { cwd: ROOT, encoding: 'utf8' })
  const minutes = (performance.now() - begun) / 60_000
  return [atMost('npm start', minutes, 4, 'min'), isTrue('npm start, exit code', status === 0, String(status), '0')]
}

const SECTIONS: Readonly<Record<string, () => Figure[] | Promise<Figure[]>>> = {
  compile: compileFigures,
  circuits: circuitFigures,
  gas: gasFigures,
  contracts: contractFigures,
  market: marketFigures,
  chaos: chaosFigures,
  fleet: fleetFigures,
  ready: readyFigures,
  start: startFigure,
}

async function main(): Promise<void> {
  const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith('--')))
  const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
  const unknown = chosen.filter((name) => !(name in SECTIONS))
  if (unknown.length > 0)
    throw new Error(`No section ${unknown.join(', ')}; there are ${Object.keys(SECTIONS).join(', ')}.`)
  if (chosen.length > 0 && flags.has('--write')) throw new Error('--write writes all sections: name none.')
  const figures: Figure[] = []
  for (const [name, measure] of Object.entries(SECTIONS)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue
    console.error(`measuring: ${name}`)
    figures.push(...(await measure()))
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  const date = new Date().toISOString().slice(0, 10)
  if (flags.has('--json')) console.log(JSON.stringify({ machine, date, figures }))
  else console.log(`${machine}, ${date}\n\n${markdown(figures)}`)
  if (flags.has('--write')) {
    const [before, rest] = readFileSync(DOCUMENT, 'utf8').split(BEGIN)
    const after = rest!.split(END)[1]!
    writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${machine}, ${date}.\n\n${markdown(figures)}\n\n${END}${after}`)
  }
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
