// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import { writeJsonAtomic } from '../../binfile'
import type { InferenceProof, OpeningVerification, TensorOpening } from '../../pipeline'
import { NegativeResultError, UsageError } from '../errors'
import { checkModelFolder, checkOutputFile, readInputText } from '../files'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml open my-model --proof proof.json --tensor y --out opening.json
  zkml open my-model --proof proof.json --opening opening.json
  zkml open my-model --proof proof.json --opening opening.json --json

An opening reveals its tensor to whoever reads it, for good: it holds salt and values, and those of no other tensor. It is
written for you to hand on, readable by you only. Give nobody the secrets, which open every hashed tensor of the proof.

With --opening, proof and opening are verified, and the values printed; exits with 1 when one of them is not valid. The
"call" of --json is what TensorOpening.openTensor takes after the model id, to open it on chain.`

type Flags = {
  readonly proof: string
  readonly tensor?: string
  readonly out?: string
  readonly secrets?: string
  readonly opening?: string
}

const OWNER_ONLY = 0o600

/** `zkml open DIR`. */
export function openCommand(command: Command, shell: Shell): void {
  command
    .description('open the commitment to a hashed tensor, or verify that somebody did')
    .argument('<folder>', 'the folder that "zkml compile" wrote and "zkml setup" made keys for')
    .requiredOption('--proof <file>', 'the proof that "zkml prove" wrote')
    .option('--out <file>', 'write an opening there')
    .option('--secrets <file>', 'with --out: what "zkml prove" kept; default: <proof>.secrets.json')
    .option('--opening <file>', 'verify this opening')
    .option('--tensor <name>', 'which one; output:<name> or input:<name> where both have the name')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, flags: Flags) => open(folder, flags, shell))
}

async function open(folder: string, flags: Flags, shell: Shell): Promise<void> {
  const { out, opening, secrets } = flags
  if ((out === undefined) === (opening === undefined))
    throw new UsageError('give --out to write an opening, or --opening to verify one, and not both')
  if (secrets !== undefined && out === undefined)
    throw new UsageError('--secrets goes with --out; an opening is verified without them')
  checkModelFolder(folder)
  const { proofFromJson } = await import('../../pipeline')
  const statement = proofFromJson(readInputText(flags.proof, 'the proof'), flags.proof)
  if (opening !== undefined) return verify(folder, statement, opening, flags, shell)
  return write(folder, statement, checkOutputFile(out!), flags, shell)
}

/** Writes an opening that was verified as its reader will verify it. */
async function write(
  folder: string,
  statement: InferenceProof,
  out: string,
  { proof, tensor, secrets = `${proof}.secrets.json` }: Flags,
  shell: Shell,
): Promise<void> {
  const { artefactPaths, openCommitment, openingToJson, readModelFile, secretsFromJson } =
    await import('../../pipeline')
  const { schema } = readModelFile(artefactPaths(folder))
  const opening = openCommitment(schema, secretsFromJson(readInputText(secrets, 'the secrets'), secrets), tensor)
  await requireValid(folder, statement, opening, secrets, shell)
  await writeJsonAtomic(out, openingToJson(opening), OWNER_ONLY)
  const { side, name, commitment } = opening
  shell.warn(`whoever reads ${out} learns the ${side} "${name}"`)
  shell.result({ out, side, name, commitment: commitment.toString() }, () =>
    [
      `wrote ${out}, which opens the commitment ${commitment} to the ${side} "${name}"`,
      `next: hand on ${out} and ${proof}, for "zkml open DIR --proof ${proof} --opening ${out}"`,
    ].join('\n'),
  )
}

async function verify(
  folder: string,
  statement: InferenceProof,
  path: string,
  { tensor }: Flags,
  shell: Shell,
): Promise<void> {
  const { artefactPaths, openingCall, openingFromJson, readModelFile } = await import('../../pipeline')
  const opening = openingFromJson(readInputText(path, 'the opening'), path)
  const { side, name, shape, exponent } = opening
  if (tensor !== undefined && ![name, `${side}:${name}`].includes(tensor))
    throw new UsageError(`${path} is of the ${side} "${name}", not of "${tensor}"`)
  const { portable, values } = await requireValid(folder, statement, opening, path, shell)
  const { commitment, words, salt, ...place } = openingCall(readModelFile(artefactPaths(folder)).schema, opening)
  const json = {
    ...{ valid: true, reason: null, portable, side, name, shape, values },
    ...{ integers: opening.integers.map(String), exponent },
    call: { ...place, commitment: commitment.toString(), words: words.map(String), salt: salt.toString() },
  }
  shell.result(json, () =>
    [
      `valid${portable ? ', of a portable proof' : ''}: opens the commitment ${commitment}`,
      `${side} ${name}: [${values.join(', ')}]`,
    ].join('\n'),
  )
}

async function requireValid(
  folder: string,
  statement: InferenceProof,
  opening: TensorOpening,
  path: string,
  shell: Shell,
): Promise<OpeningVerification> {
  const { staged, verifyOpening } = await import('../../pipeline')
  const result = await staged(shell.progress, 'verify', () => verifyOpening(folder, statement, opening))
  if (result.valid) return result
  const message = `${path} is no valid opening: ${result.reason ?? 'no reason was given'}; do not rely on it`
  throw new NegativeResultError('OPENING_INVALID', message, result)
}
