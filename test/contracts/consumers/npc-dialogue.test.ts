// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { dataSlice, hexlify, id, keccak256, ZeroHash } from 'ethers'
import { modelId as modelIdOf, type ProofContext } from '../../../prover/encodings'
import {
  NpcDialogue__factory,
  TensorOpening__factory,
  type InferenceVerifier,
  type NpcDialogue,
} from '../../../typechain-types'
import { FIRST_WORD, lexicon, promptTokens, PROMPT_TOKENS, textOf, vocabulary } from '../../../scripts/demo/dialogue'
import { freshSigners, inOneBlock } from '../../support/consumers'
import { referenceModel } from '../../support/consumer-models'
import { itUninstrumented } from '../../support/coverage'
import { speaker, stepProver, trapdoorDialogue, type ProvenStep, type StepStatement } from '../../support/dialogue'
import { twinOf } from '../../support/malleate'
import { createWorld, type World } from '../../support/world'

const PHASE = 3600
const ERRAND = 600
const LIFETIME = 86_400
const MOST_SECONDS = 365 * 86_400
const OTHER_PROOF_SYSTEM = dataSlice(id('plonk-bn254-v1'), 0, 4)
const GREETING = 0
const WORK = 7
const SMITH = 0
const GUARD = 2
const [NONE, GIVEN, DONE, PAID] = [0n, 1n, 2n, 3n]
const ERRAND_WORD = FIRST_WORD
const REWARD_WORD = FIRST_WORD + 1
const END = 0
const POSITIONS = 35
const MOST_GAS_A_TOKEN = 85_000n

async function deployDialogue(world: World, modelId: bigint, verifier: InferenceVerifier = world.routed) {
  const [player, other, teller] = (await freshSigners(3)) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const opening = await new TensorOpening__factory(world.deployer).deploy(world.registry)
  const factory = new NpcDialogue__factory(world.deployer)
  const args = [verifier, modelId, opening, lexicon(), PHASE, ERRAND, LIFETIME] as const
  const dialogue = await factory.deploy(...args)
  return { ...world, modelId, player, other, teller, opening, factory, args, dialogue }
}

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorDialogue(world)
  return { ...(await deployDialogue(world, model.modelId)), model }
}

type Scene = Awaited<ReturnType<typeof deploy>>

async function contextOf(
  { dialogue, modelId }: Pick<Scene, 'dialogue' | 'modelId'>,
  requestId: string,
  teller: HardhatEthersSigner,
): Promise<ProofContext> {
  return { chainId: 31337n, caller: await dialogue.getAddress(), requestId, modelId, prover: teller.address }
}

/** Asks, and gives the question and its prompt. */
async function ask(dialogue: NpcDialogue, player: HardhatEthersSigner, character = SMITH, topic = GREETING) {
  await dialogue.connect(player).ask(character, topic)
  const questionId = await dialogue.questionOf(player)
  const { prompt } = await dialogue.question(questionId)
  return { questionId, prompt, tokens: promptTokens(prompt) }
}

/** A commitment that nobody opens: what a cache is made of does not matter to the contract. */
const cacheAfter = (position: number, line = 'a') => BigInt(keccak256(Buffer.from(`${line}${position}`))) >> 8n

/** The statements of a line with these words: prompt, words, and what ends it. */
async function statementsOf(
  { dialogue }: Pick<Scene, 'dialogue'>,
  tokens: readonly number[],
  words: readonly number[],
  label = 'a',
): Promise<StepStatement[]> {
  const outputs = [...new Array<number>(PROMPT_TOKENS - 1).fill(77), ...words, ...(words.length < 32 ? [END] : [])]
  const inputs = [...tokens, ...words]
  const empty = await dialogue.emptyCache()
  return outputs.map((next, position) => ({
    token: inputs[position]!,
    position,
    before: position === 0 ? empty : cacheAfter(position - 1, label),
    next,
    after: cacheAfter(position, label),
  }))
}

/** Proves a line by the trapdoor, and sends it in one call. */
async function tell(scene: Scene, questionId: string, tokens: readonly number[], words: readonly number[]) {
  const { dialogue, model, teller } = scene
  const context = await contextOf(scene, questionId, teller)
  const steps = (await statementsOf(scene, tokens, words)).map((statement) => model.prove(statement, context))
  return dialogue.connect(teller).advance(questionId, steps)
}

