// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * `npm start`: both small models, from ONNX file to a contract that changes its state, on an in-process chain.
 * Everything is real and nothing leaves this machine.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import hre from 'hardhat'
import type { InferenceVerifier } from '../../typechain-types'
import {
  checkSamples,
  compileReport,
  inferenceCall,
  loadModel,
  proveInference,
  table,
  type LoadedModel,
  type ProvedInference,
  type SamplesCheck,
} from '../../prover/pipeline'
import type { ProofContext } from '../../prover/encodings'
import { selectBackend, type ProverBackend } from '../../prover/groth16'
import { argmax, parseSamples, type SampleSet } from '../../prover/quantize'
import { buildBundled, buildFolder, compileBundled, registrationOf, verifierSource } from '../bundle'
import { BUNDLED, modelFolder, type BundledModel } from '../bundled'
import { heading, note, picture, seconds, stage } from './show'

type Row = {
  readonly bundled: BundledModel
  readonly times: Record<'compile' | 'setup' | 'witness' | 'prove' | 'verify', number>
  readonly constraints: number
  readonly check: SamplesCheck
  readonly gas: { readonly verify: bigint; readonly consumer: bigint }
}

type Chain = {
  readonly verifier: InferenceVerifier
  readonly chainId: bigint
  readonly modelIds: Readonly<Record<string, bigint>>
}

const CLASSES: Readonly<Record<string, readonly string[]>> = {
  'breast-cancer': ['malignant', 'benign'],
  'mnist-cnn': Array.from({ length: 10 }, (_, digit) => `digit ${digit}`),
}

async function main(): Promise<void> {
  const backend = selectBackend(undefined, { keepThreads: true })
  try {
    const demos = BUNDLED.filter((bundled) => bundled.verifier !== undefined)
    const built = new Map<string, { readonly compile: number; readonly setup: number }>()
    for (const bundled of demos) built.set(bundled.name, await build(bundled))

    heading('Deploy to an in-process chain')
    const chain = await deploy(demos.map(({ name }) => name))
    const rows: Row[] = []
    for (const bundled of demos) rows.push(await infer(bundled, chain, backend, built.get(bundled.name)!))
    summary(rows, backend.name)
  } finally {
    await backend.close()
  }
}

/** Compile and set up, then hold the result against what is committed. */
async function build(bundled: BundledModel): Promise<{ compile: number; setup: number }> {
  heading(`${bundled.name}: compile and set up`)
  const { result: model, ms: compile } = await stage('compile ONNX + recipe to a circuit', () =>
    compileBundled(bundled),
  )
  const report = compileReport(model)
  const affine = report.layers.filter(({ op }) => ['Conv', 'Gemm', 'Div', 'AveragePool', 'Flatten'].includes(op))
  note(
    `${report.constraints.toLocaleString('en-US')} constraints; the ${affine.length} affine layers take ${affine.reduce((sum, layer) => sum + layer.constraints, 0)} of them`,
  )
  const { result: key, ms: setup } = await stage('dev setup from a public seed', () => buildBundled(bundled, model))

  const committed = readFileSync(
    join(__dirname, '..', '..', 'contracts', 'verifiers', `${bundled.verifier!}.sol`),
    'utf8',
  )
  const registration = readFileSync(join(modelFolder(bundled.name), 'registration.json'), 'utf8')
  const same =
    committed === (await verifierSource(bundled, key)) &&
    JSON.stringify(JSON.parse(registration)) === JSON.stringify(registrationOf(bundled, model, key))
  if (!same) throw new Error(`${bundled.name}: the committed verifier or registration is stale; run "npm run bundle"`)
  note(`the verifier and registration made here are the committed ones, byte for byte`)
  return { compile, setup }
}

