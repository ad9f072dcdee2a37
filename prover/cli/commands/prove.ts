// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import type { ChainedInput, LoadedModel } from '../../pipeline'
import { parseContext, type ContextFlags } from '../context'
import { UsageError } from '../errors'
import { checkModelFolder, checkOutputFile, readInputText } from '../files'
import { collect, parseChoice, parseInteger, parseNamed } from '../options'
import { writeProof } from '../proof-output'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml prove my-model --input input.json --out proof.json
  zkml prove my-model --input input.json --out proof.json --backend snarkjs --threads 2
  zkml prove my-model --input input.json --out proof.json --chain-id 1 --caller 0x… --request-id 0x… --model-id 123 --prover 0x…
  zkml prove second --opening embedding=opening.json --out second.json

The five context options bind the proof to one request of one contract. Without them the proof is portable: valid for
everyone, everywhere, as often as they like. For hashed tensors the salts that open the commitments are written to
<out>.secrets.json, readable by you only; keep that file.

--opening gives a hashed input the values and the salt of an opening that "zkml open" wrote, mostly of another model's output. Its
commitment is then the same in both proofs, which is how inferences are chained.`

type Flags = ContextFlags & {
  readonly input?: string
  readonly opening?: readonly string[]
  readonly out: string
  readonly backend?: string
  readonly threads?: string
}

const MAX_THREADS = 1024

/** `zkml prove DIR`. */
export function proveCommand(command: Command, shell: Shell): void {
  command
    .description('run a model on one input and prove the run')
    .argument('<folder>', 'the folder that "zkml compile" wrote and "zkml setup" made keys for')
    .option('--input <file>', 'the input: {"input_data": [[flat values], …]}; needed unless every input has an opening')
    .option('--opening <name=file>', 'take a hashed input, with its salt, from an opening; repeatable', collect)
    .requiredOption('--out <file>', 'where to write the proof')
    .option('--backend <name>', 'what makes the proof; default ZKML_BACKEND, or see docs/proving.md')
    .option('--threads <n>', 'most threads of the proof; default one per core')
    .option('--chain-id <n>', 'chain of the contract that asked')
    .option('--caller <address>', 'account that calls verifyInference')
    .option('--request-id <hex>', '32 bytes that name the request')
    .option('--model-id <n>', 'id of the model in the registry')
    .option('--prover <address>', 'account that is credited for the proof')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, flags: Flags) => prove(folder, flags, shell))
}

async function prove(folder: string, flags: Flags, shell: Shell): Promise<void> {
  const context = await parseContext(flags)
  checkModelFolder(folder)
  const openings = parseNamed('--opening', 'name=file', flags.opening ?? [], (path) => ({
    path,
    text: readInputText(path, 'the opening'),
  }))
  if (flags.input === undefined && openings.size === 0)
    throw new UsageError('--input is missing; give the input, or --opening for each input')
  const text = flags.input === undefined ? undefined : readInputText(flags.input, 'the input')
  const out = checkOutputFile(flags.out)
  const threads = flags.threads === undefined ? undefined : parseInteger('--threads', 1, MAX_THREADS)(flags.threads)
  const { BACKEND_NAMES, selectBackend } = await import('../../groth16')
  const name = flags.backend === undefined ? undefined : parseChoice('--backend', BACKEND_NAMES)(flags.backend)
  const backend = selectBackend(name, threads === undefined ? {} : { threads })
  const { BETA_REMARK, loadModel, proveInference, systemOf } = await import('../../pipeline')
  const model = await loadModel(folder, { progress: shell.progress })
  const given = await inputOf(model, openings, text, flags.input)
  const proven = await proveInference(model, { ...given, context, backend, progress: shell.progress })
  const secrets = await writeProof(out, model.circuit.schema, proven)

  if (context === null) shell.note('the proof is portable: it is bound to no chain, contract or request')
  if (secrets !== null)
    shell.note(`${secrets} opens the commitments of the hashed tensors; keep it, and keep it to yourself`)
  const { outputs, milliseconds, modelHash, circuitHash, vkHash } = proven
  const portable = context === null
  const system = systemOf(proven.proof)
  if (system === 'fflonk') shell.warn(BETA_REMARK)
  if (name !== undefined && name !== proven.backend)
    shell.warn(`${system} proofs are made by ${proven.backend}; --backend ${name} was not used`)
  shell.result(
    { out, system, backend: proven.backend, secrets, portable, outputs, modelHash, circuitHash, vkHash, milliseconds },
    () =>
      [
        ...outputs.map(
          ({ name, values, commitment }) =>
            `${name}: ${values ? `[${values.join(', ')}]` : `commitment ${commitment}`}`,
        ),
        `wrote ${out}; witness ${milliseconds.witness} ms, proof ${milliseconds.prove} ms by ${proven.backend}`,
      ].join('\n'),
  )
}

/** Values and, where inputs come from openings, salts. */
async function inputOf(
  model: LoadedModel,
  openings: ReadonlyMap<string, { readonly path: string; readonly text: string }>,
  text: string | undefined,
  path = '',
): Promise<Pick<ChainedInput, 'sample'> & Partial<ChainedInput>> {
  const { chainInput, openingFromJson } = await import('../../pipeline')
  const { parseInput } = await import('../../quantize')
  const sample = text === undefined ? undefined : parseInput(text, model.graph, path)
  if (sample !== undefined && openings.size === 0) return { sample }
  const opened = [...openings].map(([name, file]) => [name, openingFromJson(file.text, file.path)] as const)
  return chainInput(model.circuit.schema, new Map(opened), sample)
}