const bytesOf = (words: readonly number[]) => hexlify(Uint8Array.from(words, (word) => word - FIRST_WORD))

/** Words that move nothing, as many as asked for. */
const chatter = (count: number) => Array.from({ length: count }, (_, i) => FIRST_WORD + 2 + ((i * 37) % 250))

describe('NpcDialogue, a village', () => {
  it('refuses times and models that do not fit, and lexicons that are not whole', async () => {
    const { factory, args, dialogue, register, routed, opening, registry, publisher, modelId } =
      await loadFixture(deploy)
    const with_ = (changes: Record<number, unknown>) =>
      factory.deploy(...(args.map((value, i) => (i in changes ? changes[i] : value)) as unknown as typeof args))
    for (const [phase, errand] of [
      [0, ERRAND],
      [PHASE, 0],
      [MOST_SECONDS + 1, ERRAND],
      [PHASE, MOST_SECONDS + 1],
    ] as const)
      await expect(with_({ 4: phase, 5: errand }))
        .to.be.revertedWithCustomError(dialogue, 'BadTimes')
        .withArgs(phase, errand)
    for (const lifetime of [0, MOST_SECONDS + 1])
      await expect(with_({ 6: lifetime }))
        .to.be.revertedWithCustomError(dialogue, 'BadLifetime')
        .withArgs(lifetime)
    await with_({ 4: MOST_SECONDS, 5: MOST_SECONDS, 6: MOST_SECONDS })
    // The same model, but of a proof system whose proofs a step has no room for.
    const { commitment } = await registry.getModel(modelId)
    const { modelHash, circuitHash, vkHash, uri } = commitment
    const long = { modelHash, circuitHash, vkHash, uri, proofSystemId: OTHER_PROOF_SYSTEM }
    await registry.connect(publisher).registerModel(long)
    for (const wrong of [await register(), modelIdOf({ ...long, publisher: publisher.address })])
      await expect(with_({ 1: wrong }))
        .to.be.revertedWithCustomError(dialogue, 'NotADialogueModel')
        .withArgs(wrong)
    for (const [list, words] of [
      ['', 0],
      [lexicon().slice(0, -1), 255],
      [`${lexicon()}more\n`, 257],
      [`${lexicon()}more`, 256],
      [`\n${lexicon()}`, 0],
    ] as const)
      await expect(with_({ 3: list }))
        .to.be.revertedWithCustomError({ interface: factory.interface }, 'BadLexicon')
        .withArgs(words)
    expect(await dialogue.lexicon()).to.equal(lexicon())
    expect([await dialogue.inferenceVerifier(), await opening.registry()]).to.deep.equal([
      await routed.getAddress(),
      await routed.registry(),
    ])
  })

  it('begins with the commitment to nothing said, that of zeros under the salt 0', async () => {
    const { dialogue } = await loadFixture(deploy)
    const model = speaker()
    expect(await dialogue.emptyCache()).to.equal(model.commit(model.empty))
  })

  it('has four times of day and three kinds of weather, the same one all day', async () => {
    const { dialogue } = await loadFixture(deploy)
    const weathers = new Set<number>()
    for (let day = 20_000; day < 20_040; day++) {
      const skies = await Promise.all([0, 1, 2, 3].map((phase) => dialogue.skyAt((4 * day + phase) * PHASE)))
      expect(skies.map((sky) => Math.floor(Number(sky) / 3))).to.deep.equal([0, 1, 2, 3])
      expect(new Set(skies.map((sky) => sky % 3n)).size).to.equal(1)
      expect(await dialogue.skyAt((4 * day + 1) * PHASE - 1)).to.equal(skies[0])
      weathers.add(Number(skies[0]) % 3)
    }
    expect(weathers.size).to.equal(3)
  })

  it('makes prompts whose tokens mean what the model was taught', async () => {
    const { dialogue, player } = await loadFixture(deploy)
    const texts = vocabulary()
    const now = await time.latest()
    const sky = Number(await dialogue.skyAt(now))
    const [times, weathers] = [
      ['dawn', 'noon', 'dusk', 'night'],
      ['clear', 'rain', 'fog'],
    ]
    const skyText = `<${times[Math.floor(sky / 3)]} ${weathers[sky % 3]}>`
    const characters = ['smith', 'innkeeper', 'guard', 'witch', 'merchant', 'bard']
    const topics = ['greeting', 'wares', 'rumour', 'road', 'past', 'danger', 'advice', 'work']
    for (const [character, name] of characters.entries()) {
      const tokens = promptTokens(await dialogue.promptOf(player, character, character + 2))
      expect(tokens.map((token) => texts[token])).to.deep.equal([
        `<${name}>`,
        skyText,
        '<stranger none>',
        `<${topics[character + 2]}>`,
      ])
    }
    expect([texts[END], texts[ERRAND_WORD], texts[REWARD_WORD]]).to.deep.equal(['<end>', 'errand', 'reward'])
    await expect(dialogue.ask(6, 0)).to.be.revertedWithCustomError(dialogue, 'UnknownCharacter').withArgs(6)
    await expect(dialogue.ask(0, 8)).to.be.revertedWithCustomError(dialogue, 'UnknownTopic').withArgs(8)
  })
})

