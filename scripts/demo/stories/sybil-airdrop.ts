// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { dataSlice, getAddress, id } from 'ethers'
import hre from 'hardhat'
import type { SybilAwareAirdrop } from '../../../typechain-types'
import { pack } from '../../../prover/encodings'
import { inferenceCall, proveInference, type LoadedModel } from '../../../prover/pipeline'
import { parseSamples, quantizedOutputs, ReferenceModel, type Sample } from '../../../prover/quantize'
import { appealLeaf, claimLeaf, merkleTree, type MerkleTree } from '../../airdrop/tree'
import type { Scene, Story } from '../scene'
import { heading, note, stage } from '../show'

const DAY = 86_400
const [THRESHOLD, FLOOR] = [500, 400]
const [CLAIM, APPEAL] = [0, 1]
const [AGE, TRANSACTIONS, CONTRACTS] = [0, 2, 4]
const BINS = 10

/** A held-out account of a simulated chain. */
type Row = {
  readonly human: boolean
  readonly kind: string
  readonly account: string
  readonly amount: bigint
  readonly features: Sample
  readonly later: Sample
  /** Both as leaves and proofs have them, packed. */
  readonly word: bigint
  readonly laterWord: bigint
  readonly score: number
  readonly laterScore: number
  /** What logistic regression says, in thousandths. */
  readonly baseline: number
}

type Airdrop = {
  readonly contract: SybilAwareAirdrop
  readonly rows: readonly Row[]
  readonly claims: MerkleTree
  readonly appeals: MerkleTree
}

type Proved = { readonly output: string; readonly proof: string; readonly milliseconds: number }

/** An airdrop that a person gets, a farm does not, and a person who was refused gets on appeal. */
export const sybilAirdrop: Story = {
  name: 'sybil-airdrop',
  contract: 'SybilAwareAirdrop',
  summary: 'an airdrop for people: claims on a proven score, and appeals',
  async tell(scene) {
    const { model } = scene
    const { result: rows } = await stage('read held-out accounts, and what the model says of them', async () =>
      readRows(scene),
    )
    const refusedPerson = (row: Row) => row.human && row.score < THRESHOLD && row.score >= FLOOR
    const [person, sybil, wronged] = [
      rows.findIndex((row) => row.human && row.score >= THRESHOLD),
      rows.findIndex((row) => row.kind === 'exchange' && row.score < FLOOR),
      rows.findIndex((row) => refusedPerson(row) && row.laterScore >= THRESHOLD),
    ] as [number, number, number]
    histogram(rows)
    const airdrop = await deploy(scene, rows)

    heading('A person claims')
    const proof = await prove(scene, airdrop, person, CLAIM)
    const { contract } = airdrop
    const entitlement = entitlementOf(airdrop, person)
    const { result: receipt } = await stage('claim: leaf and proof checked on chain', async () =>
      (await contract.claim(entitlement, proof)).wait(),
    )
    note(`score ${rows[person]!.score}: paid ${rows[person]!.amount} tokens to ${rows[person]!.account}`)

    heading('An account of a farm claims')
    await refusal(airdrop, sybil, await prove(scene, airdrop, sybil, CLAIM))

    heading('A person whom the model takes for a Sybil claims, and appeals two months later')
    const first = await prove(scene, airdrop, wronged, CLAIM)
    await refusal(airdrop, wronged, first)
    await openAppeals(scene, airdrop)
    const fresh = await prove(scene, airdrop, wronged, APPEAL)
    const update = { features: rows[wronged]!.laterWord, merkleProof: airdrop.appeals.proofOf(wronged) }
    const { result: appealed } = await stage('appeal: two leaves and two proofs checked on chain', async () =>
      (await contract.appeal(entitlementOf(airdrop, wronged), first, update, fresh)).wait(),
    )
    note(
      `score ${rows[wronged]!.laterScore} by newer features: paid, for ${appealed!.gasUsed.toLocaleString('en-US')} gas`,
    )

    compare(rows)
    const right = (says: (row: Row, index: number) => boolean) =>
      rows.filter((row, index) => says(row, index) === row.human).length / rows.length
    const floats = await floatScores(model, rows)
    const proved = right(({ score }) => score >= THRESHOLD)
    return {
      gas: receipt!.gasUsed,
      proveMilliseconds: proof.milliseconds,
      fidelity: { kind: 'classes', float: right((_, index) => floats[index]! >= THRESHOLD), proved },
      merit: {
        measure: 'accuracy on held-out accounts',
        baselineName: 'logistic regression',
        better: 'higher',
        model: proved,
        baseline: right(({ baseline }) => baseline >= 500),
      },
    }
  },
}

