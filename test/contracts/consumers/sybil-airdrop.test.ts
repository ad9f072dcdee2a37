// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, mine, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { AbiCoder, id, keccak256, ZeroAddress, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import type { ProofContext } from '../../../prover/encodings'
import { appealLeaf, merkleTree } from '../../../scripts/airdrop/tree'
import {
  APPEAL,
  CLAIM,
  DAY,
  deployAirdrop,
  entitlementOf,
  FLOOR,
  heldOutAccounts,
  THRESHOLD,
  updateOf,
  wordOf,
  type Member,
} from '../../support/airdrop'
import { referenceModel, trapdoorModel } from '../../support/consumer-models'
import { freshSigners } from '../../support/consumers'
import { IS_COVERAGE } from '../../support/coverage'
import { forge, malleate } from '../../support/malleate'
import { createWorld } from '../../support/world'

const PLAIN = [200, 9, 20, 2, 9, 2, 70, 80, 1, 0, 0, 0, 150, 0]

/** Accounts that the airdrop gives 100, 200, … to; the first two have the same features. */
function membersOf(accounts: readonly string[]): Member[] {
  return accounts.map((account, index) => ({
    account,
    amount: 100n * BigInt(index + 1),
    features: PLAIN.map((value, k) => (k === 1 && index > 1 ? value + index : value)),
    later: PLAIN.map((value, k) => (k < 5 ? value + 60 + index : value)),
  }))
}

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'sybil-airdrop')
  const [first, second, third, sender] = await freshSigners(4)
  const members = membersOf([first!, second!, third!].map(({ address }) => address))
  await mine(3)
  const scene = await deployAirdrop(world, model.modelId, members)
  return { ...world, ...scene, model, members, sender: sender! }
}

type Scene = Awaited<ReturnType<typeof deploy>>
type Changes = Partial<ProofContext> & { features?: readonly number[]; randomness?: bigint }

/** A trapdoor proof of some score for a member and a round. */
async function answer(
  { airdrop, model, members, stranger }: Scene,
  index: number,
  score: number,
  round = CLAIM,
  changes: Changes = {},
) {
  const member = members[index]!
  const { features = round === CLAIM ? member.features : member.later, randomness, ...other } = changes
  const requestId = await airdrop.requestOf(member.account, round)
  const caller = await airdrop.getAddress()
  const context = { chainId: 31337n, caller, requestId, modelId: model.modelId, prover: stranger.address, ...other }
  const { output, proof } = model.prove(features.map(BigInt), [BigInt(score)], context, randomness)
  return { output, proof }
}

async function claim(scene: Scene, index: number, score: number) {
  const { airdrop, claims, members, sender } = scene
  return airdrop.connect(sender).claim(entitlementOf(claims, members, index), await answer(scene, index, score))
}

async function openAppeals(scene: Scene) {
  const { airdrop, appeals, publisher, config } = scene
  if ((await time.latest()) < config.appealsFrom) await time.increaseTo(config.appealsFrom)
  return airdrop.connect(publisher).publishAppeals(appeals.root, (await ethers.provider.getBlockNumber()) - 1)
}

async function appeal(scene: Scene, index: number, firstScore: number, score: number) {
  const { airdrop, claims, appeals, members, sender } = scene
  return airdrop
    .connect(sender)
    .appeal(
      entitlementOf(claims, members, index),
      await answer(scene, index, firstScore),
      updateOf(appeals, members, index),
      await answer(scene, index, score, APPEAL),
    )
}

