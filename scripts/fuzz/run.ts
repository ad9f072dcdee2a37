// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Tries forged witnesses on gadgets at random parameters until the time is up, or until one passes:
 *
 *     npm run fuzz                                        every gadget, a minute
 *     npm run fuzz -- --minutes 600 --gadget SquareRoot   one of them, for ten hours
 *     npm run fuzz -- --gadget Bucket --seed 123          one gadget again, as a failure printed it
 */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { GadgetCompiler } from '../../prover/circuit'
import { titleOf } from '../../test/support/gadget-cases'
import { FUZZED_TEMPLATES, gadgetOf } from '../../test/support/gadget-families'
import { fuzzGadget } from '../../test/support/gadget-fuzz'
import { GadgetLab } from '../../test/support/gadget-lab'

/** Forgeries per gadget and parameters; a gadget takes about as long to compile. */
const RUNS = 300

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    gadget: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string' },
  },
})

void main().then((code) => (process.exitCode = code))

async function main(): Promise<number> {
  const [minutes, seed] = [Number(flags.minutes), flags.seed === undefined ? undefined : Number(flags.seed)]
  if (!(minutes > 0)) return refuse(`--minutes ${flags.minutes} is no positive number`)
  if (seed !== undefined && !Number.isInteger(seed)) return refuse(`--seed ${flags.seed} is no integer`)
  const unknown = flags.gadget.find((name) => !FUZZED_TEMPLATES.includes(name))
  if (unknown !== undefined) return refuse(`no gadget "${unknown}"; choose among ${FUZZED_TEMPLATES.join(', ')}`)

  const templates = flags.gadget.length > 0 ? flags.gadget : FUZZED_TEMPLATES
  const end = Date.now() + minutes * 60_000
  let gadgets = 0
  do {
    for (const template of templates) {
      if (!(await holds(template, seed ?? randomInt(2 ** 31)))) return 1
      gadgets++
    }
    process.stderr.write(`\r${gadgets} gadgets, ${gadgets * RUNS} attempts`)
  } while (seed === undefined && Date.now() < end)
  console.log(`\n${gadgets} gadgets, ${gadgets * RUNS} attempts: no forged witness passes`)
  return 0
}

async function holds(template: string, seed: number): Promise<boolean> {
  const item = gadgetOf(template, seed)
  // Random gadgets would fill the cache of those in use.
  const folder = mkdtempSync(join(tmpdir(), 'zkml-fuzz-'))
  try {
    const lab = await GadgetLab.create(item.gadget, new GadgetCompiler(folder))
    const result = fuzzGadget(lab, item, { seed, numRuns: RUNS })
    if (!result.failed) return true
    console.log(`\n${titleOf(item.gadget)} fails; again with: npm run fuzz -- --gadget ${template} --seed ${seed}`)
    console.log(fc.defaultReportMessage(result))
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function refuse(message: string): number {
  console.error(message)
  return 1
}
