// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import type { CeremonyTranscript } from '../../groth16'
import { UsageError } from '../errors'
import { checkInputPath, checkModelFolder, checkOutputFile } from '../files'
import { parseChoice, parseInteger } from '../options'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml ceremony init my-model --ptau powersOfTau28_hez_final_17.ptau
  zkml ceremony contribute circuit_0000.zkey circuit_0001.zkey --name "Ada"
  zkml ceremony beacon circuit_0001.zkey circuit_final.zkey --beacon 8a3f… --iterations-exp 10
  zkml ceremony verify my-model --ptau powersOfTau28_hez_final_17.ptau --zkey circuit_final.zkey
  zkml ceremony finalize my-model --ptau powersOfTau28_hez_final_17.ptau --zkey circuit_final.zkey
  zkml ceremony verify my-model --ptau powersOfTau28_hez_final_17.ptau

The key is sound if one contributor forgot their secret. Powers of tau are checked against the hashes of the Hermez files;
--local takes others, after verifying them in full.`

const ACTIONS = ['init', 'contribute', 'beacon', 'verify', 'finalize'] as const
type Action = (typeof ACTIONS)[number]

type Flags = {
  readonly ptau?: string
  readonly local?: boolean
  readonly zkey?: string
  readonly name?: string
  readonly entropy?: string
  readonly beacon?: string
  readonly iterationsExp: string
}

/** `zkml ceremony ACTION …`. */
export function ceremonyCommand(command: Command, shell: Shell): void {
  command
    .description('make the key of a model with contributions of several parties')
    .argument('<action>', ACTIONS.join(', '))
    .argument('<input>', 'the folder that "zkml compile" wrote, or a .zkey file for contribute and beacon')
    .argument('[output]', 'the .zkey file to write, for contribute and beacon')
    .option('--ptau <file>', 'with init, verify and finalize: powers of tau, prepared for phase 2')
    .option('--local', 'take powers of tau that are none of the published files, and verify them in full')
    .option('--zkey <file>', 'with finalize: the last key; with verify: a key other than the one of the folder')
    .option('--name <text>', 'with contribute and beacon: who contributes, for all to see')
    .option('--entropy <text>', 'with contribute: text to add to the randomness of this machine')
    .option('--beacon <hex>', 'with beacon: the public value')
    .option('--iterations-exp <n>', 'with beacon: it is hashed 2^n times', '10')
    .addHelpText('after', EXAMPLES)
    .action((text: string, input: string, output: string | undefined, flags: Flags) => {
      const action = parseChoice<Action>('ceremony', ACTIONS)(text)
      if (action === 'contribute' || action === 'beacon') return contribute(action, input, output, flags, shell)
      if (output !== undefined) throw new UsageError(`ceremony ${action} takes one folder; leave ${output} out`)
      return { init, verify, finalize }[action](checkModelFolder(input), flags, shell)
    })
}

async function init(folder: string, flags: Flags, shell: Shell): Promise<void> {
  const options = ceremonyOptions('init', flags, shell)
  const { initCeremony } = await import('../../pipeline')
  const start = await initCeremony(folder, options)
  shell.result(start, () =>
    [
      `wrote ${start.initialKey}, which nobody has contributed to yet: everybody can forge proofs under it`,
      `powers of tau: ${start.ptau.source}, 2^${start.ptau.power}, ${start.ptau.contributions} contributions`,
      `circuit hash ${start.circuitHash}`,
      `next: zkml ceremony contribute ${start.initialKey} circuit_0001.zkey --name "YOUR NAME"`,
    ].join('\n'),
  )
}

async function contribute(
  action: 'contribute' | 'beacon',
  input: string,
  output: string | undefined,
  flags: Flags,
  shell: Shell,
): Promise<void> {
  if (output === undefined) throw new UsageError(`ceremony ${action} needs a file to write; give it last`)
  checkInputPath(input, 'the key')
  checkOutputFile(output)
  const { name, entropy, beacon } = flags
  const { beaconKey, contributeKey, parseBeacon, pointEngine } = await import('../../groth16')
  const { staged } = await import('../../pipeline')
  const onProgress = (fraction: number): void => shell.progress(action, fraction)
  const options = { engine: pointEngine(), onProgress, ...(name !== undefined && { name }) }
  const { hash, index } = await staged(shell.progress, action, () => {
    if (action === 'contribute')
      return contributeKey(input, output, { ...options, ...(entropy !== undefined && { entropy }) })
    if (beacon === undefined) throw new UsageError('ceremony beacon needs a public value; give --beacon HEX')
    const exponent = parseInteger('--iterations-exp', 0, 63)(flags.iterationsExp)
    return beaconKey(input, output, { ...options, beacon: parseBeacon(beacon, exponent) })
  })
  shell.result({ out: output, index, hash }, () =>
    [
      `wrote ${output} with contribution ${index}`,
      `hash ${hash}`,
      action === 'contribute'
        ? 'publish the hash where others find it, pass the file on, and do not use it for proofs before it is finalised'
        : 'next: zkml ceremony finalize',
    ].join('\n'),
  )
}

async function verify(folder: string, flags: Flags, shell: Shell): Promise<void> {
  const options = ceremonyOptions('verify', flags, shell)
  const { verifyCeremony } = await import('../../pipeline')
  const zkey = flags.zkey === undefined ? undefined : checkInputPath(flags.zkey, 'the key')
  const result = await verifyCeremony(folder, { ...options, ...(zkey !== undefined && { zkey }) })
  shell.result(result, () =>
    [
      ...describe(result.transcript),
      result.unfinished === null
        ? `verified: the key follows from circuit, powers of tau and contributions; setupHash ${result.setupHash}`
        : `verified so far, not for use: ${result.unfinished}`,
    ].join('\n'),
  )
}

async function finalize(folder: string, flags: Flags, shell: Shell): Promise<void> {
  const options = ceremonyOptions('finalize', flags, shell)
  if (flags.zkey === undefined) throw new UsageError('ceremony finalize needs the last key; give --zkey FILE')
  const { finalizeCeremony } = await import('../../pipeline')
  const zkey = checkInputPath(flags.zkey, 'the key')
  const { metadata, transcript } = await finalizeCeremony(folder, { ...options, zkey })
  shell.result({ ...metadata, transcript }, () =>
    [
      ...describe(transcript),
      `wrote the key of ${folder} and transcript.json`,
      `setupHash ${metadata.setupHash}`,
      `vkHash ${metadata.vkHash}`,
      `next: publish transcript.json; anyone checks it with "zkml ceremony verify ${folder} --ptau FILE"`,
    ].join('\n'),
  )
}

function ceremonyOptions(action: Action, { ptau, local }: Flags, shell: Shell) {
  if (ptau === undefined) throw new UsageError(`ceremony ${action} needs powers of tau; give --ptau FILE`)
  return {
    ptau: checkInputPath(ptau, 'the powers-of-tau file'),
    progress: shell.progress,
    ...(local === true && { local }),
  }
}

function describe({ ptau, circuitHash, contributions }: CeremonyTranscript): string[] {
  return [
    `powers of tau: ${ptau.source}, 2^${ptau.power}, ${ptau.contributions} contributions`,
    `circuit hash ${circuitHash}`,
    ...contributions.map(
      ({ hash, name, beacon }, i) =>
        `contribution ${i + 1}: ${hash} ${beacon === undefined ? (name ?? '') : `beacon ${beacon.value} 2^${beacon.iterationsExponent}`}`,
    ),
  ]
}