describe('SybilAwareAirdrop, deployment', () => {
  it('refuses what does not fit', async () => {
    const scene = await loadFixture(deploy)
    const { factory, airdrop, routed, model, config, register } = scene
    const now = await time.latest()
    const refused = async (changes: Partial<typeof config>, error: string, args: readonly unknown[] = []) => {
      const sent = factory.deploy(routed, model.modelId, { ...config, ...changes })
      await expect(sent, JSON.stringify(changes))
        .to.be.revertedWithCustomError(airdrop, error)
        .withArgs(...args)
    }
    for (const one of ['token', 'publisher', 'treasury'] as const) await refused({ [one]: ZeroAddress }, 'ZeroAddress')
    await refused({ claimRoot: ZeroHash }, 'ZeroRoot')
    const nextBlock = (await ethers.provider.getBlockNumber()) + 1
    await refused({ snapshotBlock: nextBlock }, 'BadSnapshot', [nextBlock])
    await factory.deploy(routed, model.modelId, { ...config, snapshotBlock: await ethers.provider.getBlockNumber() })
    for (const [threshold, appealFloor] of [
      [0, 0],
      [1024, 400],
      [500, 501],
    ] as const)
      await refused({ threshold, appealFloor }, 'BadThresholds', [threshold, appealFloor])
    await factory.deploy(routed, model.modelId, { ...config, threshold: 1023, appealFloor: 1023 })
    const { appealsFrom, appealsBy, deadline } = config
    for (const times of [
      [now - 1, appealsBy, deadline],
      [appealsBy + 1, appealsBy, deadline],
      [appealsFrom, deadline + 1, deadline],
      [appealsFrom, deadline - 7 * DAY + 1, deadline],
    ] as const) {
      const [from, by, end] = times
      await refused({ appealsFrom: from, appealsBy: by, deadline: end }, 'BadTimes', times)
    }
    await factory.deploy(routed, model.modelId, { ...config, appealsBy: deadline - 7 * DAY })
    const fee = await trapdoorModel(scene, 'fee-mlp')
    for (const wrong of [fee.modelId, await register()]) {
      await expect(factory.deploy(routed, wrong, config))
        .to.be.revertedWithCustomError(airdrop, 'NotASybilModel')
        .withArgs(wrong)
    }
  })

  it('refuses a model that is deprecated', async () => {
    const { factory, airdrop, routed, registry, publisher, model, config } = await loadFixture(deploy)
    await registry.connect(publisher).deprecateModel(model.modelId)
    await expect(factory.deploy(routed, model.modelId, config))
      .to.be.revertedWithCustomError(airdrop, 'DeprecatedModel')
      .withArgs(model.modelId)
  })
})