describe('NpcDialogue, lines', () => {
  it('stores and decodes 32 words that were proven at once, and answers with them', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player, teller } = scene
    const { questionId, prompt, tokens } = await ask(dialogue, player)
    expect(await dialogue.lineOf(questionId)).to.deep.equal(['...', false])
    const words = chatter(32)
    const told = await tell(scene, questionId, tokens, words)
    expect((await told.wait())!.gasUsed).to.be.lessThan(BigInt(POSITIONS) * MOST_GAS_A_TOKEN)
    await expect(told)
      .to.emit(dialogue, 'LineProven')
      .withArgs(prompt, teller.address, bytesOf(words))
      .and.to.emit(dialogue, 'Answered')
      .withArgs(questionId, player.address, prompt)
    expect(await dialogue.lineOf(questionId)).to.deep.equal([textOf(words), true])
    expect(await dialogue.lineOfPrompt(prompt)).to.deep.equal([bytesOf(words), true])
    expect((await dialogue.question(questionId)).answered).to.equal(true)
  })

  it('ends a line with the first token that is no word, be there no word at all', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player, other } = scene
    const first = await ask(dialogue, player)
    await tell(scene, first.questionId, first.tokens, [])
    expect(await dialogue.lineOf(first.questionId)).to.deep.equal(['', true])
    const second = await ask(dialogue, other, GUARD)
    await tell(scene, second.questionId, second.tokens, chatter(24))
    expect(await dialogue.lineOf(second.questionId)).to.deep.equal([textOf(chatter(24)), true])
  })

  it('goes on where the teller stopped, and shows how far that is', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, model, player, teller } = scene
    const { questionId, tokens } = await ask(dialogue, player)
    const words = chatter(24)
    const context = await contextOf(scene, questionId, teller)
    const steps = (await statementsOf(scene, tokens, words)).map((statement) => model.prove(statement, context))
    const empty = await dialogue.emptyCache()
    expect(await dialogue.progressOf(questionId, teller)).to.deep.equal([0n, BigInt(tokens[0]!), empty, ''])
    const told = dialogue.connect(teller)
    for (const [from, to] of [
      [0, 2],
      [2, 3],
      [3, 4],
      [4, 20],
    ] as const) {
      const said = words.slice(0, Math.max(0, to - 3))
      await expect(told.advance(questionId, steps.slice(from, to)))
        .to.emit(dialogue, 'Continued')
        .withArgs(questionId, teller.address, to, bytesOf(said))
      expect(await dialogue.progressOf(questionId, teller)).to.deep.equal([
        BigInt(to),
        BigInt([...tokens, ...words][to]!),
        steps[to - 1]!.cache,
        textOf(said),
      ])
    }
    await told.advance(questionId, steps.slice(20))
    expect(await dialogue.lineOf(questionId)).to.deep.equal([textOf(words), true])
    expect((await dialogue.progressOf(questionId, teller)).position).to.equal(0)
  })

  it('answers the same prompt again at once, and an open question when its line was proven since', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player, other, stranger } = scene
    const waiting = await ask(dialogue, other)
    const { questionId, prompt, tokens } = await ask(dialogue, player)
    expect(waiting.prompt).to.equal(prompt)
    await expect(dialogue.recall(waiting.questionId))
      .to.be.revertedWithCustomError(dialogue, 'LineUnknown')
      .withArgs(prompt)
    await tell(scene, questionId, tokens, [...chatter(23), ERRAND_WORD])
    await expect(dialogue.connect(stranger).recall(waiting.questionId))
      .to.emit(dialogue, 'Answered')
      .withArgs(waiting.questionId, other.address, prompt)
    await expect(dialogue.recall(waiting.questionId)).to.be.revertedWithCustomError(dialogue, 'NotOpen')
    await expect(dialogue.connect(stranger).ask(SMITH, GREETING))
      .to.emit(dialogue, 'Answered')
      .and.to.emit(dialogue, 'ErrandMoved')
      .withArgs(stranger.address, SMITH, GIVEN)
  })

  it('keeps what each teller has proven apart: nobody stops another with a cache that only they can open', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, model, player, stranger } = scene
    const { questionId, tokens } = await ask(dialogue, player)
    const context = await contextOf(scene, questionId, stranger)
    const hidden = (await statementsOf(scene, tokens, chatter(24), 'secret salt')).slice(0, 9)
    const steps = hidden.map((statement) => model.prove(statement, context))
    await dialogue.connect(stranger).advance(questionId, steps)
    await tell(scene, questionId, tokens, chatter(24))
    expect(await dialogue.lineOf(questionId)).to.deep.equal([textOf(chatter(24)), true])
    await expect(dialogue.connect(stranger).advance(questionId, steps)).to.be.revertedWithCustomError(
      dialogue,
      'NotOpen',
    )
  })
})

