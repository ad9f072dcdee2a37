// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import type { Verification } from '../../pipeline'
import { NegativeResultError } from '../errors'
import { checkModelFolder, readInputText } from '../files'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml verify my-model --proof proof.json
  zkml verify my-model --proof proof.json --json

Outputs are read from the proof's own public signals. Exits with 1 when the proof is not valid.`

/** `zkml verify DIR`. */
export function verifyCommand(command: Command, shell: Shell): void {
  command
    .description('verify a proof against a model')
    .argument('<folder>', 'the folder that "zkml compile" wrote and "zkml setup" made keys for')
    .requiredOption('--proof <file>', 'the proof that "zkml prove" wrote')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, { proof }: { readonly proof: string }) => verify(folder, proof, shell))
}

async function verify(folder: string, path: string, shell: Shell): Promise<void> {
  checkModelFolder(folder)
  const text = readInputText(path, 'the proof')
  const {
    artefactPaths,
    BETA_REMARK,
    contradictingPart,
    proofFromJson,
    readModelFile,
    staged,
    systemOf,
    verifyInference,
  } = await import('../../pipeline')
  const statement = proofFromJson(text, path)
  const result = await staged(shell.progress, 'verify', () => verifyInference(folder, statement))
  if (!result.valid) reject(path, result, result.reason ?? 'no reason was given')
  const part = contradictingPart(text, readModelFile(artefactPaths(folder)).schema, statement)
  if (part !== undefined) reject(path, result, `its "${part}" are not those of its public signals`)
  const system = systemOf(statement.proof)
  if (system === 'fflonk') shell.warn(BETA_REMARK)
  shell.result({ ...result, system, context: contextJson(statement.context) }, () =>
    [
      `valid${result.portable ? ', portable: bound to no chain, contract or request' : ''}`,
      ...result.outputs.map(
        ({ name, values, commitment }) => `${name}: ${values ? `[${values.join(', ')}]` : `commitment ${commitment}`}`,
      ),
    ].join('\n'),
  )
}

function reject(path: string, result: Verification, reason: string): never {
  const json = { valid: false, reason, portable: result.portable, outputs: [] }
  throw new NegativeResultError('PROOF_INVALID', `${path} is not valid: ${reason}; do not rely on it`, json)
}

function contextJson(context: object | null): object | null {
  if (context === null) return null
  return Object.fromEntries(Object.entries(context).map(([name, value]) => [name, String(value)]))
}