describe('SybilAwareAirdrop, claims', () => {
  it('pays the account its amount, whoever proves and sends', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, token, members, sender } = scene
    const [{ account, amount }] = members as [Member]
    const request = AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'address', 'uint256'],
      [id('zkml.airdrop.request.v1'), account, 0],
    )
    expect(await airdrop.requestOf(account, CLAIM)).to.equal(keccak256(request))
    await expect(claim(scene, 0, 731))
      .to.emit(airdrop, 'Paid')
      .withArgs(account, CLAIM, amount, 731)
    expect(await token.balanceOf(account)).to.equal(amount)
    expect(await token.balanceOf(sender)).to.equal(0)
    expect([await airdrop.isPaid(account), await airdrop.isPaid(members[1]!.account)]).to.deep.equal([true, false])
  })

  it('pays from the threshold on, and refuses below, with the score', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, token, members } = scene
    for (const score of [THRESHOLD - 1, 0])
      await expect(claim(scene, 0, score))
        .to.be.revertedWithCustomError(airdrop, 'ScoreTooLow')
        .withArgs(members[0]!.account, score, THRESHOLD)
    await claim(scene, 0, THRESHOLD)
    await claim(scene, 1, 1023)
    expect(await token.balanceOf(airdrop)).to.equal(members[2]!.amount)
  })

  it('pays once, however the proof is written', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, claims, members } = scene
    const good = await answer(scene, 0, 700)
    const entitlement = entitlementOf(claims, members, 0)
    const twin = { ...good, proof: malleate(good.proof) }
    await airdrop.claim(entitlement, twin)
    for (const again of [good, twin, await answer(scene, 0, 700, CLAIM, { randomness: 77n })])
      await expect(airdrop.claim(entitlement, again))
        .to.be.revertedWithCustomError(airdrop, 'AlreadyPaid')
        .withArgs(members[0]!.account)
    await openAppeals(scene)
    await expect(appeal(scene, 0, 700, 900)).to.be.revertedWithCustomError(airdrop, 'AlreadyPaid')
  })

  it('takes no leaf that is not in the tree', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, claims, members, sender, config } = scene
    const good = entitlementOf(claims, members, 0)
    const proof = await answer(scene, 0, 700)
    for (const changes of [
      { amount: good.amount + 1n },
      { features: wordOf(members[2]!.features) },
      { account: sender.address },
      { merkleProof: [] },
      { merkleProof: claims.proofOf(1) },
      { merkleProof: [...good.merkleProof, ZeroHash] },
    ]) {
      const wrong = { ...good, ...changes }
      await expect(airdrop.claim(wrong, proof))
        .to.be.revertedWithCustomError(airdrop, 'NotInTree')
        .withArgs(wrong.account, config.claimRoot)
    }
    await airdrop.claim(good, proof)
  })

  it('takes no proof that is wrong, of other features, or made for anything else', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, factory, claims, members, routed, model, config, stranger, register } = scene
    const entitlement = entitlementOf(claims, members, 0)
    const good = await answer(scene, 0, 700)
    const submit = (one: { output: string; proof: string }) => airdrop.claim(entitlement, one)
    await expect(submit({ ...good, proof: forge(good.proof) })).to.be.revertedWithCustomError(routed, 'InvalidProof')
    await expect(submit({ ...good, output: (await answer(scene, 0, 900)).output })).to.be.revertedWithCustomError(
      routed,
      'InvalidProof',
    )
    const longer = `${good.output}${ZeroHash.slice(2)}`
    await expect(submit({ ...good, output: longer })).to.be.revertedWithCustomError(routed, 'OutputMismatch')
    // The second account has the same features, so its proof differs in the request only.
    for (const [index, round] of [
      [1, CLAIM],
      [0, APPEAL],
    ] as const) {
      const theirs = await answer(scene, index, 700, round, { features: members[0]!.features })
      await expect(submit(theirs))
        .to.be.revertedWithCustomError(airdrop, 'WrongRequest')
        .withArgs(
          await airdrop.requestOf(members[0]!.account, CLAIM),
          await airdrop.requestOf(members[index]!.account, round),
        )
    }
    for (const features of [members[0]!.later, members[2]!.features])
      await expect(submit(await answer(scene, 0, 700, CLAIM, { features }))).to.be.revertedWithCustomError(
        routed,
        'InputCommitmentMismatch',
      )
    const other = await factory.deploy(routed, model.modelId, config)
    for (const changes of [
      { chainId: 1n },
      { caller: await other.getAddress() },
      { caller: stranger.address },
      { modelId: await register() },
    ])
      await expect(submit(await answer(scene, 0, 700, CLAIM, changes))).to.be.revertedWithCustomError(
        routed,
        'InvalidProof',
      )
    const portable = model.prove(members[0]!.features.map(BigInt), [700n], null)
    await expect(submit(portable)).to.be.revertedWithCustomError(airdrop, 'WrongRequest')
    expect(await airdrop.isPaid(members[0]!.account)).to.equal(false)
    await submit(good)
  })

  it('ends with the deadline, after which what is left goes to the treasury', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, token, members, guardian, config, claims, sender } = scene
    const late = await answer(scene, 1, 900)
    const last = await answer(scene, 0, 900)
    await time.setNextBlockTimestamp(config.deadline)
    await airdrop.claim(entitlementOf(claims, members, 0), last)
    expect(await airdrop.isPaid(members[0]!.account)).to.equal(true)
    await expect(airdrop.sweep.staticCall())
      .to.be.revertedWithCustomError(airdrop, 'NotEnded')
      .withArgs(config.deadline)
    await time.setNextBlockTimestamp(config.deadline + 1)
    await expect(airdrop.claim(entitlementOf(claims, members, 1), late))
      .to.be.revertedWithCustomError(airdrop, 'Ended')
      .withArgs(config.deadline)
    const left = members[1]!.amount + members[2]!.amount
    await expect(airdrop.connect(sender).sweep()).to.emit(airdrop, 'Swept').withArgs(left)
    expect(await token.balanceOf(guardian)).to.equal(left)
    await expect(airdrop.sweep()).to.emit(airdrop, 'Swept').withArgs(0)
  })

  it('owes nothing to a token: a transfer that fails changes nothing, and one that calls back is paid once', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, token, members, claims } = scene
    await token.behave(2)
    await expect(claim(scene, 0, 700)).to.be.revertedWithCustomError(token, 'Refused')
    await token.behave(3)
    await expect(claim(scene, 0, 700))
      .to.be.revertedWithCustomError(airdrop, 'SafeERC20FailedOperation')
      .withArgs(await token.getAddress())
    await token.behave(0)
    expect(await airdrop.isPaid(members[0]!.account)).to.equal(false)
    const entitlement = entitlementOf(claims, members, 0)
    const good = await answer(scene, 0, 700)
    await token.aim(airdrop, airdrop.interface.encodeFunctionData('claim', [entitlement, good]))
    await airdrop.claim(entitlement, good)
    expect(await token.reentered()).to.equal(false)
    expect(await token.balanceOf(members[0]!.account)).to.equal(members[0]!.amount)
  })
})