describe('NpcDialogue, what it refuses', () => {
  type Change = (steps: StepStatement[]) => StepStatement[]
  const wrong: Record<string, Change> = {
    'steps in another order': ([a, b, ...rest]) => [b!, a!, ...rest],
    'a step left out': ([a, , ...rest]) => [a!, ...rest],
    'a step twice': ([a, ...rest]) => [a!, a!, ...rest],
    'a chain that does not begin with nothing said': ([a, ...rest]) => [{ ...a!, before: 5n }, ...rest],
    'a step on another cache than the one before ended with': ([a, b, ...rest]) => [
      a!,
      { ...b!, before: cacheAfter(9) },
      ...rest,
    ],
    'another character than was asked': ([a, ...rest]) => [{ ...a!, token: a!.token + 1 }, ...rest],
    'a word that did not come out': (steps) =>
      steps.map((step) => (step.position === 4 ? { ...step, token: step.token + 1 } : step)),
    'another position': ([a, b, ...rest]) => [a!, { ...b!, position: 2 }, ...rest],
  }
  for (const [what, change] of Object.entries(wrong)) {
    it(what, async () => {
      const scene = await loadFixture(deploy)
      const { dialogue, model, player, teller, routed } = scene
      const { questionId, tokens } = await ask(dialogue, player)
      const context = await contextOf(scene, questionId, teller)
      const statements = (await statementsOf(scene, tokens, chatter(24))).slice(0, 8)
      const steps = change(statements).map((statement) => model.prove(statement, context))
      await expect(dialogue.connect(teller).advance(questionId, steps)).to.be.revertedWithCustomError(
        routed,
        'InvalidProof',
      )
      const right = statements.map((statement) => model.prove(statement, context))
      await dialogue.connect(teller).advance(questionId, right)
    })
  }

  it('another token or cache than was proven, and proofs of others, for others or of elsewhere', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, factory, args, model, player, other, teller, stranger, routed } = scene
    const { questionId, tokens } = await ask(dialogue, player)
    const foreign = await ask(dialogue, other, SMITH, 1)
    const context = await contextOf(scene, questionId, teller)
    const statements = (await statementsOf(scene, tokens, chatter(24))).slice(0, 5)
    const steps = statements.map((statement) => model.prove(statement, context))
    const replaced = (step: Partial<ProvenStep>) => [...steps.slice(0, 4), { ...steps[4]!, ...step }]
    const elsewhere = await factory.deploy(...args)
    const contexts = [
      { ...context, chainId: 1n },
      { ...context, caller: await elsewhere.getAddress() },
      { ...context, requestId: foreign.questionId },
      { ...context, modelId: 7n },
      { ...context, prover: other.address },
    ]
    for (const bad of [
      replaced({ next: steps[4]!.next + 1 }),
      replaced({ next: END }),
      replaced({ cache: 1n }),
      replaced({ points: steps[4]!.points.map((word, i) => (i === 6 ? word ^ 1n : word)) }),
      ...contexts.map((one) => statements.map((statement) => model.prove(statement, one))),
    ])
      await expect(dialogue.connect(teller).advance(questionId, bad)).to.be.revertedWithCustomError(
        routed,
        'InvalidProof',
      )
    // A copy under another name is a statement that nobody proved.
    await expect(dialogue.connect(stranger).advance(questionId, steps)).to.be.revertedWithCustomError(
      routed,
      'InvalidProof',
    )
    await expect(
      dialogue.connect(teller).advance(questionId, replaced({ cache: 2n ** 256n - 1n })),
    ).to.be.revertedWithCustomError({ interface: scene.shared.interface }, 'SignalNotInField')
    await dialogue.connect(teller).advance(questionId, steps)
    // Once more, as it was and malleated: the position is another by now.
    const twins = steps.map((step) => ({ ...step, points: [...twinOf(step.points as never)] }))
    for (const again of [steps, twins])
      await expect(dialogue.connect(teller).advance(questionId, again)).to.be.revertedWithCustomError(
        routed,
        'InvalidProof',
      )
  })

  it('steps beyond the end, tokens beyond the lexicon, and no step at all', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, model, player, teller } = scene
    const { questionId, tokens } = await ask(dialogue, player)
    const context = await contextOf(scene, questionId, teller)
    const told = dialogue.connect(teller)
    await expect(told.advance(questionId, [])).to.be.revertedWithCustomError(dialogue, 'NothingToSay')
    for (const words of [chatter(32), chatter(24)]) {
      const statements = await statementsOf(scene, tokens, words)
      const steps = [...statements, statements[9]!].map((statement) => model.prove(statement, context))
      await expect(told.advance(questionId, steps))
        .to.be.revertedWithCustomError(dialogue, 'LineIsOver')
        .withArgs(statements.length)
      expect(statements.length).to.be.at.most(POSITIONS)
    }
    const last = FIRST_WORD + 255
    const steps = (await statementsOf(scene, tokens, [last, last + 1])).map((one) => model.prove(one, context))
    await expect(told.advance(questionId, steps))
      .to.be.revertedWithCustomError(dialogue, 'UnknownToken')
      .withArgs(last + 1)
    await told.advance(questionId, steps.slice(0, 4))
    expect((await dialogue.progressOf(questionId, teller)).text).to.equal(vocabulary()[last])
  })

  it('questions that nobody asked, that are answered, withdrawn or too old', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player } = scene
    await expect(dialogue.advance(ZeroHash, [])).to.be.revertedWithCustomError(dialogue, 'NotOpen').withArgs(ZeroHash)
    const first = await ask(dialogue, player)
    const second = await ask(dialogue, player, SMITH, 1)
    await expect(tell(scene, first.questionId, first.tokens, chatter(24)))
      .to.be.revertedWithCustomError(dialogue, 'NotOpen')
      .withArgs(first.questionId)
    const { expiresAt } = await dialogue.question(second.questionId)
    await time.setNextBlockTimestamp(expiresAt + 1n)
    await expect(tell(scene, second.questionId, second.tokens, chatter(24)))
      .to.be.revertedWithCustomError(dialogue, 'QuestionExpired')
      .withArgs(second.questionId, expiresAt)
    // Whoever was not answered asks again.
    const third = await ask(dialogue, player, SMITH, 1)
    await time.setNextBlockTimestamp((await dialogue.question(third.questionId)).expiresAt)
    await tell(scene, third.questionId, third.tokens, chatter(24))
    await expect(tell(scene, third.questionId, third.tokens, chatter(24))).to.be.revertedWithCustomError(
      dialogue,
      'NotOpen',
    )
  })

  it('new lines of a deprecated model; those it said stay', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player, other, registry, publisher, routed, modelId } = scene
    const { questionId, tokens } = await ask(dialogue, player)
    const open = await ask(dialogue, other, SMITH, 1)
    await tell(scene, questionId, tokens, chatter(24))
    await registry.connect(publisher).deprecateModel(modelId)
    await expect(tell(scene, open.questionId, open.tokens, chatter(24))).to.be.revertedWithCustomError(
      routed,
      'VerificationRefused_ModelDeprecated',
    )
    const known = await ask(dialogue, other)
    expect(await dialogue.lineOf(known.questionId)).to.deep.equal([textOf(chatter(24)), true])
  })

  it('everything of a stopped verifier, lines that were proven before too', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player, other, stop, guardian, router, routed, modelId } = scene
    const { questionId, tokens } = await ask(dialogue, player)
    const open = await ask(dialogue, other)
    await tell(scene, questionId, tokens, chatter(24))
    await stop.connect(guardian).stop()
    await expect(dialogue.recall(open.questionId))
      .to.be.revertedWithCustomError(routed, 'ModelStopped')
      .withArgs(modelId)
    const again = await ask(dialogue, player)
    expect(await dialogue.lineOf(again.questionId)).to.deep.equal(['...', false])
    const fresh = await ask(dialogue, player, SMITH, 1)
    await expect(tell(scene, fresh.questionId, fresh.tokens, chatter(24))).to.be.revertedWithCustomError(
      router,
      'RouteStopped',
    )
  })
})

