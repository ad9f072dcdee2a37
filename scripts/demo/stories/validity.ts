// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { readFileSync } from 'node:fs'
import { toBeHex } from 'ethers'
import hre from 'hardhat'
import type { IFileAttestation } from '../../../typechain-types'
import { pack, tensorCommitment } from '../../../prover/encodings'
import { checkSamples, inferenceCall, proveInference, type LoadedModel } from '../../../prover/pipeline'
import {
  parseSamples,
  quantizedOutputs,
  quantizeInput,
  ReferenceModel,
  toBigInts,
  type Sample,
} from '../../../prover/quantize'
import { randomFieldElement } from '../../../prover/witness'
import type { Scene, Story } from '../scene'
import { heading, note, stage } from '../show'

const DAY = 86_400
const MAX_VALIDITY = 90 * DAY
const ENDORSEMENT = {
  Endorsement: [
    { name: 'issuer', type: 'address' },
    { name: 'commitment', type: 'bytes32' },
    { name: 'subject', type: 'address' },
    { name: 'expiresAt', type: 'uint256' },
  ],
}

type Attestor = IFileAttestation & { getAddress(): Promise<string> }
type Endorsed = {
  readonly endorsement: IFileAttestation.EndorsementStruct
  readonly signature: string
  readonly salt: bigint
}

/** A lender learns the band of two applicants whose files it never sees. */
export const creditDefault: Story = {
  name: 'credit-default',
  contract: 'CreditAttestation',
  summary: 'a lender learns the band, never the file',
  async tell(scene) {
    const { accounts, verifier, modelId, model } = scene
    const [deployer, governor, bureau, strong, weak] = accounts
    const { CreditAttestation__factory } = await import('../../../typechain-types')
    const credit = await new CreditAttestation__factory(deployer!).deploy(verifier, modelId, governor!, MAX_VALIDITY)
    await credit.connect(governor!).setIssuer(bureau!, true)
    note(`CreditAttestation at ${await credit.getAddress()}; its governor names a bureau as issuer`)

    const { samples, good, baseline } = heldOut(scene)
    const bands = samples.map((sample) => quantizedOutputs(model.quantized, sample)[0]![0]!)
    let gas = 0n
    let proveMilliseconds = 0
    for (const [who, band, label] of [
      [strong!, 4, 'an applicant in good standing'],
      [weak!, 0, 'an applicant in trouble'],
    ] as const) {
      heading(label)
      const file = samples[bands.indexOf(band)]!
      const endorsed = await endorse(scene, credit, 'zkml CreditAttestation', bureau!, who, file)
      const sent = await attest(scene, credit, who, file, endorsed)
      gas = sent.gas
      proveMilliseconds = sent.milliseconds
      note(`bandOf(${who.address}) is ${await credit.bandOf(who)}`)
      note(`a lender who asks for band 3 ${(await credit.reaches(who, 3)) ? 'lends' : 'does not lend'}`)
    }

    heading('The applicant withdraws its file')
    const { commitment } = await credit.attestationOf(strong!)
    await stage('withdrawFile', async () => (await credit.connect(strong!).withdrawFile(commitment)).wait())
    note(`isAttested is now ${await credit.isAttested(strong!)}, and this file cannot be shown again`)

    heading(
      `What bands are worth: ${samples.length} held-out applicants, 5 lost on who defaults, 1 on who is refused and pays`,
    )
    const cost = (lends: (index: number) => boolean): number =>
      good.reduce((sum, pays, i) => sum + (lends(i) ? 5 * (1 - pays) : pays), 0)
    note(
      `lend to all ${cost(() => true)}, to nobody ${cost(() => false)}, to bands 3 and 4 ${cost((i) => bands[i]! >= 3)}`,
    )
    for (const band of [0, 1, 2, 3, 4]) {
      const members = good.filter((_, i) => bands[i] === band)
      const share = members.reduce((sum, pays) => sum + pays, 0) / members.length
      note(`band ${band}  ${'█'.repeat(Math.round(40 * share)).padEnd(40, '░')}  ${(100 * share).toFixed(1)}% pay back`)
    }
    const float = await floatBands(model, samples)
    const right = (saysGood: (index: number) => boolean): number =>
      good.filter((pays, i) => (saysGood(i) ? 1 : 0) === pays).length / good.length
    const proved = right((i) => bands[i]! >= 1)
    return {
      gas,
      proveMilliseconds,
      fidelity: { kind: 'classes', float: right((i) => float[i]! >= 1), proved },
      merit: {
        measure: 'accuracy on held-out applicants',
        baselineName: 'logistic regression',
        better: 'higher',
        model: proved,
        baseline: right((i) => baseline[i]! >= 500),
      },
    }
  },
}