describe('SybilAwareAirdrop, appeals', () => {
  it('are opened once, by the publisher, in its time, with features of a later block that is over', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, appeals, publisher, deployer, guardian, config } = scene
    const publish = (block: number, root = appeals.root, by = publisher) =>
      airdrop.connect(by).publishAppeals(root, block)
    const here = () => ethers.provider.getBlockNumber()
    for (const by of [deployer, guardian])
      await expect(publish(await here(), appeals.root, by))
        .to.be.revertedWithCustomError(airdrop, 'NotThePublisher')
        .withArgs(by.address)
    const before = await here()
    await time.setNextBlockTimestamp(config.appealsFrom - 1)
    await expect(publish(before))
      .to.be.revertedWithCustomError(airdrop, 'NotTimeToPublish')
      .withArgs(config.appealsFrom, config.appealsBy)
    await time.increaseTo(config.appealsFrom)
    await expect(publish(await here(), ZeroHash)).to.be.revertedWithCustomError(airdrop, 'ZeroRoot')
    // A block is not over while it is built.
    for (const number of [async () => config.snapshotBlock, async () => (await here()) + 1]) {
      const wrong = await number()
      await expect(publish(wrong)).to.be.revertedWithCustomError(airdrop, 'BadSnapshot').withArgs(wrong)
    }
    const block = await here()
    await expect(publish(block)).to.emit(airdrop, 'AppealsOpened').withArgs(appeals.root, block)
    expect([await airdrop.appealRoot(), await airdrop.appealSnapshotBlock()]).to.deep.equal([
      appeals.root,
      BigInt(block),
    ])
    await expect(publish(await here(), id('other')))
      .to.be.revertedWithCustomError(airdrop, 'AlreadyPublished')
      .withArgs(appeals.root)
  })

  it('are not opened after the publisher missed its time', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, appeals, publisher, config } = scene
    await time.increaseTo(config.appealsBy)
    const block = await ethers.provider.getBlockNumber()
    await expect(airdrop.connect(publisher).publishAppeals(appeals.root, block)).to.be.revertedWithCustomError(
      airdrop,
      'NotTimeToPublish',
    )
    await expect(appeal(scene, 0, 450, 800)).to.be.revertedWithCustomError(airdrop, 'NoAppeals')
    await claim(scene, 0, 800)
  })

  it('pay what the first tree says on newer features, once', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, token, members } = scene
    await expect(appeal(scene, 0, 450, 800)).to.be.revertedWithCustomError(airdrop, 'NoAppeals')
    await openAppeals(scene)
    const { account, amount } = members[0]!
    await expect(appeal(scene, 0, 450, 800))
      .to.emit(airdrop, 'Paid')
      .withArgs(account, APPEAL, amount, 800)
    expect(await token.balanceOf(account)).to.equal(amount)
    await expect(appeal(scene, 0, 450, 800)).to.be.revertedWithCustomError(airdrop, 'AlreadyPaid')
    await expect(claim(scene, 0, 800)).to.be.revertedWithCustomError(airdrop, 'AlreadyPaid')
  })

  it('take the floor of the first score and the threshold of the newer one', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, members } = scene
    await openAppeals(scene)
    const { account } = members[0]!
    for (const [firstScore, score, wrong, least] of [
      [FLOOR - 1, 1000, FLOOR - 1, FLOOR],
      [0, 1000, 0, FLOOR],
      [FLOOR, THRESHOLD - 1, THRESHOLD - 1, THRESHOLD],
    ] as const)
      await expect(appeal(scene, 0, firstScore, score))
        .to.be.revertedWithCustomError(airdrop, 'ScoreTooLow')
        .withArgs(account, wrong, least)
    await appeal(scene, 0, FLOOR, THRESHOLD)
  })

  it('take no proof of the other round, the other features or another account, and no leaf of another tree', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, claims, appeals, members, sender, routed } = scene
    await openAppeals(scene)
    const good = {
      entitlement: entitlementOf(claims, members, 0),
      first: await answer(scene, 0, 450),
      update: updateOf(appeals, members, 0),
      fresh: await answer(scene, 0, 800, APPEAL),
    }
    const submit = (changes: Partial<typeof good>) => {
      const { entitlement, first, update, fresh } = { ...good, ...changes }
      return airdrop.appeal(entitlement, first, update, fresh)
    }
    const theirs = [await answer(scene, 1, 450), await answer(scene, 1, 800, APPEAL)] as const
    for (const changes of [{ first: good.fresh }, { fresh: good.first }, { first: theirs[0] }, { fresh: theirs[1] }])
      await expect(submit(changes)).to.be.revertedWithCustomError(airdrop, 'WrongRequest')
    const stale = await answer(scene, 0, 800, APPEAL, { features: members[0]!.features })
    const early = await answer(scene, 0, 450, CLAIM, { features: members[0]!.later })
    for (const changes of [{ fresh: stale }, { first: early }])
      await expect(submit(changes)).to.be.revertedWithCustomError(routed, 'InputCommitmentMismatch')
    for (const changes of [
      { first: { ...good.first, proof: forge(good.first.proof) } },
      { fresh: { ...good.fresh, proof: forge(good.fresh.proof) } },
    ])
      await expect(submit(changes)).to.be.revertedWithCustomError(routed, 'InvalidProof')
    for (const update of [
      updateOf(appeals, members, 1),
      { ...good.update, features: good.entitlement.features },
      { ...good.update, merkleProof: claims.proofOf(0) },
    ])
      await expect(submit({ update })).to.be.revertedWithCustomError(airdrop, 'NotInTree')
    for (const entitlement of [
      { ...good.entitlement, account: sender.address },
      { ...good.entitlement, amount: 10n ** 18n },
    ])
      await expect(submit({ entitlement })).to.be.revertedWithCustomError(airdrop, 'NotInTree')
    await submit({})
  })

  it('bring in nobody who is not in the first tree', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, publisher, members, sender, claims, config } = scene
    const features = wordOf(PLAIN)
    const tree = merkleTree([appealLeaf(sender.address, features), appealLeaf(members[0]!.account, features)])
    await time.increaseTo(config.appealsFrom)
    await airdrop.connect(publisher).publishAppeals(tree.root, (await ethers.provider.getBlockNumber()) - 1)
    const entitlement = { account: sender.address, amount: 1n, features, merkleProof: claims.proofOf(0) }
    const update = { features, merkleProof: tree.proofOf(0) }
    const proofs = [await answer(scene, 0, 900), await answer(scene, 0, 900, APPEAL)] as const
    await expect(airdrop.appeal(entitlement, proofs[0], update, proofs[1]))
      .to.be.revertedWithCustomError(airdrop, 'NotInTree')
      .withArgs(sender.address, config.claimRoot)
  })

  it('end with the deadline', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, config } = scene
    await openAppeals(scene)
    await time.increaseTo(config.deadline)
    await expect(appeal(scene, 0, 450, 800)).to.be.revertedWithCustomError(airdrop, 'Ended')
  })
})