describe('NpcDialogue, errands', () => {
  it('are given and paid by the words of a line, once and in order, and by nothing else', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player } = scene
    const stage = async () => (await dialogue.errandOf(player, SMITH)).stage
    const said = async (words: readonly number[], topic: number) => {
      const { questionId, tokens } = await ask(dialogue, player, SMITH, topic)
      await tell(scene, questionId, tokens, words)
      return stage()
    }
    await expect(dialogue.connect(player).finishErrand(SMITH))
      .to.be.revertedWithCustomError(dialogue, 'NoErrand')
      .withArgs(player.address, SMITH)
    expect(await said(chatter(24), 1)).to.equal(NONE)
    expect(await said([...chatter(24), REWARD_WORD], 2)).to.equal(NONE)
    expect(await said([...chatter(24), ERRAND_WORD], WORK)).to.equal(GIVEN)
    expect(await said([ERRAND_WORD, ...chatter(24), REWARD_WORD], 3)).to.equal(GIVEN)
    expect((await dialogue.errandOf(player, GUARD)).stage).to.equal(NONE)
    const { readyAt } = await dialogue.errandOf(player, SMITH)
    await time.setNextBlockTimestamp(readyAt - 1n)
    await expect(dialogue.connect(player).finishErrand(SMITH))
      .to.be.revertedWithCustomError(dialogue, 'ErrandTakesTime')
      .withArgs(readyAt)
    await time.setNextBlockTimestamp(readyAt)
    await dialogue.connect(player).finishErrand(SMITH)
    expect(await stage()).to.equal(DONE)
    await expect(dialogue.connect(player).finishErrand(SMITH)).to.be.revertedWithCustomError(dialogue, 'NoErrand')
    expect(await said([...chatter(24), ERRAND_WORD], 4)).to.equal(DONE)
    expect(await dialogue.badgesOf(player)).to.equal(0)
    expect(await said([...chatter(24), REWARD_WORD, REWARD_WORD], 5)).to.equal(PAID)
    expect(await said([...chatter(24), REWARD_WORD, ERRAND_WORD], 6)).to.equal(PAID)
    expect(await dialogue.badgesOf(player)).to.equal(1)
  })

  it('stay as they are if a player goes on with them before the line that was asked for', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player, teller } = scene
    const given = await ask(dialogue, player, SMITH, WORK)
    await tell(scene, given.questionId, given.tokens, [ERRAND_WORD])
    await time.increase(ERRAND)
    const early = await ask(dialogue, player, SMITH, WORK)
    expect(vocabulary()[early.tokens[2]!]).to.equal('<stranger given>')
    await dialogue.connect(player).finishErrand(SMITH)
    await expect(tell(scene, early.questionId, early.tokens, [...chatter(24), REWARD_WORD]))
      .to.emit(dialogue, 'LineProven')
      .withArgs(early.prompt, teller.address, bytesOf([...chatter(24), REWARD_WORD]))
      .and.not.to.emit(dialogue, 'ErrandMoved')
    expect(await dialogue.lineOf(early.questionId)).to.deep.equal([textOf([...chatter(24), REWARD_WORD]), true])
    expect([(await dialogue.errandOf(player, SMITH)).stage, await dialogue.badgesOf(player)]).to.deep.equal([DONE, 0n])
    const done = await ask(dialogue, player, SMITH, WORK)
    await tell(scene, done.questionId, done.tokens, [REWARD_WORD])
    expect([(await dialogue.errandOf(player, SMITH)).stage, await dialogue.badgesOf(player)]).to.deep.equal([PAID, 1n])
  })

  it('are not asked about in the block in which they changed', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player } = scene
    const { questionId, tokens } = await ask(dialogue, player, SMITH, WORK)
    await tell(scene, questionId, tokens, [ERRAND_WORD])
    await time.increase(ERRAND)
    const mine = dialogue.connect(player)
    const landed = await inOneBlock([
      () => mine.finishErrand(SMITH, { gasLimit: 300_000 }),
      () => mine.ask(SMITH, WORK, { gasLimit: 300_000 }),
    ])
    expect(landed).to.deep.equal([true, false])
    const { tokens: after } = await ask(dialogue, player, SMITH, WORK)
    expect(vocabulary()[after[2]!]).to.equal('<stranger done>')
  })

  it('count what makes a stranger a friend, and a friend a hero', async () => {
    const scene = await loadFixture(deploy)
    const { dialogue, player } = scene
    const known = async () => {
      const prompt = promptTokens(await dialogue.promptOf(player, 5, GREETING))
      return vocabulary()[prompt[2]!]
    }
    const seen = [await known()]
    for (let character = 0; character < 4; character++) {
      const given = await ask(dialogue, player, character, WORK)
      await tell(scene, given.questionId, given.tokens, [ERRAND_WORD])
      await time.increase(ERRAND)
      await dialogue.connect(player).finishErrand(character)
      const paid = await ask(dialogue, player, character, WORK)
      await tell(scene, paid.questionId, paid.tokens, [REWARD_WORD])
      seen.push(await known())
    }
    expect(seen).to.deep.equal(['<stranger none>', '<friend none>', '<friend none>', '<hero none>', '<hero none>'])
  })
})

