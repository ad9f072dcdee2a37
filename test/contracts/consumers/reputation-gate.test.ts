// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, mine, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { AbiCoder, id, keccak256, ZeroAddress, ZeroHash } from 'ethers'
import { pack, type ProofContext } from '../../../prover/encodings'
import {
  GamingAccount__factory,
  GatedVault__factory,
  ReputationGate__factory,
  type InferenceVerifier,
} from '../../../typechain-types'
import { IS_COVERAGE } from '../../support/coverage'
import { freshSigners, inOneBlock, randomNumbers } from '../../support/consumers'
import { forge, malleate } from '../../support/malleate'
import { referenceModel, trapdoorModel } from '../../support/consumer-models'
import { createWorld, type World } from '../../support/world'

const DAY = 86_400
const THRESHOLD = 600n
const PERIOD = 86_400n
const TTL = 7n * 86_400n
const ON_TIME = 0
const LATE = 1
const DEFAULTED = 2

async function deployGate(world: World, modelId: bigint, verifier: InferenceVerifier = world.routed) {
  const [reporter, account, other] = (await freshSigners(3)) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const gaming = await new GamingAccount__factory(world.deployer).deploy()
  const factory = new ReputationGate__factory(world.deployer)
  const reporters = [reporter.address, await gaming.getAddress()]
  const gate = await factory.deploy(verifier, modelId, reporters, THRESHOLD, PERIOD, TTL)
  const vault = await new GatedVault__factory(world.deployer).deploy(gate)
  // Days begin on the dot, so that every run sees the same ones.
  await time.increaseTo((Math.floor((await time.latest()) / DAY) + 1) * DAY + 10)
  const reports = gate.connect(reporter)
  return { ...world, modelId, reporter, reports, account, other, gaming, factory, gate, vault }
}

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'reputation-score')
  const scene = await deployGate(world, model.modelId)
  await scene.reports.reportInteraction(scene.account, 1000)
  await scene.reports.reportDebt(scene.account, ON_TIME)
  await time.increase(DAY)
  return { ...scene, model }
}

type Scene = Awaited<ReturnType<typeof deploy>>

/** A proof of some score for the open request of an account. */
async function answerTo(
  { gate, model, stranger }: Scene,
  account: HardhatEthersSigner,
  score: bigint,
  changes: Partial<ProofContext> & { inputs?: readonly bigint[]; randomness?: bigint } = {},
) {
  const [requestId] = await gate.requestOf(account)
  const { inputs = await gate.featuresOf(account), randomness, ...other } = changes
  const caller = await gate.getAddress()
  const context = { chainId: 31337n, caller, requestId, modelId: model.modelId, prover: stranger.address, ...other }
  return { requestId, ...model.prove(inputs, [score], context, randomness) }
}

async function score(scene: Scene, value: bigint, account = scene.account) {
  await scene.gate.connect(account).requestScore()
  const { output, proof } = await answerTo(scene, account, value)
  return scene.gate.submitScore(account, output, proof)
}

