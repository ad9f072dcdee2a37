// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import type { EngineOptions } from '../../groth16'
import type { PtauReport } from '../../pipeline'
import { UsageError } from '../errors'
import { checkInputPath, checkOutputFile } from '../files'
import { parseChoice, parseInteger } from '../options'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml ptau new 14 --out local.ptau
  zkml ptau info powersOfTau28_hez_final_17.ptau
  zkml ptau verify local.ptau
  zkml ptau contribute first.ptau second.ptau --name "Grace"
  zkml ptau beacon second.ptau third.ptau --beacon 8a3f… --iterations-exp 10
  zkml ptau prepare third.ptau ready.ptau

"new" makes powers of tau for circuits of up to 2^POWER rows, with one contribution, ready for "zkml setup" and "zkml
ceremony". Whoever ran it could have kept the secret: more contributions, or the published Hermez files, are for production.`

const ACTIONS = ['new', 'contribute', 'beacon', 'prepare', 'verify', 'info'] as const
type Action = (typeof ACTIONS)[number]

type Flags = {
  readonly out?: string
  readonly name?: string
  readonly entropy?: string
  readonly beacon?: string
  readonly iterationsExp: string
}

/** `zkml ptau ACTION …`. */
export function ptauCommand(command: Command, shell: Shell): void {
  command
    .description('make, extend, prepare and verify powers of tau')
    .argument('<action>', ACTIONS.join(', '))
    .argument('<input>', 'the power for new, otherwise a .ptau file')
    .argument('[output]', 'the file to write, for contribute, beacon and prepare')
    .option('--out <file>', 'with new: the file to write')
    .option('--name <text>', 'with new, contribute and beacon: who contributes, for all to see')
    .option('--entropy <text>', 'with new and contribute: text to add to the randomness of this machine')
    .option('--beacon <hex>', 'with beacon: the public value')
    .option('--iterations-exp <n>', 'with beacon: it is hashed 2^n times', '10')
    .addHelpText('after', EXAMPLES)
    .action((action: string, input: string, output: string | undefined, flags: Flags) =>
      ptau(parseChoice<Action>('ptau', ACTIONS)(action), input, output, flags, shell),
    )
}

async function ptau(
  action: Action,
  input: string,
  output: string | undefined,
  flags: Flags,
  shell: Shell,
): Promise<void> {
  if (action === 'verify' || action === 'info') {
    if (output !== undefined) throw new UsageError(`ptau ${action} takes one file; leave ${output} out`)
    return inspect(action, checkInputPath(input, 'the powers-of-tau file'), shell)
  }
  const out = action === 'new' ? flags.out : output
  if (out === undefined) {
    throw new UsageError(`ptau ${action} needs a file to write; give ${action === 'new' ? '--out FILE' : 'it last'}`)
  }
  checkOutputFile(out)
  await make(action, input, out, flags, shell)
  const next = action === 'contribute' || action === 'beacon' ? 'ptau prepare' : 'ptau verify'
  shell.result({ out }, () => `wrote ${out}\nnext: zkml ${next} ${out}${next === 'ptau prepare' ? ' READY.ptau' : ''}`)
}

async function make(action: Action, input: string, out: string, flags: Flags, shell: Shell): Promise<void> {
  const { beaconPtau, contributePtau, newPtau, parseBeacon, pointEngine, preparePtau } = await import('../../groth16')
  const { staged } = await import('../../pipeline')
  const { name, entropy, beacon } = flags
  if (action !== 'new') checkInputPath(input, 'the powers-of-tau file')
  const common: EngineOptions = { onProgress: (fraction) => shell.progress(`ptau ${action}`, fraction) }
  const options = { ...common, engine: pointEngine(), ...(name !== undefined && { name }) }
  await staged(shell.progress, `ptau ${action}`, async () => {
    if (action === 'prepare') return preparePtau(input, out, options)
    if (action === 'beacon') {
      if (beacon === undefined) throw new UsageError('ptau beacon needs a public value; give --beacon HEX')
      const exponent = parseInteger('--iterations-exp', 0, 63)(flags.iterationsExp)
      return beaconPtau(input, out, { ...options, beacon: parseBeacon(beacon, exponent) })
    }
    const secret = { ...options, ...(entropy !== undefined && { entropy }) }
    if (action === 'contribute') return contributePtau(input, out, secret)
    return newPtau(out, parseInteger('ptau new', 1, 28)(input), secret)
  })
}

async function inspect(action: 'verify' | 'info', path: string, shell: Shell): Promise<void> {
  const { inspectPtau } = await import('../../pipeline')
  const report = await inspectPtau(path, { verify: action === 'verify', progress: shell.progress })
  shell.result(report, () => describe(path, report).join('\n'))
}

function describe(path: string, report: PtauReport): string[] {
  const { power, ceremonyPower, prepared, hermez, verified, contributions, blake2b } = report
  const cut = power === ceremonyPower ? '' : `, cut down from 2^${ceremonyPower}`
  return [
    `${path}: powers of tau for circuits of up to 2^${power} rows${cut}, ${prepared ? '' : 'not '}prepared for phase 2`,
    hermez === null ? 'not a published Hermez file' : `the published file ${hermez}`,
    ...(verified === null ? [] : [VERDICTS[verified]]),
    ...contributions.map(
      ({ name, hash, beacon }, i) =>
        `contribution ${i + 1}: ${hash.slice(0, 16)}… ${beacon === undefined ? (name ?? '') : `beacon ${beacon.value} 2^${beacon.iterationsExponent}`}`,
    ),
    `blake2b ${blake2b}`,
  ]
}

const VERDICTS = {
  full: 'verified: points, powers, contributions and prepared part are consistent',
  hash: 'verified by its hash alone; a file of that size does not fit in memory',
} as const
