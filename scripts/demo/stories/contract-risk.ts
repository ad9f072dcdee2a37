// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { Interface, keccak256, parseEther } from 'ethers'
import hre from 'hardhat'
import type { ContractRiskAttestor, RiskRouter } from '../../../typechain-types'
import { inferenceCall, proveInference } from '../../../prover/pipeline'
import { parseSamples, quantizedOutputs, ReferenceModel, type Sample } from '../../../prover/quantize'
import { FEATURE_NAMES, featuresOf } from '../../contract-risk/features'
import { heldOutTargets, type Target } from '../../contract-risk/targets'
import type { Scene, Story, StoryFigures } from '../scene'
import { heading, note, stage } from '../show'

const DAY = 86_400
const MOST = 450
const ESCROW = new Interface(['function openDeal(address seller) payable returns (uint256 id)'])

/** Held-out escrows, in the order in which they are asked about. */
const CAST: readonly (readonly [base: string, kind: string, label: string])[] = [
  ['escrow 12', 'sound', 'An escrow that settles its books before it pays'],
  ['escrow 12', 'reentrancy', 'The same escrow, but one of its functions pays first and settles afterwards'],
  ['escrow 14', 'tx-origin', 'An escrow that asks tx.origin who is calling'],
  ['escrow 20', 'reentrancy', 'Another one that pays first: what the model does not see'],
]

/** A router asks what is known of an escrow's code before it puts money into it. */
export const contractRisk: Story = {
  name: 'contract-risk',
  contract: 'ContractRiskAttestor',
  summary: 'a router looks at code before it pays into it',
  async tell(scene) {
    const { accounts, verifier, modelId } = scene
    const [deployer] = accounts
    const { ContractRiskAttestor__factory, RiskRouter__factory } = await import('../../../typechain-types')
    const attestor = await new ContractRiskAttestor__factory(deployer!).deploy(verifier, modelId, DAY, 30 * DAY)
    const router = await new RiskRouter__factory(deployer!).deploy(attestor, MOST)
    note(`ContractRiskAttestor at ${await attestor.getAddress()}; a router that accepts ${MOST} of 1000 asks it`)

    const targets = heldOutTargets()
    let gas = 0n
    let proveMilliseconds = 0
    const seen: Target[] = []
    for (const [base, kind, label] of CAST) {
      heading(label)
      const target = targets.find((one) => one.base === base && one.kind === kind)!
      const sent = await attest(scene, attestor, target)
      gas = sent.gas
      proveMilliseconds = sent.milliseconds
      const sound = seen.find((one) => one.base === base)
      if (sound !== undefined) compare(scene, sound, target)
      await route(router, sent.address, accounts[1]!.address)
      seen.push(target)
    }

    heading(`What the code of ${targets.length} held-out contracts tells: share that the router refuses`)
    for (const kind of [...new Set(targets.map((one) => one.kind))].sort()) {
      const members = targets.filter((one) => one.kind === kind)
      const share = members.filter(({ code }) => riskOf(scene, code) > MOST).length / members.length
      note(`${kind.padEnd(21)} ${bar(share, 40)}  ${(100 * share).toFixed(0)}% of ${members.length}`)
    }
    note('A score finds some honest mistakes, and refuses sound code with them. It is no audit.')
    return { gas, proveMilliseconds, ...(await measure(scene)) }
  },
}

function riskOf({ model }: Scene, code: string): number {
  return quantizedOutputs(model.quantized, [Float64Array.from(featuresOf(code))])[0]![0]!
}

/** Puts the code on the chain, fixes its features, proves its score and hands it in. */
async function attest(
  scene: Scene,
  attestor: ContractRiskAttestor,
  { code }: Target,
): Promise<{ address: string; gas: bigint; milliseconds: number }> {
  const { model, backend, contextFor, accounts } = scene
  const address = hre.ethers.getAddress(keccak256(code).slice(0, 42))
  await hre.network.provider.send('hardhat_setCode', [address, code])
  const { result: asked } = await stage('snapshot: the chain counts the instructions', async () =>
    (await attestor.snapshot(address)).wait(),
  )
  const [features] = await attestor.featuresOf(address)
  note(
    `${code.length / 2 - 1} bytes of code in ${features.length} numbers, ${asked!.gasUsed.toLocaleString('en-US')} gas`,
  )
  const [requestId] = await attestor.requestOf(keccak256(code))
  const context = contextFor(await attestor.getAddress(), requestId, accounts[2]!)
  const { result: proved } = await stage(`anyone proves what the model says of them (${backend.name})`, () =>
    proveInference(model, { sample: [Float64Array.from(features, Number)], context, backend }),
  )
  const { output, proof } = inferenceCall(model.circuit.schema, proved)
  const { result: receipt } = await stage('submit: the proof is checked on chain', async () =>
    (await attestor.submit(keccak256(code), output, proof)).wait(),
  )
  const { risk } = await attestor.riskOf(address)
  note(`riskOf: ${bar(Number(risk) / 1000, 40)}  ${risk} of 1000`)
  const { witness, prove } = proved.milliseconds
  return { address, gas: receipt!.gasUsed, milliseconds: witness + prove }
}