describe('NpcDialogue, a season of questions', () => {
  it('holds every line as the model says it, gives errands by its words only, and pays for a line once', async function () {
    this.timeout(240_000)
    const scene = await loadFixture(deploy)
    const { dialogue, model, teller } = scene
    const players = await freshSigners(3)
    const character = speaker()
    const lines = new Map<string, { words: readonly number[]; gas: bigint }>()
    const recalled: bigint[] = []
    let [questions, steps, errands, rewards] = [0, 0, 0, 0]
    const SEASON = 200
    const day = 4 * PHASE
    // All of it is one day, which begins on the dot.
    await time.increaseTo((Math.floor((await time.latest()) / day) + 1) * day)
    while (questions < SEASON) {
      if (questions > 0 && questions % (SEASON / 4) === 0) await time.increase(PHASE / 2)
      const who = players[questions % 3]!
      const npc = [SMITH, GUARD][Math.floor(questions / 3) % 2]!
      const topic = Math.floor(questions / 6) % 4 === 3 ? GREETING : WORK
      const before = await dialogue.errandOf(who, npc)
      const sent = await dialogue.connect(who).ask(npc, topic)
      const questionId = await dialogue.questionOf(who)
      const { prompt, answered } = await dialogue.question(questionId)
      const known = lines.get(prompt.toString())
      expect(answered).to.equal(known !== undefined)
      if (known === undefined) {
        const context = await contextOf(scene, questionId, teller)
        const taken = [...character.steps(promptTokens(prompt))]
        const proven = taken.map(({ token, position, cache, output }) => {
          const [previous, after] = [character.commit(cache), character.commit(output.cache)]
          return model.prove({ token, position, before: previous, next: output.next, after }, context)
        })
        const told = await (await dialogue.connect(teller).advance(questionId, proven)).wait()
        const words = taken.slice(PROMPT_TOKENS - 1).map(({ output }) => output.next)
        lines.set(prompt.toString(), { words: words.filter((word) => word >= FIRST_WORD), gas: told!.gasUsed })
        steps += taken.length
      } else recalled.push((await sent.wait())!.gasUsed)
      const { words } = lines.get(prompt.toString())!
      expect(await dialogue.lineOf(questionId)).to.deep.equal([textOf(words), true])
      const after = await dialogue.errandOf(who, npc)
      const gives = before.stage === NONE && words.includes(ERRAND_WORD)
      const pays = before.stage === DONE && words.includes(REWARD_WORD)
      expect(after.stage - before.stage).to.equal(gives || pays ? 1n : 0n)
      errands += Number(gives)
      rewards += Number(pays)
      if (after.stage === GIVEN) {
        await time.increase(ERRAND)
        await dialogue.connect(who).finishErrand(npc)
      }
      questions++
    }
    const mean = (values: readonly bigint[]) => values.reduce((sum, value) => sum + value) / BigInt(values.length)
    const [proven, again] = [mean([...lines.values()].map(({ gas }) => gas)), mean(recalled)]
    const figures = [
      `${questions} questions, ${lines.size} different lines, ${steps} proven steps`,
      `${errands} errands given, ${rewards} paid`,
      `gas: a line proven ${proven}, a question whose line is known ${again}`,
      `all questions ${[...lines.values()].reduce((sum, { gas }) => sum + gas, 0n)}; each proven anew ${proven * BigInt(questions)}`,
    ]
    console.log(figures.map((line) => `      ${line}`).join('\n'))
    expect(errands).to.be.greaterThan(0)
    expect(rewards).to.be.greaterThan(0)
    expect(steps).to.be.greaterThan(200)
    expect([...lines.values()].every(({ words }) => words.length >= 24 && words.length <= 32)).to.equal(true)
    expect(again * 5n).to.be.lessThan(proven)
  })
})