describe('ActivityLedger, what protocols say of accounts', () => {
  it('is written by the reporters that it was deployed with, and by nobody else', async () => {
    const { gate, factory, routed, modelId, account, reporter, stranger, deployer } = await loadFixture(deploy)
    expect([await gate.isReporter(reporter), await gate.isReporter(stranger)]).to.deep.equal([true, false])
    for (const sender of [stranger, account, deployer]) {
      for (const call of [
        () => gate.connect(sender).reportInteraction(account, 1),
        () => gate.connect(sender).reportDebt(account, ON_TIME),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(gate, 'NotAReporter').withArgs(sender.address)
      }
    }
    for (const reporters of [[], [reporter.address, ZeroAddress]]) {
      await expect(factory.deploy(routed, modelId, reporters, THRESHOLD, PERIOD, TTL)).to.be.revertedWithCustomError(
        gate,
        'BadReporters',
      )
    }
    await expect(gate.connect(reporter).reportInteraction(account, 5))
      .to.emit(gate, 'InteractionReported')
      .withArgs(account.address, reporter.address, 5)
    await expect(gate.connect(reporter).reportDebt(account, LATE))
      .to.emit(gate, 'DebtReported')
      .withArgs(account.address, reporter.address, LATE)
  })

  it('gives the features of the card, over random histories', async () => {
    const { gate, reports, other } = await loadFixture(deploy)
    await expect(gate.featuresOf(other)).to.be.revertedWithCustomError(gate, 'UnknownAccount').withArgs(other.address)
    const random = randomNumbers(5)
    const days: number[] = []
    const debts = [0, 0, 0]
    let first: number | undefined
    let volume = 0n
    for (let i = 0; i < 150; i++) {
      if (random(3) === 0) await time.increase(DAY * (1 + random(i > 140 ? 400 : 12)) + random(DAY / 2))
      const kind = random(4)
      const today = Math.floor(((await time.latest()) + 1) / DAY)
      await time.setNextBlockTimestamp((await time.latest()) + 1)
      first ??= today
      if (kind < 2) {
        const size = BigInt(random(2 ** 20)) << BigInt(random(90))
        await reports.reportInteraction(other, size)
        days.push(today)
        volume += size
      } else {
        const debt = random(3)
        await reports.reportDebt(other, debt)
        debts[debt]!++
      }
      if (random(4) === 0) await time.increase(DAY * (1 + random(4)))
      const now = Math.floor((await time.latest()) / DAY)
      const expected = [
        now - first,
        new Set(days).size,
        days.length,
        (1n + volume).toString(2).length - 1,
        ...debts,
        now - (days.at(-1) ?? first),
      ].map((value) => BigInt(Math.min(1023, value)))
      expect(await gate.featuresOf(other), `after ${i} reports`).to.deep.equal(expected)
    }
    expect((await gate.featuresOf(other))[0]).to.equal(1023)
  })

  it('goes on when a volume is as high as can be', async () => {
    const { gate, reports, account } = await loadFixture(deploy)
    await reports.reportInteraction(account, 2n ** 128n - 1n)
    await reports.reportInteraction(account, 2n ** 128n - 1n)
    expect((await gate.activityOf(account)).volume).to.equal(2n ** 128n - 1n)
    expect((await gate.featuresOf(account))[3]).to.equal(128)
  })
})

describe('ReputationGate, a gate', () => {
  it('is refused with times or models that do not fit', async () => {
    const { factory, gate, routed, modelId, reporter, register, ...world } = await loadFixture(deploy)
    for (const [period, ttl] of [
      [0n, TTL],
      [PERIOD, PERIOD - 1n],
    ] as const) {
      await expect(factory.deploy(routed, modelId, [reporter.address], THRESHOLD, period, ttl))
        .to.be.revertedWithCustomError(gate, 'BadTimes')
        .withArgs(period, ttl)
    }
    await factory.deploy(routed, modelId, [reporter.address], THRESHOLD, PERIOD, PERIOD)
    const fee = await trapdoorModel({ register, ...world } as never, 'fee-mlp')
    for (const wrong of [await register(), fee.modelId]) {
      await expect(factory.deploy(routed, wrong, [reporter.address], THRESHOLD, PERIOD, TTL))
        .to.be.revertedWithCustomError(gate, 'NotAScoreModel')
        .withArgs(wrong)
    }
  })

  it('admits from the threshold on, whoever proves and sends', async () => {
    const scene = await loadFixture(deploy)
    const { gate, vault, account, other, stranger } = scene
    await expect(vault.connect(account).enter())
      .to.be.revertedWithCustomError(vault, 'NotAdmitted')
      .withArgs(account.address)
    const features = await gate.featuresOf(account)
    const asked = await gate.connect(account).requestScore()
    const takenAt = BigInt(await time.latest())
    const [requestId, inputWord, expiresAt] = await gate.requestOf(account)
    expect(requestId).to.equal(
      keccak256(
        AbiCoder.defaultAbiCoder().encode(
          ['bytes32', 'address', 'uint256'],
          [id('zkml.reputation.request.v1'), account.address, 1],
        ),
      ),
    )
    expect([inputWord]).to.deep.equal(pack([...features], scene.model.schema.inputs[0]!))
    expect(expiresAt).to.equal(takenAt + TTL)
    await expect(asked)
      .to.emit(gate, 'ScoreRequested')
      .withArgs(account.address, requestId, [...features], expiresAt)
    const { output, proof } = await answerTo(scene, account, THRESHOLD, { prover: other.address })
    await expect(gate.connect(stranger).submitScore(account, output, proof))
      .to.emit(gate, 'ScoreProven')
      .withArgs(account.address, requestId, THRESHOLD, expiresAt)
    expect(await gate.scoreOf(account)).to.deep.equal([THRESHOLD, takenAt])
    expect([await gate.isAdmitted(account), await gate.isAdmitted(other)]).to.deep.equal([true, false])
    await vault.connect(account).enter()
    await expect(vault.connect(other).enter()).to.be.revertedWithCustomError(vault, 'NotAdmitted')
    expect(await gate.requestOf(account)).to.deep.equal([ZeroHash, 0n, 0n])
  })

  it('does not admit below the threshold; a newer score replaces an older one', async () => {
    const scene = await loadFixture(deploy)
    const { gate, account } = scene
    for (const [value, admitted] of [
      [THRESHOLD - 1n, false],
      [1000n, true],
      [0n, false],
      [THRESHOLD, true],
    ] as const) {
      await score(scene, value)
      expect(await gate.isAdmitted(account), `${value}`).to.equal(admitted)
      await time.increase(PERIOD)
    }
  })

  it('lets a score hold from its snapshot to the last second, not from its proof', async () => {
    const scene = await loadFixture(deploy)
    const { gate, vault, account } = scene
    await gate.connect(account).requestScore()
    const [, , expiresAt] = await gate.requestOf(account)
    // Fixed at the request: days go by, and the input stays.
    const inputs = await gate.featuresOf(account)
    await time.setNextBlockTimestamp(expiresAt - 10n)
    await mine()
    expect(await gate.featuresOf(account)).to.not.deep.equal(inputs)
    const { output, proof } = await answerTo(scene, account, 900n, { inputs })
    await gate.submitScore(account, output, proof)
    await time.setNextBlockTimestamp(expiresAt)
    await vault.connect(account).enter()
    await time.setNextBlockTimestamp(expiresAt + 1n)
    await expect(vault.connect(account).enter()).to.be.revertedWithCustomError(vault, 'NotAdmitted')
    expect(await gate.isAdmitted(account)).to.equal(false)
  })

  it('takes no proof of a snapshot that is too old', async () => {
    const scene = await loadFixture(deploy)
    const { gate, account } = scene
    await gate.connect(account).requestScore()
    const [requestId, , expiresAt] = await gate.requestOf(account)
    const { output, proof } = await answerTo(scene, account, 900n)
    await time.setNextBlockTimestamp(expiresAt + 1n)
    await expect(gate.submitScore(account, output, proof))
      .to.be.revertedWithCustomError(gate, 'RequestExpired')
      .withArgs(requestId, expiresAt)
    await score(scene, 900n)
  })

  it('ends at once when the account defaults after the snapshot, proven before or after', async () => {
    const scene = await loadFixture(deploy)
    const { gate, reports, account } = scene
    await score(scene, 900n)
    await reports.reportDebt(account, LATE)
    await reports.reportInteraction(account, 7)
    expect(await gate.isAdmitted(account)).to.equal(true)
    await reports.reportDebt(account, DEFAULTED)
    expect(await gate.isAdmitted(account)).to.equal(false)
    await time.increase(PERIOD)
    await score(scene, 900n)
    expect(await gate.isAdmitted(account)).to.equal(true)
    await time.increase(PERIOD)
    await gate.connect(account).requestScore()
    const { output, proof } = await answerTo(scene, account, 900n)
    await reports.reportDebt(account, DEFAULTED)
    await gate.submitScore(account, output, proof)
    expect(await gate.isAdmitted(account)).to.equal(false)
  })

  it('is asked by known accounts for themselves, once a period', async () => {
    const scene = await loadFixture(deploy)
    const { gate, account, other, stranger } = scene
    for (const sender of [other, stranger]) {
      await expect(gate.connect(sender).requestScore())
        .to.be.revertedWithCustomError(gate, 'UnknownAccount')
        .withArgs(sender.address)
    }
    await score(scene, 900n)
    const [, takenAt] = await gate.scoreOf(account)
    await time.setNextBlockTimestamp(takenAt + PERIOD - 1n)
    await expect(gate.connect(account).requestScore())
      .to.be.revertedWithCustomError(gate, 'RequestTooEarly')
      .withArgs(account.address, takenAt + PERIOD)
    await gate.connect(account).requestScore()
    // An unanswered one holds the account up no longer, and its proof is worth nothing once there is a newer one.
    const stale = await answerTo(scene, account, 900n)
    await time.increase(PERIOD)
    await gate.connect(account).requestScore()
    const [requestId] = await gate.requestOf(account)
    const fresh = await answerTo(scene, account, 1n)
    const same = await answerTo(scene, account, 900n, { requestId: stale.requestId })
    await expect(gate.submitScore(account, same.output, same.proof))
      .to.be.revertedWithCustomError(gate, 'WrongRequest')
      .withArgs(requestId, stale.requestId)
    await gate.submitScore(account, fresh.output, fresh.proof)
    expect(await gate.isAdmitted(account)).to.equal(false)
  })

  it('takes a score once, however its proof is written', async () => {
    const scene = await loadFixture(deploy)
    const { gate, account, other } = scene
    await expect(gate.submitScore(other, '0x', '0x'))
      .to.be.revertedWithCustomError(gate, 'NoOpenRequest')
      .withArgs(other.address)
    await gate.connect(account).requestScore()
    const first = await answerTo(scene, account, 900n)
    const again = await answerTo(scene, account, 900n, { randomness: 99n })
    const twin = malleate(first.proof)
    await gate.submitScore(account, first.output, twin)
    for (const proof of [first.proof, twin, again.proof]) {
      await expect(gate.submitScore(account, first.output, proof))
        .to.be.revertedWithCustomError(gate, 'NoOpenRequest')
        .withArgs(account.address)
    }
    // Neither does the next snapshot take it, though the counters are the same.
    await time.increase(PERIOD)
    await gate.connect(account).requestScore()
    await expect(gate.submitScore(account, first.output, first.proof)).to.be.reverted
    const [requestId] = await gate.requestOf(account)
    const replayed = await answerTo(scene, account, 900n, { requestId: first.requestId })
    await expect(gate.submitScore(account, replayed.output, replayed.proof))
      .to.be.revertedWithCustomError(gate, 'WrongRequest')
      .withArgs(requestId, first.requestId)
  })

  it('takes no proof that is wrong, of other counters, or made for anything else', async () => {
    const scene = await loadFixture(deploy)
    const { gate, account, other, reports, routed, factory, reporter, modelId, model } = scene
    await reports.reportInteraction(other, 1)
    await time.increase(1)
    await mine()
    await gate.connect(account).requestScore()
    await gate.connect(other).requestScore()
    const good = await answerTo(scene, account, 900n)
    const submit = (answer: { output: string; proof: string }) => gate.submitScore(account, answer.output, answer.proof)
    await expect(submit({ ...good, proof: forge(good.proof) })).to.be.reverted
    await expect(submit({ ...good, output: (await answerTo(scene, account, 901n)).output })).to.be.reverted
    const better = [...(await gate.featuresOf(account))]
    better[4] = 1000n
    await expect(submit(await answerTo(scene, account, 900n, { inputs: better }))).to.be.reverted
    await expect(submit(await answerTo(scene, other, 900n))).to.be.reverted
    const [theirs] = await gate.requestOf(other)
    await expect(submit(await answerTo(scene, account, 900n, { requestId: theirs })))
      .to.be.revertedWithCustomError(gate, 'WrongRequest')
      .withArgs(good.requestId, theirs)
    const second = await factory.deploy(routed, modelId, [reporter.address], THRESHOLD, PERIOD, TTL)
    for (const changes of [
      { chainId: 1n },
      { caller: await second.getAddress() },
      { caller: account.address },
      { modelId: 7n },
    ]) {
      const foreign = await answerTo(scene, account, 900n, changes)
      await expect(submit(foreign)).to.be.revertedWithCustomError(routed, 'InvalidProof')
    }
    const portable = model.prove(await gate.featuresOf(account), [900n], null)
    await expect(submit(portable)).to.be.reverted
    expect(await gate.scoreOf(account)).to.deep.equal([0n, 0n])
    await submit(good)
    expect(await gate.isAdmitted(account)).to.equal(true)
  })

  it('cannot be asked in the block in which the account acts', async () => {
    const scene = await loadFixture(deploy)
    const { gate, gaming, reports, account, deployer } = scene
    await expect(gaming.actAndAsk(gate, 10n ** 30n))
      .to.be.revertedWithCustomError(gate, 'ActedInThisBlock')
      .withArgs(await gaming.getAddress())
    await gaming.act(gate, 1)
    await expect(gaming.ask(gate)).to.emit(gate, 'ScoreRequested')
    const sent = await inOneBlock([
      () => reports.reportDebt(account, ON_TIME, { gasLimit: 200_000 }),
      () => gate.connect(account).requestScore({ gasLimit: 300_000 }),
    ])
    expect(sent).to.deep.equal([true, false])
    // The other way round, what comes later in the block does not count.
    await time.increase(DAY)
    const features = await gate.featuresOf(account)
    const turned = await inOneBlock([
      () => gate.connect(account).requestScore({ gasLimit: 300_000 }),
      () => reports.reportDebt(account, DEFAULTED, { gasLimit: 200_000 }),
    ])
    expect(turned).to.deep.equal([true, true])
    const [taken] = await gate.queryFilter(gate.filters.ScoreRequested(account))
    expect(taken!.args.features).to.deep.equal(features)
    expect(deployer.address).to.not.equal(account.address)
  })

  it('ends with its model: deprecated, it takes no more scores; stopped, it admits nobody', async () => {
    const scene = await loadFixture(deploy)
    const { gate, account, other, reports, routed, registry, publisher, modelId, stop, guardian } = scene
    await reports.reportInteraction(other, 1)
    await score(scene, 900n)
    await gate.connect(other).requestScore()
    const late = await answerTo(scene, other, 900n)
    await registry.connect(publisher).deprecateModel(modelId)
    await expect(gate.submitScore(other, late.output, late.proof)).to.be.revertedWithCustomError(
      routed,
      'VerificationRefused_ModelDeprecated',
    )
    expect(await gate.isAdmitted(account)).to.equal(true)
    await stop.connect(guardian).stop()
    expect(await gate.isAdmitted(account)).to.equal(false)
  })
})

describe('ReputationGate with the real model', () => {
  async function deployReal() {
    const world = await createWorld()
    const reference = await referenceModel(world, 'reputation-score')
    return { ...(await deployGate(world, reference.modelId)), reference }
  }

  it('admits who repays and refuses who does not, each on a proven score', async () => {
    const scene = await loadFixture(deployReal)
    const { gate, vault, reports, reference, account, other, stranger } = scene
    for (let month = 0; month < 10; month++) {
      for (const one of [account, other]) {
        await reports.reportInteraction(one, 50)
        await reports.reportDebt(one, one === account ? ON_TIME : month < 4 ? LATE : DEFAULTED)
      }
      await time.increase(30 * DAY)
    }
    const scores: number[] = []
    for (const one of [account, other]) {
      const asked = await (await gate.connect(one).requestScore()).wait()
      const [requestId] = await gate.requestOf(one)
      const features = await gate.featuresOf(one)
      const caller = await gate.getAddress()
      const context = { chainId: 31337n, caller, requestId, modelId: reference.modelId, prover: stranger.address }
      const { output, proof } = await reference.prove(features, context)
      const [expected] = reference.run(features)
      const submitted = await gate.connect(stranger).submitScore(one, output, proof)
      expect((await gate.scoreOf(one))[0]).to.equal(expected)
      if (!IS_COVERAGE) expect((await submitted.wait())!.gasUsed).to.be.at.most(335_000)
      if (!IS_COVERAGE) expect(asked!.gasUsed).to.be.at.most(70_000)
      scores.push(expected!)
    }
    expect(scores[0]).to.be.at.least(Number(THRESHOLD))
    expect(scores[1]).to.be.lessThan(Number(THRESHOLD))
    await vault.connect(account).enter()
    await expect(vault.connect(other).enter()).to.be.revertedWithCustomError(vault, 'NotAdmitted')
  })
})