describe('SybilAwareAirdrop, batches', () => {
  const batch = async (scene: Scene, entries: readonly (readonly [index: number, score: number])[]) =>
    Promise.all(
      entries.map(async ([index, score]) => ({
        entitlement: entitlementOf(scene.claims, scene.members, index),
        answer: await answer(scene, index, score),
      })),
    )

  it('pay all, and pass over who is paid already', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, token, members, sender } = scene
    const all = await batch(scene, [
      [0, 600],
      [1, 700],
      [2, THRESHOLD],
      [1, 900],
    ])
    await claim(scene, 0, 800)
    const sent = airdrop.connect(sender).claimBatch(all)
    await expect(sent).to.emit(airdrop, 'Paid').withArgs(members[1]!.account, CLAIM, members[1]!.amount, 700)
    await expect(sent).to.emit(airdrop, 'Paid').withArgs(members[2]!.account, CLAIM, members[2]!.amount, THRESHOLD)
    for (const { account, amount } of members) expect(await token.balanceOf(account)).to.equal(amount)
    await airdrop.claimBatch(all)
    await airdrop.claimBatch([])
    expect(await token.balanceOf(airdrop)).to.equal(0)
  })

  it('fail as a whole when one claim does not hold', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, routed, members } = scene
    const [good, other] = (await batch(scene, [
      [0, 600],
      [1, 700],
    ])) as [Awaited<ReturnType<typeof batch>>[number], Awaited<ReturnType<typeof batch>>[number]]
    const low = await batch(scene, [[1, THRESHOLD - 1]])
    await expect(airdrop.claimBatch([good, ...low]))
      .to.be.revertedWithCustomError(airdrop, 'ScoreTooLow')
      .withArgs(members[1]!.account, THRESHOLD - 1, THRESHOLD)
    const lie = { ...low[0]!, answer: { ...low[0]!.answer, output: other.answer.output } }
    await expect(airdrop.claimBatch([good, lie])).to.be.revertedWithCustomError(routed, 'InvalidProof')
    await expect(airdrop.claimBatch([good, { ...other, answer: good.answer }])).to.be.revertedWithCustomError(
      airdrop,
      'WrongRequest',
    )
    await expect(
      airdrop.claimBatch([good, { ...other, entitlement: { ...other.entitlement, amount: 1n } }]),
    ).to.be.revertedWithCustomError(airdrop, 'NotInTree')
    expect(await airdrop.isPaid(members[0]!.account)).to.equal(false)
    await airdrop.claimBatch([good, other])
  })

  it('end with the deadline', async () => {
    const scene = await loadFixture(deploy)
    const all = await batch(scene, [[0, 600]])
    await time.increaseTo(scene.config.deadline)
    await expect(scene.airdrop.claimBatch(all)).to.be.revertedWithCustomError(scene.airdrop, 'Ended')
  })
})