/** Which features of the changed code move its score most, each put alone into those of the sound one. */
function compare(scene: Scene, sound: Target, changed: Target): void {
  const before = featuresOf(sound.code)
  const after = featuresOf(changed.code)
  const risk = (values: readonly number[]) =>
    quantizedOutputs(scene.model.quantized, [Float64Array.from(values)])[0]![0]!
  const start = risk(before)
  const moves = FEATURE_NAMES.map((name, k) => ({
    name,
    from: before[k]!,
    to: after[k]!,
    by: risk(before.map((value, i) => (i === k ? after[k]! : value))) - start,
  }))
  moves.sort((a, b) => Math.abs(b.by) - Math.abs(a.by))
  note('what changed the score most (logarithms in sixteenths, sound → this one):')
  for (const { name, from, to, by } of moves.filter((one) => one.by !== 0).slice(0, 5)) {
    const length = Math.min(30, Math.max(1, Math.round(Math.abs(by) / 2)))
    note(`  ${name.padEnd(50)} ${`${from} → ${to}`.padStart(10)}  ${(by < 0 ? '▒' : '█').repeat(length)} ${by}`)
  }
}

async function route(router: RiskRouter, target: string, seller: string): Promise<void> {
  const data = ESCROW.encodeFunctionData('openDeal', [seller])
  try {
    await (await router.route(target, data, { value: parseEther('1') })).wait()
    note('the router opens a deal of 1 ether in it')
  } catch (error) {
    if (!String(error).includes('TooRisky')) throw error
    note('the router refuses: TooRisky')
  }
}

function bar(share: number, width: number): string {
  const filled = Math.round(share * width)
  return '█'.repeat(filled).padEnd(width, '░')
}

/** On all held-out rows: integers against floats, and how well scores rank unsound code above sound code. */
async function measure({ bundled, model }: Scene): Promise<Pick<StoryFigures, 'fidelity' | 'merit'>> {
  const text = readFileSync(bundled.heldOut, 'utf8')
  const { samples } = parseSamples(text, model.graph, bundled.heldOut)
  const { unsound, baseline } = JSON.parse(text) as Record<'unsound' | 'baseline', number[]>
  const proved = samples.map((sample) => quantizedOutputs(model.quantized, sample)[0]![0]!)
  const float = await floats(model, samples)
  const range = Math.max(...float) - Math.min(...float)
  const meanError = proved.reduce((sum, value, i) => sum + Math.abs(value - float[i]!), 0) / (proved.length * range)
  return {
    fidelity: { kind: 'values', meanError },
    merit: {
      measure: 'AUC on held-out code',
      baselineName: 'logistic regression on the opcode histogram',
      better: 'higher',
      model: auc(proved, unsound),
      baseline: auc(baseline, unsound),
    },
  }
}

async function floats(model: Scene['model'], samples: readonly Sample[]): Promise<number[]> {
  const runtime = await ReferenceModel.load(model.graph, model.onnx)
  try {
    return (await runtime.runAll(samples)).map((outputs) => outputs[0]![0]!)
  } finally {
    await runtime.close()
  }
}

/** Share of pairs of an unsound and a sound row in which the unsound one scores higher; ties count half. */
function auc(scores: readonly number[], unsound: readonly number[]): number {
  const [bad, good] = [1, 0].map((label) => scores.filter((_, i) => unsound[i] === label)) as [number[], number[]]
  const won = bad.reduce((sum, b) => sum + good.reduce((s, g) => s + (b > g ? 1 : b === g ? 0.5 : 0), 0), 0)
  return won / (bad.length * good.length)
}