/** A clinic signs measurements, and a patient shows only what the model makes of them. */
export const tumourScreening: Story = {
  name: 'tumour-screening',
  contract: 'ScreeningAttestation',
  summary: 'a clinic signs the measurements, the chain sees the result',
  async tell(scene) {
    const { accounts, verifier, modelId, model, bundled } = scene
    const [deployer, governor, clinic, first, second] = accounts
    const { ScreeningAttestation__factory } = await import('../../../typechain-types')
    const factory = new ScreeningAttestation__factory(deployer!)
    const screening = await factory.deploy(verifier, modelId, governor!, MAX_VALIDITY)
    await screening.connect(governor!).setIssuer(clinic!, true)
    note(`ScreeningAttestation at ${await screening.getAddress()}; its governor names a clinic as issuer`)

    const set = parseSamples(readFileSync(bundled.heldOut, 'utf8'), model.graph, bundled.heldOut)
    const results = set.samples.map((sample) => quantizedOutputs(model.quantized, sample)[0]![0]!)
    let gas = 0n
    let proveMilliseconds = 0
    for (const [who, result, label] of [
      [first!, 0, 'a patient whose cells look well'],
      [second!, 1, 'a patient whose cells do not'],
    ] as const) {
      heading(label)
      const file = set.samples[results.indexOf(result)]!
      const endorsed = await endorse(scene, screening, 'zkml ScreeningAttestation', clinic!, who, file)
      const sent = await attest(scene, screening, who, file, endorsed)
      gas = sent.gas
      proveMilliseconds = sent.milliseconds
      note(`resultOf(${who.address}): ${(await screening.resultOf(who)) ? 'refer to a doctor' : 'nothing found'}`)
    }

    heading('The clinic finds that it mixed up two samples')
    const { commitment } = await screening.attestationOf(second!)
    await stage('revokeFile', async () => (await screening.connect(clinic!).revokeFile(commitment)).wait())
    note(`isAttested is now ${await screening.isAttested(second!)}`)

    heading(`${set.samples.length} held-out patients`)
    const { result: check } = await stage('run them, integers against floats', () => checkSamples(model, set))
    const [[healthy, referred], [missed, found]] = check.confusion as [[number, number], [number, number]]
    note(`of ${missed + found} tumours ${found} are referred; of ${healthy + referred} others ${referred}`)
    const { labels, baseline } = JSON.parse(readFileSync(bundled.heldOut, 'utf8')) as Record<string, number[]>
    const proved = check.quantizedAccuracy!
    return {
      gas,
      proveMilliseconds,
      fidelity: { kind: 'classes', float: check.floatAccuracy!, proved },
      merit: {
        measure: 'accuracy on held-out patients',
        baselineName: 'logistic regression at the same rule',
        better: 'higher',
        model: proved,
        baseline: labels!.filter((label, i) => baseline![i] === label).length / labels!.length,
      },
    }
  },
}

type HeldOut = {
  readonly samples: readonly Sample[]
  readonly good: readonly number[]
  /** What the baseline says, in thousandths. */
  readonly baseline: readonly number[]
}

/** Held-out files, and whether the loan was repaid. */
function heldOut({ bundled, model }: Scene): HeldOut {
  const text = readFileSync(bundled.heldOut, 'utf8')
  const { good, baseline } = JSON.parse(text) as Omit<HeldOut, 'samples'>
  return { samples: parseSamples(text, model.graph, bundled.heldOut).samples, good, baseline }
}

async function floatBands(model: LoadedModel, samples: readonly Sample[]): Promise<number[]> {
  const runtime = await ReferenceModel.load(model.graph, model.onnx)
  try {
    return (await runtime.runAll(samples)).map((outputs) => outputs[0]![0]!)
  } finally {
    await runtime.close()
  }
}

/** The issuer commits to a file under a fresh salt and signs for its subject. */
async function endorse(
  { model }: Scene,
  contract: Attestor,
  name: string,
  issuer: HardhatEthersSigner,
  subject: HardhatEthersSigner,
  file: Sample,
): Promise<Endorsed> {
  const { result } = await stage('the issuer commits to the file and signs', async () => {
    const spec = model.circuit.schema.inputs[0]!
    const integers = toBigInts(quantizeInput(model.quantized.inputs[0]!.recipe, file[0]!))
    const salt = randomFieldElement()
    const format = { lo: spec.lo, bits: spec.bits, count: integers.length }
    const commitment = toBeHex(tensorCommitment(pack(integers, spec), salt, format), 32)
    const { timestamp } = (await hre.ethers.provider.getBlock('latest'))!
    const endorsement = {
      issuer: issuer.address,
      commitment,
      subject: subject.address,
      expiresAt: BigInt(timestamp + 30 * DAY),
    }
    const { chainId } = await hre.ethers.provider.getNetwork()
    const domain = { name, version: '1', chainId, verifyingContract: await contract.getAddress() }
    return { endorsement, signature: await issuer.signTypedData(domain, ENDORSEMENT, endorsement), salt }
  })
  note(
    `${file[0]!.length} numbers stay with issuer and subject; what is signed is ${String(result.endorsement.commitment)}`,
  )
  return result
}

/** The subject proves what the model makes of its file, and hands in proof and signature. */
async function attest(
  scene: Scene,
  contract: Attestor,
  subject: HardhatEthersSigner,
  file: Sample,
  { endorsement, signature, salt }: Endorsed,
): Promise<{ gas: bigint; milliseconds: number }> {
  const { model, backend, contextFor } = scene
  const context = contextFor(await contract.getAddress(), await contract.requestOf(subject), subject)
  const { result: proved } = await stage(`the subject proves what the model makes of it (${backend.name})`, () =>
    proveInference(model, { sample: file, context, salts: [salt], backend }),
  )
  const { output, proof } = inferenceCall(model.circuit.schema, proved)
  const { result: receipt } = await stage('attest: signature and proof checked on chain', async () =>
    (await contract.connect(subject).attest(endorsement, signature, output, proof)).wait(),
  )
  const { witness, prove } = proved.milliseconds
  return { gas: receipt!.gasUsed, milliseconds: witness + prove }
}