describe('SybilAwareAirdrop, end of its model', () => {
  it('goes on when the model is deprecated: what was announced stands', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, registry, publisher, model, routed, claims, members } = scene
    await registry.connect(publisher).deprecateModel(model.modelId)
    await claim(scene, 0, 700)
    const one = { entitlement: entitlementOf(claims, members, 2), answer: await answer(scene, 2, 700) }
    await expect(airdrop.claimBatch([one])).to.be.revertedWithCustomError(routed, 'VerificationRefused_ModelDeprecated')
    await openAppeals(scene)
    await appeal(scene, 1, 450, 700)
    expect(await airdrop.isPaid(members[1]!.account)).to.equal(true)
  })

  it('pays nobody once the verifier is stopped, and everything goes to the treasury in the end', async () => {
    const scene = await loadFixture(deploy)
    const { airdrop, token, stop, router, guardian, members, config, claims } = scene
    await claim(scene, 0, 700)
    await openAppeals(scene)
    await stop.connect(guardian).stop()
    await expect(claim(scene, 1, 700)).to.be.revertedWithCustomError(router, 'RouteStopped')
    await expect(appeal(scene, 1, 450, 700)).to.be.revertedWithCustomError(router, 'RouteStopped')
    const one = { entitlement: entitlementOf(claims, members, 1), answer: await answer(scene, 1, 700) }
    await expect(airdrop.claimBatch([one])).to.be.revertedWithCustomError(router, 'RouteStopped')
    await time.increaseTo(config.deadline + 1)
    await airdrop.sweep()
    expect(await token.balanceOf(guardian)).to.equal(members[1]!.amount + members[2]!.amount)
  })
})