function readRows({ bundled, model }: Scene): Row[] {
  const text = readFileSync(bundled.heldOut, 'utf8')
  const { human, kind, baseline, later } = JSON.parse(text) as Record<'human' | 'baseline', number[]> & {
    kind: string[]
    later: number[][]
  }
  const run = (sample: Sample) => quantizedOutputs(model.quantized, sample)[0]![0]!
  const wordOf = (sample: Sample) => pack(Array.from(sample[0]!, BigInt), model.circuit.schema.inputs[0]!)[0]!
  return parseSamples(text, model.graph, bundled.heldOut).samples.map((features, index) => {
    const newer: Sample = [Float64Array.from(later[index]!)]
    return {
      human: human[index] === 1,
      kind: kind[index]!,
      account: getAddress(dataSlice(id(`held-out account ${index}`), 12)),
      // More to who did more, as airdrops usually have it.
      amount: 100n + 10n * BigInt(Math.min(features[0]![CONTRACTS]!, 20)),
      features,
      later: newer,
      word: wordOf(features),
      laterWord: wordOf(newer),
      score: run(features),
      laterScore: run(newer),
      baseline: baseline[index]!,
    }
  })
}

function histogram(rows: readonly Row[]): void {
  heading(`Scores of ${rows.length} accounts on simulated chains that the model was not trained on`)
  const share = (human: boolean, bin: number) => {
    const part = rows.filter((row) => row.human === human)
    return (
      part.filter(({ score }) => Math.min(BINS - 1, Math.floor((score * BINS) / 1000)) === bin).length / part.length
    )
  }
  const bar = (part: number) =>
    `${'█'.repeat(Math.round(40 * part)).padEnd(28)} ${(100 * part).toFixed(1).padStart(4)}%`
  note(`score     ${'people'.padEnd(36)}Sybils`)
  for (let bin = BINS - 1; bin >= 0; bin--) {
    const mark = bin * 100 === THRESHOLD ? '← paid from here' : bin * 100 === FLOOR ? '← may appeal' : ''
    note(`${String(bin * 100).padStart(4)}+     ${bar(share(true, bin))}  ${bar(share(false, bin))} ${mark}`)
  }
}

/** Deploys the airdrop for all accounts, with what it gives away. */
async function deploy({ accounts, verifier, modelId }: Scene, rows: readonly Row[]): Promise<Airdrop> {
  const [deployer, publisher, treasury] = accounts
  const { HostileToken__factory, SybilAwareAirdrop__factory } = await import('../../../typechain-types')
  const claims = merkleTree(rows.map(({ account, amount, word }) => claimLeaf(account, amount, word)))
  const appeals = merkleTree(rows.map(({ account, laterWord }) => appealLeaf(account, laterWord)))
  // A plain token as long as nobody tells it to misbehave.
  const token = await new HostileToken__factory(deployer!).deploy()
  const { number, timestamp } = (await hre.ethers.provider.getBlock('latest'))!
  const config = {
    token: await token.getAddress(),
    claimRoot: claims.root,
    snapshotBlock: number - 1,
    publisher: publisher!.address,
    treasury: treasury!.address,
    threshold: THRESHOLD,
    appealFloor: FLOOR,
    appealsFrom: timestamp + 60 * DAY,
    appealsBy: timestamp + 70 * DAY,
    deadline: timestamp + 90 * DAY,
  }
  const contract = await new SybilAwareAirdrop__factory(deployer!).deploy(verifier, modelId, config)
  const total = rows.reduce((sum, { amount }) => sum + amount, 0n)
  await token.mint(contract, total)
  heading(`SybilAwareAirdrop at ${await contract.getAddress()}`)
  note(`${total.toLocaleString('en-US')} tokens for ${rows.length} accounts; root ${claims.root}`)
  return { contract, rows, claims, appeals }
}