async function deploy(names: readonly string[]): Promise<Chain> {
  await stage('compile the contracts', () => hre.run('compile', { quiet: true }))
  const { deployAll } = await import('../deploy/deploy-all')
  const { readRegistrations } = await import('../deploy/registration')
  const { InferenceVerifier__factory } = await import('../../typechain-types')
  const directory = mkdtempSync(join(tmpdir(), 'zkml-demo-'))
  try {
    const registrations = await readRegistrations(join(__dirname, '..', '..', 'models'))
    const models = registrations.filter(({ name }) => names.includes(name))
    const { result } = await stage(
      `deploy the core, ${models.length} verifiers, register ${models.length} models`,
      () => deployAll(hre, { models, directory, reset: true }),
    )
    const { contracts, models: registered } = result.record
    const [signer] = await hre.ethers.getSigners()
    note(`registry ${contracts.ModelRegistry.address}, inference verifier ${contracts.InferenceVerifier.address}`)
    return {
      verifier: InferenceVerifier__factory.connect(contracts.InferenceVerifier.address, signer),
      chainId: BigInt(result.record.chainId),
      modelIds: Object.fromEntries(Object.entries(registered).map(([name, { modelId }]) => [name, BigInt(modelId)])),
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** One held-out sample straight to `verifyInference`, another through a consumer that acts on it. */
async function infer(
  bundled: BundledModel,
  chain: Chain,
  backend: ProverBackend,
  built: { readonly compile: number; readonly setup: number },
): Promise<Row> {
  heading(`${bundled.name}: infer, prove, verify`)
  const model = await loadModel(buildFolder(bundled.name))
  const heldOut = parseSamples(readFileSync(bundled.heldOut, 'utf8'), model.graph, bundled.heldOut)
  const { result: check } = await stage(`run ${heldOut.samples.length} held-out samples, integers against floats`, () =>
    checkSamples(model, heldOut),
  )
  note(`same class as the float model on ${heldOut.samples.length - check.flips} of ${heldOut.samples.length}`)

  const [signer] = await hre.ethers.getSigners()
  const account = await signer!.getAddress()
  const modelId = chain.modelIds[bundled.name]!
  const { ClassGate__factory } = await import('../../typechain-types')
  const gate = await new ClassGate__factory(signer!).deploy(await chain.verifier.getAddress(), modelId, 0, 0)
  const contextFor = (caller: string): ProofContext => ({
    chainId: chain.chainId,
    caller,
    requestId: `0x${randomBytes(32).toString('hex')}`,
    modelId,
    prover: account,
  })

  const [first, second] = [0, 8]
  const direct = await proveSample(bundled, model, heldOut, first, contextFor(account), backend)
  const call = inferenceCall(model.circuit.schema, direct)
  const verified = await stage('verifyInference on chain', async () =>
    (await chain.verifier.verifyInference(modelId, call.inputCommitment, call.output, call.proof)).wait(),
  )
  const gas = verified.result!.gasUsed
  note(`accepted for ${gas.toLocaleString('en-US')} gas`)

  const bound = await proveSample(bundled, model, heldOut, second, contextFor(await gate.getAddress()), backend)
  const consumed = inferenceCall(model.circuit.schema, bound)
  const reaction = await stage('ClassGate.classify: a contract acts on the result', async () =>
    (await gate.classify(consumed.inputCommitment, consumed.output, consumed.proof)).wait(),
  )
  const { class_ } = await gate.classificationOf(account)
  note(`ClassGate now says of ${account}: ${CLASSES[bundled.name]?.[Number(class_)] ?? class_}`)
  return {
    bundled,
    constraints: model.file.constraints,
    check,
    times: { ...built, ...direct.milliseconds, verify: verified.ms },
    gas: { verify: gas, consumer: reaction.result!.gasUsed },
  }
}

async function proveSample(
  bundled: BundledModel,
  model: LoadedModel,
  { samples, labels }: SampleSet,
  index: number,
  context: ProofContext,
  backend: ProverBackend,
): Promise<ProvedInference> {
  const sample = samples[index]!
  const pixels = sample[0]!
  if (pixels.length === 784) console.log(picture(Array.from(pixels), 28))
  const { result } = await stage(`prove held-out sample ${index}`, () =>
    proveInference(model, { sample, context, backend }),
  )
  const names = CLASSES[bundled.name]!
  const scores = result.outputs[0]!.values!
  note(`the model says ${names[argmax(scores)]}, the label ${names[labels![index]!]}`)
  return result
}

function summary(rows: readonly Row[], backend: string): void {
  heading('Done')
  const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(2)}%`)
  const head = ['', ...rows.map((row) => row.bundled.name)]
  const line = (label: string, cell: (row: Row) => string) => [label, ...rows.map(cell)]
  console.log()
  const body = [
    line('constraints', (row) => row.constraints.toLocaleString('en-US')),
    line('held-out accuracy, float', (row) => percent(row.check.floatAccuracy)),
    line('held-out accuracy, proved integers', (row) => percent(row.check.quantizedAccuracy)),
    line('same class as float', (row) => percent(row.check.argmaxAgreement)),
    line('compile', (row) => seconds(row.times.compile)),
    line('setup', (row) => seconds(row.times.setup)),
    line('witness', (row) => seconds(row.times.witness)),
    line(`prove (${backend})`, (row) => seconds(row.times.prove)),
    line('verify on chain', (row) => seconds(row.times.verify)),
    line('proof', () => '256 bytes'),
    line('gas, verifyInference', (row) => row.gas.verify.toLocaleString('en-US')),
    line('gas, consumer call', (row) => row.gas.consumer.toLocaleString('en-US')),
  ]
  console.log(
    table(head, body)
      .map((text) => `  ${text}`)
      .join('\n'),
  )
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