describe('SybilAwareAirdrop with the real model', () => {
  it('pays a person, refuses a Sybil, and pays on appeal, each on proven scores', async () => {
    const world = await createWorld()
    const reference = await referenceModel(world, 'sybil-airdrop')
    const rows = heldOutAccounts()
    const [score, later] = [rows.input_data, rows.later].map(
      (list) => (index: number) => reference.run(list[index]!)[0]!,
    ) as [(index: number) => number, (index: number) => number]
    const indices = rows.human.map((_, index) => index)
    const person = indices.find((i) => rows.human[i] === 1 && score(i) >= THRESHOLD)!
    const sybil = indices.find((i) => rows.human[i] === 0 && score(i) < FLOOR)!
    const wronged = indices.find(
      (i) => rows.human[i] === 1 && score(i) >= FLOOR && score(i) < THRESHOLD && later(i) >= THRESHOLD,
    )!
    const signers = await freshSigners(3)
    const members = [person, sybil, wronged].map((row, index) => ({
      account: signers[index]!.address,
      amount: 100n,
      features: rows.input_data[row]!,
      later: rows.later[row]!,
    }))
    await mine(3)
    const scene = await deployAirdrop(world, reference.modelId, members)
    const { airdrop, claims, appeals, token } = scene
    const prove = async (index: number, round: number) => {
      const { account, features, later: newer } = members[index]!
      const requestId = await airdrop.requestOf(account, round)
      const caller = await airdrop.getAddress()
      const context = { chainId: 31337n, caller, requestId, modelId: reference.modelId, prover: world.stranger.address }
      const { output, proof } = await reference.prove(round === CLAIM ? features : newer, context)
      return { output, proof }
    }
    const claimed = await airdrop.claim(entitlementOf(claims, members, 0), await prove(0, CLAIM))
    await expect(claimed).to.emit(airdrop, 'Paid').withArgs(members[0]!.account, CLAIM, 100, score(person))
    if (!IS_COVERAGE) expect((await claimed.wait())!.gasUsed).to.be.at.most(345_000)
    for (const [index, row] of [
      [1, sybil],
      [2, wronged],
    ] as const)
      await expect(airdrop.claim(entitlementOf(claims, members, index), await prove(index, CLAIM)))
        .to.be.revertedWithCustomError(airdrop, 'ScoreTooLow')
        .withArgs(members[index]!.account, score(row), THRESHOLD)
    await time.increaseTo(scene.config.appealsFrom)
    await airdrop.connect(world.publisher).publishAppeals(appeals.root, (await ethers.provider.getBlockNumber()) - 1)
    const bring = async (index: number) =>
      airdrop.appeal(
        entitlementOf(claims, members, index),
        await prove(index, CLAIM),
        updateOf(appeals, members, index),
        await prove(index, APPEAL),
      )
    await expect(bring(1))
      .to.be.revertedWithCustomError(airdrop, 'ScoreTooLow')
      .withArgs(members[1]!.account, score(sybil), FLOOR)
    const appealed = await bring(2)
    await expect(appealed).to.emit(airdrop, 'Paid').withArgs(members[2]!.account, APPEAL, 100, later(wronged))
    if (!IS_COVERAGE) expect((await appealed.wait())!.gasUsed).to.be.at.most(600_000)
    expect(await token.balanceOf(airdrop)).to.equal(100)
  })
})