function entitlementOf({ rows, claims }: Airdrop, index: number) {
  const { account, amount, word } = rows[index]!
  return { account, amount, features: word, merkleProof: claims.proofOf(index) }
}

async function prove(scene: Scene, { contract, rows }: Airdrop, index: number, round: number): Promise<Proved> {
  const { model, backend, accounts, contextFor } = scene
  const { account, features, later } = rows[index]!
  const requestId = await contract.requestOf(account, round)
  const context = contextFor(await contract.getAddress(), requestId, accounts[0]!)
  const { result } = await stage(
    `prove what the model makes of ${features[0]!.length} features (${backend.name})`,
    () => proveInference(model, { sample: round === CLAIM ? features : later, context, backend }),
  )
  const { output, proof } = inferenceCall(model.circuit.schema, result)
  return { output, proof, milliseconds: result.milliseconds.witness + result.milliseconds.prove }
}

/** Claims what has to be refused, and says why it was. */
async function refusal(airdrop: Airdrop, index: number, answer: Proved): Promise<void> {
  const { contract } = airdrop
  const { result: error } = await stage('claim: leaf and proof checked on chain', () =>
    contract.claim.staticCall(entitlementOf(airdrop, index), answer).then(
      () => new Error('the claim was not refused'),
      (reason: unknown) => reason,
    ),
  )
  const { data } = error as { readonly data?: string }
  const parsed = data === undefined ? null : contract.interface.parseError(data)
  if (parsed?.name !== 'ScoreTooLow') throw error
  note(`refused: score ${parsed.args[1]}, and it takes ${parsed.args[2]}`)
}

/** Two months on, the publisher brings out the second tree. */
async function openAppeals({ accounts }: Scene, { contract, appeals }: Airdrop): Promise<void> {
  const provider = hre.network.provider
  await provider.send('evm_setNextBlockTimestamp', [Number(await contract.appealsFrom())])
  await provider.send('evm_mine')
  const block = await hre.ethers.provider.getBlockNumber()
  await stage('60 days later: publishAppeals, features of now', async () =>
    (await contract.connect(accounts[1]!).publishAppeals(appeals.root, block)).wait(),
  )
}

function compare(rows: readonly Row[]): void {
  heading('Where the tokens go, if all accounts claim')
  const claims = ({ score }: Row) => score >= THRESHOLD
  const sum = (part: readonly Row[]) => part.reduce((total, { amount }) => total + Number(amount), 0)
  for (const [label, passes] of [
    ['no gate', () => true],
    ['10 transactions and 30 days of age', ({ features: [row] }: Row) => row![TRANSACTIONS]! >= 10 && row![AGE]! >= 30],
    ['logistic regression', ({ baseline }: Row) => baseline >= 500],
    ['this model', claims],
    ['this model, and appeals', (row: Row) => claims(row) || (row.score >= FLOOR && row.laterScore >= THRESHOLD)],
  ] as const) {
    const paid = rows.filter(passes)
    const people = rows.filter(({ human }) => human)
    const toSybils = sum(paid.filter(({ human }) => !human)) / sum(paid)
    const refused = people.filter((row) => !passes(row)).length / people.length
    note(
      `${label.padEnd(36)} ${'█'.repeat(Math.round(40 * toSybils)).padEnd(20, '░')} ${(100 * toSybils).toFixed(1).padStart(4)}% to Sybils, ${(100 * refused).toFixed(1).padStart(4)}% of people refused`,
    )
  }
}

async function floatScores(model: LoadedModel, rows: readonly Row[]): Promise<number[]> {
  const runtime = await ReferenceModel.load(model.graph, model.onnx)
  try {
    return (await runtime.runAll(rows.map(({ features }) => features))).map((outputs) => outputs[0]![0]!)
  } finally {
    await runtime.close()
  }
}
