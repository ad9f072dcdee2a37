// SPDX-License-Identifier: GPL-3.0-or-later

import { type Command, Option } from 'commander'
import { NegativeResultError, UsageError } from '../errors'
import { checkInputPath, checkModelFolder, statOf } from '../files'
import { parseChoice } from '../options'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml setup my-model --dev
  zkml setup my-model --ptau powersOfTau28_hez_final_17.ptau
  zkml setup my-model --system plonk --ptau powersOfTau28_hez_final_17.ptau
  zkml setup verify my-model
  zkml setup verify my-model --zkey downloaded.zkey

Either way one party, you, could forge proofs with the secret that was drawn and thrown away: such keys are for
development. --dev needs no download; --ptau takes a powers-of-tau file prepared for phase 2. "zkml ceremony" makes keys
with several parties.

"zkml setup verify" checks that a key belongs to the circuit: do so before you prove private data with a key of others. With
--ptau, the powers of tau it came from, everything about it is checked.

--system plonk, or fflonk (a beta of snarkjs), needs no secret of yours: the key follows from circuit and powers of tau.
Affine maps are not free there; "zkml report my-model --system plonk" says what it takes, and what will not fit is
refused before it starts.`

const SYSTEMS = ['groth16', 'plonk', 'fflonk'] as const

type Flags = {
  readonly dev?: boolean
  readonly ptau?: string
  readonly publicSeed?: string
  readonly system: (typeof SYSTEMS)[number]
  readonly zkey?: string
}

/** `zkml setup DIR`. */
export function setupCommand(command: Command, shell: Shell): void {
  command
    .description('make the proving and verifying keys of a model')
    .argument('<folder>', 'the folder that "zkml compile" wrote; after the word verify, to check its key instead')
    .argument('[folder-to-check]', 'the folder, after verify')
    .option('--dev', 'compute a key from fresh randomness on this machine')
    .option('--ptau <file>', 'make the key from a prepared powers-of-tau file, with one contribution')
    .option('--system <name>', 'groth16, plonk or fflonk (beta)', parseChoice('--system', SYSTEMS), 'groth16')
    .addOption(new Option('--public-seed <text>', 'with --dev: a seed everybody knows, for bundled models').hideHelp())
    .option('--zkey <file>', 'with verify: a key other than the one of the folder')
    .addHelpText('after', EXAMPLES)
    .action((first: string, second: string | undefined, flags: Flags) => {
      if (second === undefined) return setup(first, flags, shell)
      if (first !== 'verify') throw new UsageError(`setup takes one folder; leave ${second} out`)
      return verify(second, flags, shell)
    })
}

/** `zkml setup verify DIR`: is this key one of this circuit? */
async function verify(folder: string, { zkey, dev, ptau, publicSeed }: Flags, shell: Shell): Promise<void> {
  checkModelFolder(folder)
  if (dev === true || publicSeed !== undefined) throw new UsageError('setup verify makes no key; leave --dev out')
  if (zkey !== undefined) checkInputPath(zkey, 'the key')
  else await requireGroth16(folder)
  if (ptau !== undefined) return verifyFromPtau(folder, checkInputPath(ptau, 'the powers-of-tau file'), zkey, shell)
  const { verifySetup } = await import('../../pipeline')
  const result = await verifySetup(folder, { ...(zkey !== undefined && { zkey }), progress: shell.progress })
  shell.result({ consistent: true, ...result }, () =>
    [
      `${result.zkey} is a key of the circuit in ${folder}: proofs under it hide what they should`,
      'whether somebody can forge proofs under it, this does not show; give --ptau FILE to see who contributed',
    ].join('\n'),
  )
}

/** A universal key follows from circuit and powers of tau, so that making it again is the check. */
async function requireGroth16(folder: string): Promise<void> {
  const { artefactPaths } = await import('../../pipeline')
  const { readKeySystem } = await import('../../universal')
  const { keyMetadata } = artefactPaths(folder)
  if (!statOf(keyMetadata)) return
  const system = readKeySystem(keyMetadata)
  if (system !== 'groth16')
    throw new UsageError(
      `the key of ${folder} is of ${system} and the same whoever makes it; make it again with "zkml setup --system ${system} --ptau FILE" in a copy of the folder, and compare key.json`,
    )
}

/** With the powers of tau that a key came from, all of it can be checked. */
async function verifyFromPtau(folder: string, ptau: string, given: string | undefined, shell: Shell): Promise<void> {
  const { artefactPaths, verifyCeremony } = await import('../../pipeline')
  const zkey = given ?? artefactPaths(folder).zkey
  const { transcript, unfinished } = await verifyCeremony(folder, { ptau, local: true, zkey, progress: shell.progress })
  const { r1csHash, contributions } = transcript
  const result = { consistent: true, zkey, r1csHash, ptau: transcript.ptau, contributions }
  if (unfinished !== null) throw new NegativeResultError('KEY_UNFINISHED', unfinished, { ...result, consistent: false })
  shell.result(result, () =>
    [
      `${zkey} follows from the circuit in ${folder}, powers of tau (${transcript.ptau.source}) and contributions`,
      ...contributions.map(({ hash, name }, i) => `contribution ${i + 1}: ${hash} ${name ?? ''}`.trimEnd()),
    ].join('\n'),
  )
}

async function setup(folder: string, { system, zkey, ...flags }: Flags, shell: Shell): Promise<void> {
  checkModelFolder(folder)
  if (zkey !== undefined) throw new UsageError('--zkey belongs to "zkml setup verify"; leave it out')
  if (system !== 'groth16') return setupUniversal(folder, system, flags, shell)
  const { dev, ptau, publicSeed } = flags
  const advice = '--dev (a key made on this machine, for development) or --ptau FILE (a prepared powers-of-tau file)'
  if (dev !== true && ptau === undefined) throw new UsageError(`setup needs a source; give ${advice}`)
  if (dev === true && ptau !== undefined) throw new UsageError(`setup takes one source; give either ${advice}`)
  if (publicSeed !== undefined && dev !== true) throw new UsageError('--public-seed belongs to --dev; leave it out')
  if (ptau !== undefined) checkInputPath(ptau, 'the powers-of-tau file')

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
  { dev, ptau, publicSeed }: Omit<Flags, 'system' | 'zkey'>,
  shell: Shell,
): Promise<void> {
  if (dev === true || publicSeed !== undefined || ptau === undefined)
    throw new UsageError(`--system ${system} takes --ptau FILE (a prepared powers-of-tau file) and no other source`)
  checkInputPath(ptau, 'the powers-of-tau file')

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
