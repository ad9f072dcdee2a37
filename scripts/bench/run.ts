// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * `npm run bench`: measures every figure the project promises.
 *
 *     npm run bench                  table
 *     npm run bench -- contracts     some sections only: compile circuits operators untuned deep gas contracts prove use-cases market chaos fleet
 *                                    ready start
 *     npm run bench -- --json        one JSON object
 *     npm run bench -- --write       also into docs/benchmarks.md, use cases into docs/use-cases.md
 *     npm run bench -- market chaos fleet ready --write    the daemon's table of it alone
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
import { deepFigures, operatorFigures, untunedFigures } from './operators'
import { proveFigures } from './prove'
import { chaosFigures, fleetFigures, marketFigures, readyFigures } from './service'
import { useCaseFigures } from './use-cases'

const ROOT = join(__dirname, '..', '..')
const DOCUMENT = join(ROOT, 'docs', 'benchmarks.md')
/** Tables that are in a document of their own. */
const DOCUMENTS: Readonly<Record<string, string>> = { 'use-cases': join(ROOT, 'docs', 'use-cases.md') }
/** Tables of the documents, by the sections that are in them. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  figures: ['compile', 'circuits', 'gas', 'contracts', 'start'],
  operators: ['operators', 'untuned', 'deep'],
  prove: ['prove'],
  'use-cases': ['use-cases'],
  daemon: ['market', 'chaos', 'fleet', 'ready'],
}

/** The demo in a process of its own, from after `npm ci` to its last line. */
function startFigure(): Figure[] {
  const begun = performance.now()
  const { status } = spawnSync('npm', ['start'], { cwd: ROOT, encoding: 'utf8' })
  const minutes = (performance.now() - begun) / 60_000
  return [atMost('npm start', minutes, 4, 'min'), isTrue('npm start, exit code', status === 0, String(status), '0')]
}

const SECTIONS: Readonly<Record<string, (isWritten: boolean) => Figure[] | Promise<Figure[]>>> = {
  compile: compileFigures,
  circuits: circuitFigures,
  operators: operatorFigures,
  untuned: untunedFigures,
  deep: deepFigures,
  gas: gasFigures,
  contracts: contractFigures,
  prove: proveFigures,
  'use-cases': useCaseFigures,
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
  const names = Object.keys(SECTIONS).filter((name) => chosen.length === 0 || chosen.includes(name))
  const tables = Object.entries(TABLES).filter(([, sections]) => sections.every((name) => names.includes(name)))
  if (flags.has('--write') && tables.length === 0)
    throw new Error(
      `--write writes whole tables; name all sections of one: ${Object.values(TABLES)
        .map((all) => all.join(' '))
        .join(', or ')}.`,
    )
  const measured = new Map<string, readonly Figure[]>()
  for (const name of names) {
    console.error(`measuring: ${name}`)
    measured.set(name, await SECTIONS[name]!(flags.has('--write')))
  }
  const figures = [...measured.values()].flat()
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  const date = new Date().toISOString().slice(0, 10)
  if (flags.has('--json')) console.log(JSON.stringify({ machine, date, figures }))
  else console.log(`${machine}, ${date}\n\n${markdown(figures)}`)
  if (!flags.has('--write')) return
  for (const [table, sections] of tables)
    writeTable(table, `${machine}, ${date}.\n\n${markdown(sections.flatMap((name) => measured.get(name)!))}`)
}

/** Puts a table between its marks in its document. */
function writeTable(table: string, text: string): void {
  const document = DOCUMENTS[table] ?? DOCUMENT
  const [begin, end] = [`<!-- ${table}: begin -->`, `<!-- ${table}: end -->`]
  const [before, rest] = readFileSync(document, 'utf8').split(begin)
  const after = rest!.split(end)[1]!
  writeFileSync(document, `${before}${begin}\n\n${text}\n\n${end}${after}`)
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