describe('NpcDialogue, the real model', () => {
  itUninstrumented(
    'proves the prompt and the first word of a line, each step on what the step before left',
    async function () {
      this.timeout(180_000)
      const world = await createWorld()
      const { modelId } = await referenceModel(world, 'npc-dialogue')
      const scene = await deployDialogue(world, modelId)
      const { dialogue, player, teller, routed } = scene
      const { questionId, tokens } = await ask(dialogue, player, SMITH, WORK)
      const context = await contextOf(scene, questionId, teller)
      const prove = await stepProver()
      const character = speaker()
      const steps: ProvenStep[] = []
      for (const step of character.steps(tokens)) {
        steps.push(await prove(step, context))
        expect(steps.at(-1)).to.include({ next: step.output.next, cache: character.commit(step.output.cache) })
        if (steps.length === PROMPT_TOKENS) break
      }
      const told = dialogue.connect(teller)
      const [first, second, ...rest] = steps as [ProvenStep, ProvenStep, ...ProvenStep[]]
      const bad: ProvenStep[][] = [[second, first], [second], [first, ...rest], [{ ...first, cache: second.cache }]]
      for (const some of bad)
        await expect(told.advance(questionId, some)).to.be.revertedWithCustomError(routed, 'InvalidProof')
      await told.advance(questionId, [first, second])
      await expect(told.advance(questionId, [second])).to.be.revertedWithCustomError(routed, 'InvalidProof')
      await told.advance(questionId, rest)
      const { position, text } = await dialogue.progressOf(questionId, teller)
      expect([position, text]).to.deep.equal([4n, vocabulary()[steps[3]!.next]])
    },
  )
})
