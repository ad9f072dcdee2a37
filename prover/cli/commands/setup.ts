// SPDX-License-Identifier: GPL-3.0-or-later

import { type Command, Option } from 'commander'
import { UsageError } from '../errors'
import { checkModelFolder, readInputFile, statOf } from '../files'
import { parseChoice } from '../options'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml setup my-model --dev
  zkml setup my-model --ptau powersOfTau28_hez_final_17.ptau
  zkml setup my-model --system plonk --ptau powersOfTau28_hez_final_17.ptau

Either way one party, you, could forge proofs with the secret that was drawn and thrown away: such keys are for
development. --dev needs no download; --ptau takes a powers-of-tau file prepared for phase 2.

--system plonk, or fflonk (a beta of snarkjs), needs no secret of yours: the key follows from circuit and powers of tau.
Affine maps are not free there; "zkml report my-model --system plonk" says what it takes, and what will not fit is
refused before it starts.`

const SYSTEMS = ['groth16', 'plonk', 'fflonk'] as const

type Flags = {
  readonly dev?: boolean
  readonly ptau?: string
  readonly publicSeed?: string
  readonly system: (typeof SYSTEMS)[number]
}

/** `zkml setup DIR`. */
export function setupCommand(command: Command, shell: Shell): void {
  command
    .description('make the proving and verifying keys of a model')
    .argument('<folder>', 'the folder that "zkml compile" wrote')
    .option('--dev', 'compute a key from fresh randomness on this machine')
    .option('--ptau <file>', 'make the key from a prepared powers-of-tau file, with one contribution')
    .option('--system <name>', 'groth16, plonk or fflonk (beta)', parseChoice('--system', SYSTEMS), 'groth16')
    .addOption(new Option('--public-seed <text>', 'with --dev: a seed everybody knows, for bundled models').hideHelp())
    .addHelpText('after', EXAMPLES)
    .action((folder: string, flags: Flags) => setup(folder, flags, shell))
}

async function setup(folder: string, { system, ...flags }: Flags, shell: Shell): Promise<void> {
  checkModelFolder(folder)
  if (system !== 'groth16') return setupUniversal(folder, system, flags, shell)
  const { dev, ptau, publicSeed } = flags
  const advice = '--dev (a key made on this machine, for development) or --ptau FILE (a prepared powers-of-tau file)'
  if (dev !== true && ptau === undefined) throw new UsageError(`setup needs a source; give ${advice}`)
  if (dev === true && ptau !== undefined) throw new UsageError(`setup takes one source; give either ${advice}`)
  if (publicSeed !== undefined && dev !== true) throw new UsageError('--public-seed belongs to --dev; leave it out')
  if (ptau !== undefined) checkPtauFile(ptau)

  const startedAt = performance.now()
  const { setupModel } = await import('../../pipeline')
  if (publicSeed !== undefined) shell.warn('this key comes from a public seed: anyone can forge proofs under it')
  const { metadata } = await setupModel(folder, {
    ...(dev !== undefined && { dev }),
    ...(ptau !== undefined && { ptau }),
    ...(publicSeed !== undefined && { publicSeed }),
    progress: shell.progress,
  })
  const milliseconds = Math.round(performance.now() - startedAt)
  shell.result({ ...metadata, milliseconds }, () =>
    [
      `made a ${metadata.kind} key for 2^${Math.log2(metadata.domainSize)} rows in ${(milliseconds / 1000).toFixed(1)} s`,
      `vkHash ${metadata.vkHash}`,
      `next: zkml prove ${folder} --input input.json --out proof.json`,
    ].join('\n'),
  )
}

/** A setup in PLONK or FFLONK. */
async function setupUniversal(
  folder: string,
  system: 'plonk' | 'fflonk',
  { dev, ptau, publicSeed }: Omit<Flags, 'system'>,
  shell: Shell,
): Promise<void> {
  if (dev === true || publicSeed !== undefined || ptau === undefined)
    throw new UsageError(`--system ${system} takes --ptau FILE (a prepared powers-of-tau file) and no other source`)
  checkPtauFile(ptau)

  const startedAt = performance.now()
  const { BETA_REMARK, setupUniversalModel, writeUniversalVerifier } = await import('../../pipeline')
  if (system === 'fflonk') shell.warn(BETA_REMARK)
  const { metadata } = await setupUniversalModel(folder, { system, ptau, progress: shell.progress })
  const verifier = await writeUniversalVerifier(folder)
  const milliseconds = Math.round(performance.now() - startedAt)
  if (metadata.ptau.source === 'unknown')
    shell.note(
      'the powers of tau are no published ones: whoever knows their secret can forge proofs, so this is a key for development',
    )
  if (verifier === null)
    shell.note(
      `${metadata.nPublic} public signals are too many for a ${system} verifier contract; make the input hashed`,
    )
  shell.result({ ...metadata, verifier, milliseconds }, () =>
    [
      `made a ${system} key for ${metadata.gates.toLocaleString('en-US')} gates, 2^${Math.log2(metadata.domainSize)} rows, in ${(milliseconds / 1000).toFixed(1)} s`,
      `vkHash ${metadata.vkHash}`,
      ...(verifier === null ? [] : [`wrote ${verifier} (GPL-3.0)`]),
      `next: zkml prove ${folder} --input input.json --out proof.json`,
    ].join('\n'),
  )
}

function checkPtauFile(path: string): void {
  if (!statOf(path)?.isFile()) readInputFile(path, 'the powers-of-tau file')
}
