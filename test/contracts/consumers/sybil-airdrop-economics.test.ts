// SPDX-License-Identifier: GPL-3.0-or-later

import { mine, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { dataSlice, id } from 'ethers'
import { ethers } from 'hardhat'
import { quantizedOutputs } from '../../../prover/quantize'
import {
  APPEAL,
  CLAIM,
  deployAirdrop,
  entitlementOf,
  FLOOR,
  heldOutAccounts,
  THRESHOLD,
  updateOf,
} from '../../support/airdrop'
import { trapdoorModel } from '../../support/consumer-models'
import { itUninstrumented } from '../../support/coverage'
import { loadBundled } from '../../support/reference-models'
import { createWorld } from '../../support/world'

const [AGE, ACTIVE_DAYS, TRANSACTIONS, PEOPLE, CONTRACTS, SOURCES, BALANCE, TRAIL] = [0, 1, 2, 3, 4, 5, 6, 12] as const
/** Every so many of the held-out accounts go through the contract; the others by the integer program alone. */
const STRIDE = 14
const BATCH = 16

type Row = {
  readonly human: boolean
  readonly kind: string
  readonly amount: number
  readonly features: readonly number[]
  readonly later: readonly number[]
  /** Whether logistic regression says that it is human more likely than not. */
  readonly linear: boolean
  readonly score: number
  readonly laterScore: number
  readonly shapedScore: number
}

/** What an airdrop usually gives: more to who did more. */
const amountOf = (features: readonly number[]) => 100 + 10 * Math.min(features[CONTRACTS]!, 20)

/** The newer features of an account whose owner knows the model, and buys forty transactions for it. */
function shape(later: readonly number[]): number[] {
  const more = { [ACTIVE_DAYS]: 20, [TRANSACTIONS]: 40, [PEOPLE]: 8, [CONTRACTS]: 10, [SOURCES]: 3 }
  const shaped = later.map((value, k) => Math.min(1023, value + (more[k as keyof typeof more] ?? 0)))
  shaped[BALANCE] = Math.max(80, shaped[BALANCE]!)
  // Calls that nobody else makes dilute those that the farm shares.
  shaped[TRAIL] = Math.floor((later[TRAIL]! * (later[TRANSACTIONS]! + 4)) / (shaped[TRANSACTIONS]! + 4))
  return shaped
}

/** Who gets what under a rule: the share of it that goes to Sybils, and the shares of each that are paid. */
function outcome(rows: readonly Row[], passes: (row: Row) => boolean) {
  const sum = (list: readonly Row[]) => list.reduce((total, { amount }) => total + amount, 0)
  const paid = rows.filter(passes)
  const share = (part: readonly Row[], of: readonly Row[]) => part.length / of.length
  const [humans, sybils] = [rows.filter(({ human }) => human), rows.filter(({ human }) => !human)]
  return {
    toSybils: sum(paid.filter(({ human }) => !human)) / sum(paid),
    humansPaid: share(humans.filter(passes), humans),
    sybilsPaid: share(sybils.filter(passes), sybils),
  }
}

const claims = ({ score }: Row) => score >= THRESHOLD
const appeals = (row: Row) => row.score >= FLOOR && row.laterScore >= THRESHOLD
/** Claims, and appeals of people as they are; a Sybil has shaped its newer features, and needs a first score of `floor`. */
const shapedAppeals = (floor: number) => (row: Row) =>
  claims(row) || (row.human ? appeals(row) : row.score >= floor && row.shapedScore >= THRESHOLD)

const RULES = {
  none: { label: 'no gate', passes: () => true },
  thumb: {
    label: '10 transactions and 30 days of age',
    passes: ({ features }: Row) => features[TRANSACTIONS]! >= 10 && features[AGE]! >= 30,
  },
  linear: { label: 'logistic regression', passes: ({ linear }: Row) => linear },
  claims: { label: 'this model, claims', passes: claims },
  appeals: { label: 'this model, claims and appeals', passes: (row: Row) => claims(row) || appeals(row) },
  shaped: { label: '  if each Sybil shapes its appeal', passes: shapedAppeals(FLOOR) },
  floorless: { label: '  and there is no floor for it', passes: shapedAppeals(0) },
  reach: { label: '  all whom the floor lets appeal', passes: ({ score }: Row) => score >= FLOOR },
}

describe('SybilAwareAirdrop, what it is worth on held-out chains', function () {
  this.timeout(120_000)
  let rows: readonly Row[]

  before(async () => {
    const held = heldOutAccounts()
    const { quantized } = await loadBundled('sybil-airdrop')
    const run = (features: readonly number[]) => quantizedOutputs(quantized, [Float64Array.from(features)])[0]![0]!
    rows = held.input_data.map((features, i) => {
      const later = held.later[i]!
      return {
        human: held.human[i] === 1,
        kind: held.kind[i]!,
        amount: amountOf(features),
        features,
        later,
        linear: held.baseline[i]! >= 500,
        score: run(features),
        laterScore: run(later),
        shapedScore: run(shape(later)),
      }
    })
  })

  it('sends Sybils a fraction of what other gates do, and refuses few people, fewer with appeals', () => {
    const percent = (share: number) => `${(100 * share).toFixed(1)}%`.padStart(7)
    console.log(`      ${'gate'.padEnd(40)} to Sybils   people paid   Sybils paid (${rows.length} accounts)`)
    const of = (rule: keyof typeof RULES) => outcome(rows, RULES[rule].passes)
    for (const [rule, { label }] of Object.entries(RULES)) {
      const { toSybils, humansPaid, sybilsPaid } = of(rule as keyof typeof RULES)
      console.log(`      ${label.padEnd(40)} ${percent(toSybils)}   ${percent(humansPaid)}      ${percent(sybilsPaid)}`)
    }
    expect(rows.length).to.be.at.least(200)
    for (const other of ['none', 'thumb'] as const)
      expect(of('claims').toSybils, other).to.be.lessThan(of(other).toSybils / 3)
    expect(of('claims').toSybils).to.be.lessThan(of('linear').toSybils)
    expect(of('claims').humansPaid).to.be.greaterThan(of('thumb').humansPaid)
    // Appeals bring people back, and Sybils too.
    expect(of('appeals').humansPaid).to.be.greaterThan(of('claims').humansPaid)
    expect(of('appeals').sybilsPaid).to.be.greaterThan(of('claims').sybilsPaid)
    expect(of('appeals').toSybils).to.be.lessThan(of('thumb').toSybils / 3)
    // Whatever Sybils do after the first snapshot, the floor bounds it; without one most would come through.
    expect(of('shaped').sybilsPaid).to.be.at.most(of('reach').sybilsPaid)
    expect(of('reach').toSybils).to.be.lessThan(of('thumb').toSybils / 2)
    expect(of('floorless').sybilsPaid).to.be.greaterThan(2 * of('reach').sybilsPaid)
  })

  itUninstrumented(
    'pays what the program says: more than 200 accounts through claims, refusals and appeals',
    async function () {
      const world = await createWorld()
      const model = await trapdoorModel(world, 'sybil-airdrop')
      const sample = rows.filter((_, index) => index % STRIDE === 0)
      const members = sample.map(({ amount, features, later }, index) => ({
        account: ethers.getAddress(dataSlice(id(`account ${index}`), 12)),
        amount: BigInt(amount),
        features,
        later,
      }))
      await mine(3)
      const scene = await deployAirdrop(world, model.modelId, members)
      const { airdrop, token, config } = scene
      const caller = await airdrop.getAddress()
      const answer = async (index: number, round: number) => {
        const { account, features, later } = members[index]!
        const { score, laterScore } = sample[index]!
        const context = {
          chainId: 31337n,
          caller,
          requestId: await airdrop.requestOf(account, round),
          modelId: model.modelId,
          prover: world.stranger.address,
        }
        const [input, output] = round === CLAIM ? [features, score] : [later, laterScore]
        const proved = model.prove(input.map(BigInt), [BigInt(output)], context)
        return { output: proved.output, proof: proved.proof }
      }
      const entitlement = (index: number) => entitlementOf(scene.claims, members, index)
      const where = (test: (row: Row) => boolean) => sample.flatMap((row, index) => (test(row) ? [index] : []))

      const accepted = where(claims)
      let gas = 0n
      for (let from = 0; from < accepted.length; from += BATCH) {
        const batch = accepted.slice(from, from + BATCH)
        const proved = await Promise.all(
          batch.map(async (index) => ({ entitlement: entitlement(index), answer: await answer(index, CLAIM) })),
        )
        const sent = await airdrop.claimBatch(proved)
        if (batch.length === BATCH) gas = (await sent.wait())!.gasUsed / BigInt(BATCH)
      }
      expect(gas).to.be.lessThan(180_000n)
      const refused = where((row) => !claims(row))
      for (const index of refused.filter((_, at) => at % 3 === 0))
        await expect(airdrop.claim.staticCall(entitlement(index), await answer(index, CLAIM)))
          .to.be.revertedWithCustomError(airdrop, 'ScoreTooLow')
          .withArgs(members[index]!.account, sample[index]!.score, THRESHOLD)

      await time.increaseTo(config.appealsFrom)
      const block = (await ethers.provider.getBlockNumber()) - 1
      await airdrop.connect(world.publisher).publishAppeals(scene.appeals.root, block)
      const heard = where((row) => !claims(row) && appeals(row))
      for (const index of heard)
        await airdrop.appeal(
          entitlement(index),
          await answer(index, CLAIM),
          updateOf(scene.appeals, members, index),
          await answer(index, APPEAL),
        )
      expect(sample.length).to.be.at.least(200)
      expect(heard.length).to.be.at.least(1)

      let [toPeople, toSybils] = [0n, 0n]
      for (const [index, row] of sample.entries()) {
        const balance = await token.balanceOf(members[index]!.account)
        expect(balance).to.equal(claims(row) || appeals(row) ? members[index]!.amount : 0n)
        if (row.human) toPeople += balance
        else toSybils += balance
      }
      await time.increaseTo(config.deadline + 1)
      await airdrop.sweep()
      const total = members.reduce((sum, { amount }) => sum + amount, 0n)
      expect(toPeople + toSybils + (await token.balanceOf(world.guardian))).to.equal(total)
      console.log(
        `      on chain: ${sample.length} accounts, ${accepted.length} claims at ${gas} gas in batches of ${BATCH}, ${refused.length} refused, ` +
          `${heard.length} paid on appeal; ${toPeople} to people, ${toSybils} to Sybils, of ${total}`,
      )
      expect(toSybils * 5n).to.be.lessThan(toPeople)
    },
  )
})
