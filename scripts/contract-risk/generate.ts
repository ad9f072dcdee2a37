// SPDX-License-Identifier: GPL-3.0-or-later

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getBytes } from 'ethers'
import { TEMPLATES } from './corpus'
import { compileFamily, compilePackage, type Row } from './dataset'
import { countOpcodes, FEATURE_NAMES } from './features'
import { PACKAGES } from './packages'
import { writeTargets } from './targets'

/**
 * Writes corpus.csv and targets.json of models/contract-risk. FOLDER has the packages and the older compiler in its node_modules, as the card
 * says, and keeps what was compiled. With names of families or of folders of packages, compiles those and writes nothing.
 */
const [folder, ...names] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: generate.ts FOLDER [name …]')

const makers: readonly (readonly [string, () => Row[]])[] = [
  ...Object.keys(TEMPLATES).map((family) => [family, () => compileFamily(family, folder)] as const),
  ...PACKAGES.map((one) => [one.folder, () => compilePackage(one, folder)] as const),
]
const rows = makers.flatMap(([name, make]) => {
  if (names.length !== 0 && !names.includes(name)) return []
  const made = make()
  console.log(`${name}: ${made.length} rows`)
  return made
})

/** Counts behind the features, then the histogram as opcode:count. */
function line({ family, origin, base, kind, setting, code }: Row): string {
  const { counts, histogram } = countOpcodes(getBytes(code))
  const opcodes = histogram.flatMap((count, op) => (count === 0 ? [] : [`${op.toString(16)}:${count}`]))
  return [family, origin, base, kind, setting, ...counts, opcodes.join(' ')].join(',')
}

if (names.length === 0) {
  const head = ['family', 'origin', 'base', 'kind', 'setting', ...FEATURE_NAMES, 'opcodes'].join(',')
  const path = join(__dirname, '..', '..', 'models', 'contract-risk', 'corpus.csv')
  writeFileSync(path, `${[head, ...rows.map(line)].join('\n')}\n`)
  console.log(`${rows.length} rows, ${writeTargets(rows)} targets`)
}
