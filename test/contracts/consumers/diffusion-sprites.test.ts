// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, mine, mineUpTo, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { AbiCoder, concat, id, keccak256, parseEther, toBeHex, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import {
  ConsumerLibraries__factory,
  DiffusionSprites__factory,
  SpriteClaimer__factory,
  type DiffusionSprites,
} from '../../../typechain-types'
import { modelFolder } from '../../../scripts/bundled'
import { referenceModel, trapdoorModel } from '../../support/consumer-models'
import { freshSigners, inOneBlock, randomNumbers } from '../../support/consumers'
import { IS_COVERAGE } from '../../support/coverage'
import { forge, malleate } from '../../support/malleate'
import { rasterise } from '../../support/svg'
import { createWorld, type World } from '../../support/world'

const DELAY = 3
const BOND = parseEther('0.01')
const SIDE = 14
const CHANNELS = SIDE * SIDE * 3
const coder = AbiCoder.defaultAbiCoder()

async function deploySprites(world: World, modelId: bigint) {
  const [owner, other] = (await freshSigners(2)) as [HardhatEthersSigner, HardhatEthersSigner]
  const factory = new DiffusionSprites__factory(world.deployer)
  const sprites = await factory.deploy(world.routed, modelId, DELAY, BOND)
  return { ...world, modelId, owner, other, factory, sprites }
}

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'sprite-diffusion')
  return { ...(await deploySprites(world, model.modelId)), model }
}

/** Commits to a class and a secret; gives the block that decides. */
async function commit(sprites: DiffusionSprites, by: HardhatEthersSigner, class_: number, secret: string) {
  const commitment = await sprites.commitmentOf(class_, by, secret)
  const sent = await sprites.connect(by).commit(commitment, { value: BOND })
  return { commitment, drawBlock: sent.blockNumber! + DELAY, sent }
}

/** Commits, waits and reveals; gives what anyone needs to prove the picture. */
async function mint(sprites: DiffusionSprites, by: HardhatEthersSigner, class_: number, secret: string) {
  await commit(sprites, by, class_, secret)
  await mine(DELAY)
  const sent = await sprites.connect(by).reveal(class_, secret)
  const [revealed] = await sprites.queryFilter(sprites.filters.SpriteRevealed(), sent.blockNumber!, sent.blockNumber!)
  const { tokenId, seed } = revealed!.args
  const prompt = await sprites.promptFor(class_, seed)
  return { tokenId, seed, prompt, inputs: digitsOf(prompt) }
}

/** The input that a prompt packs: 126 digits of noise, 4 of class. */
function digitsOf(prompt: string): bigint[] {
  const [first, second, third] = coder.decode(['uint256', 'uint256', 'uint256'], prompt) as unknown as bigint[]
  const digits = (word: bigint, count: number) => Array.from({ length: count }, (_, i) => (word >> BigInt(4 * i)) & 15n)
  return [...digits(first!, 63), ...digits(second!, 63), ...digits(third!, 4)]
}

const coloursOf = (channels: readonly (number | bigint)[]) =>
  Array.from({ length: SIDE * SIDE }, (_, i) =>
    channels.slice(3 * i, 3 * i + 3).reduce<number>((sum, channel) => 16 * sum + Number(channel), 0),
  )

const somePicture = (salt: number) => Array.from({ length: CHANNELS }, (_, i) => BigInt((i * 7 + (i >> 5) * salt) % 16))

describe('coloured pixels as SVG', () => {
  const deployLibraries = async () => new ConsumerLibraries__factory((await createWorld()).deployer).deploy()

  it('show exactly the colours, at any side and on any background', async () => {
    const libraries = await loadFixture(deployLibraries)
    const random = randomNumbers(3)
    for (const [side, background] of [
      [1, 0xddd],
      [14, 0xddd],
      [14, 0],
      [20, 0xfff],
    ] as const) {
      for (const palette of [[background], [background, 0xf00, 0x0f1], undefined]) {
        const colours = Array.from({ length: side * side }, () =>
          palette === undefined ? random(4096) : palette[random(palette.length)]!,
        )
        expect(rasterise(await libraries.drawColours(colours, side, background), side)).to.deep.equal(colours)
      }
    }
  })

  it('is one path a colour and one rectangle a run, and refuses what is no picture', async () => {
    const libraries = await loadFixture(deployLibraries)
    expect(await libraries.drawColours([0xddd, 0xf00, 0xf00, 0xabc], 2, 0xddd)).to.equal(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 2' shape-rendering='crispEdges'>" +
        "<path fill='#ddd' d='M0 0h2v2H0z'/>" +
        "<path fill='#f00' d='M1 0h1v1h-1zM0 1h1v1h-1z'/><path fill='#abc' d='M1 1h1v1h-1z'/></svg>",
    )
    const refused = (colours: number[], side: number, background: number) =>
      expect(libraries.drawColours(colours, side, background)).to.be
    const errors = await ethers.getContractFactory('PixelSvg')
    await refused([], 0, 0).revertedWithCustomError(errors, 'BadSide').withArgs(0)
    await refused(new Array<number>(10_000).fill(0), 100, 0).revertedWithCustomError(errors, 'BadSide').withArgs(100)
    await refused([1, 2, 3], 2, 0).revertedWithCustomError(errors, 'WrongPixelCount').withArgs(4, 3)
    await refused([1, 2, 4096, 3], 2, 0).revertedWithCustomError(errors, 'BadColour').withArgs(2, 4096)
    await refused([1], 1, 4096).revertedWithCustomError(errors, 'BadColour').withArgs(1, 4096)
  })
})

describe('DiffusionSprites, painted out of noise that nobody chose', () => {
  it('are of a model that makes 14×14 pixels out of noise and a class', async () => {
    const { factory, routed, register, sprites, modelId, ...world } = await loadFixture(deploy)
    const decoder = await trapdoorModel({ register, ...world } as never, 'sprite-decoder')
    for (const wrong of [await register(), decoder.modelId]) {
      await expect(factory.deploy(routed, wrong, DELAY, BOND))
        .to.be.revertedWithCustomError(sprites, 'NotADiffusionModel')
        .withArgs(wrong)
    }
    await expect(factory.deploy(routed, modelId, 0, BOND))
      .to.be.revertedWithCustomError(sprites, 'BadClaimDelay')
      .withArgs(0)
    const own = DiffusionSprites__factory.createInterface()
    const functions = [
      'commit',
      'reveal',
      'commitmentOf',
      'drawBlockOf',
      'promptFor',
      'spriteOf',
      'className',
      'svgOf',
      'bond',
    ]
    const interfaceId = functions.reduce((sum, name) => sum ^ BigInt(own.getFunction(name as 'bond').selector), 0n)
    for (const known of [toBeHex(interfaceId, 4), '0x702c55a6', '0x80ac58cd', '0x01ffc9a7'])
      expect(await sprites.supportsInterface(known)).to.equal(true)
    expect(await sprites.supportsInterface('0xffffffff')).to.equal(false)
    expect(await Promise.all([0, 1, 2, 3].map((class_) => sprites.className(class_)))).to.deep.equal(
      Object.keys(JSON.parse(readFileSync(join(modelFolder('sprite-diffusion'), 'classes.json'), 'utf8')) as object),
    )
    await expect(sprites.className(4)).to.be.revertedWithCustomError(sprites, 'UnknownClass').withArgs(4)
  })

  it('draw their seed from a secret and a block that came after it, and give the bond back', async () => {
    const { sprites, owner } = await loadFixture(deploy)
    const secret = id('secret')
    const { commitment, drawBlock, sent } = await commit(sprites, owner, 2, secret)
    await expect(sent).to.emit(sprites, 'SpriteCommitted').withArgs(owner.address, commitment, drawBlock)
    await expect(sent).to.changeEtherBalances([owner, sprites], [-BOND, BOND])
    expect(commitment).to.equal(
      keccak256(
        coder.encode(
          ['uint256', 'address', 'address', 'uint8', 'bytes32'],
          [31337, await sprites.getAddress(), owner.address, 2, secret],
        ),
      ),
    )
    expect(await sprites.drawBlockOf(owner, commitment)).to.equal(drawBlock)
    await mineUpTo(drawBlock - 1)
    await expect(sprites.connect(owner).reveal(2, secret))
      .to.be.revertedWithCustomError(sprites, 'RevealTooEarly')
      .withArgs(drawBlock, drawBlock + 1)
    const { hash } = (await ethers.provider.getBlock(drawBlock))!
    const seed = BigInt(keccak256(concat([secret, commitment, hash!]))) & (2n ** 248n - 1n)
    const word = (index: number) =>
      BigInt(keccak256(coder.encode(['uint256', 'uint256'], [seed, index]))) & (2n ** 252n - 1n)
    const prompt = concat([toBeHex(word(0), 32), toBeHex(word(1), 32), toBeHex(1n << 8n, 32)])
    const tokenId = BigInt(keccak256(prompt))
    const revealed = await sprites.connect(owner).reveal(2, secret)
    await expect(revealed).to.emit(sprites, 'SpriteRevealed').withArgs(tokenId, owner.address, 2, seed)
    await expect(revealed).to.changeEtherBalances([owner, sprites], [BOND, -BOND])
    expect(await sprites.ownerOf(tokenId)).to.equal(owner.address)
    expect(await sprites.spriteOf(tokenId)).to.deep.equal([2n, seed])
    expect(await sprites.promptFor(2, seed)).to.equal(prompt)
    expect(digitsOf(prompt).slice(126)).to.deep.equal([0n, 0n, 1n, 0n])
    expect(await sprites.drawBlockOf(owner, commitment)).to.equal(0)
    await expect(sprites.promptFor(4, seed)).to.be.revertedWithCustomError(sprites, 'UnknownClass').withArgs(4)
    await expect(sprites.spriteOf(1)).to.be.revertedWithCustomError(sprites, 'UnknownSprite').withArgs(1)
  })

  it('take exactly the bond, once a commitment, and show nothing to anybody else', async () => {
    const { sprites, owner, other } = await loadFixture(deploy)
    const secret = id('secret')
    const commitment = await sprites.commitmentOf(1, owner, secret)
    for (const value of [0n, BOND - 1n, BOND + 1n])
      await expect(sprites.connect(owner).commit(commitment, { value }))
        .to.be.revertedWithCustomError(sprites, 'WrongBond')
        .withArgs(BOND, value)
    await commit(sprites, owner, 1, secret)
    await expect(sprites.connect(owner).commit(commitment, { value: BOND }))
      .to.be.revertedWithCustomError(sprites, 'CommittedAlready')
      .withArgs(owner.address, commitment)
    // A copied commitment is worth nothing to who copies it, and does not stand in the way of its owner.
    await sprites.connect(other).commit(commitment, { value: BOND })
    await mine(DELAY)
    for (const [by, class_, shown] of [
      [other, 1, secret],
      [owner, 0, secret],
      [owner, 1, id('another')],
    ] as const)
      await expect(sprites.connect(by).reveal(class_, shown))
        .to.be.revertedWithCustomError(sprites, 'NotCommitted')
        .withArgs(by.address, await sprites.commitmentOf(class_, by, shown))
    await expect(sprites.connect(owner).reveal(4, secret))
      .to.be.revertedWithCustomError(sprites, 'UnknownClass')
      .withArgs(4)
    await sprites.connect(owner).reveal(1, secret)
    await expect(sprites.connect(owner).reveal(1, secret)).to.be.revertedWithCustomError(sprites, 'NotCommitted')
  })

  it('are void after 256 blocks, and the bond is lost', async () => {
    const { sprites, owner } = await loadFixture(deploy)
    for (const late of [0, 1]) {
      const secret = id(`late ${late}`)
      const { commitment, drawBlock } = await commit(sprites, owner, 0, secret)
      await mineUpTo(drawBlock + 255 + late)
      if (late === 0) {
        await sprites.connect(owner).reveal(0, secret)
        continue
      }
      for (let again = 0; again < 2; again++) {
        await expect(sprites.connect(owner).reveal(0, secret))
          .to.be.revertedWithCustomError(sprites, 'CommitmentLapsed')
          .withArgs(commitment, drawBlock + 256)
        await mine(500)
      }
      await expect(sprites.connect(owner).commit(commitment, { value: BOND })).to.be.revertedWithCustomError(
        sprites,
        'CommittedAlready',
      )
    }
    expect(await ethers.provider.getBalance(sprites)).to.equal(BOND)
    expect(await sprites.balanceOf(owner)).to.equal(1)
  })

  it('take no delay that wraps around to a block whose hash is known', async () => {
    const { factory, routed, modelId, owner } = await loadFixture(deploy)
    const wrapping = await factory.deploy(routed, modelId, 2n ** 256n - 2n, BOND)
    await expect(wrapping.connect(owner).commit(ZeroHash, { value: BOND })).to.be.revertedWithPanic(0x11)
    expect(await time.latestBlock()).to.be.greaterThan(2)
  })

  it('pay a bond once, to who takes it', async () => {
    const { sprites, deployer } = await loadFixture(deploy)
    const claimer = await new SpriteClaimer__factory(deployer).deploy()
    await claimer.commit(sprites, id('a'), { value: BOND })
    await mine(DELAY)
    await claimer.behave(true, false)
    await expect(claimer.reveal())
      .to.be.revertedWithCustomError(sprites, 'BondRefused')
      .withArgs(await claimer.getAddress(), BOND)
    await claimer.behave(false, true)
    // Asked for twice within one call, the second time fails, and with it the whole.
    await sprites.commit(id('somebody else'), { value: BOND })
    await expect(claimer.reveal()).to.be.revertedWithCustomError(sprites, 'BondRefused')
    await claimer.behave(false, false)
    await expect(claimer.reveal()).to.changeEtherBalances([claimer, sprites], [BOND, -BOND])
  })

  it('call nobody to pay back a bond of 0', async () => {
    const { factory, routed, modelId, deployer } = await loadFixture(deploy)
    const free = await factory.deploy(routed, modelId, DELAY, 0)
    const claimer = await new SpriteClaimer__factory(deployer).deploy()
    await claimer.commit(free, id('a'))
    await mine(DELAY)
    // Takes no coin at all.
    await claimer.behave(true, false)
    await claimer.reveal()
    expect(await free.balanceOf(claimer)).to.equal(1)
  })

  it('sell no prompt that somebody chose', async () => {
    const { sprites, owner } = await loadFixture(deploy)
    const prompt = await sprites.promptFor(0, 7)
    const commitment = await sprites.promptCommitment(prompt, owner, ZeroHash)
    await expect(sprites.connect(owner).commitPrompt(commitment)).to.be.revertedWithCustomError(
      sprites,
      'PromptsAreDrawn',
    )
    await expect(sprites.connect(owner).claimPrompt(prompt, ZeroHash)).to.be.revertedWithCustomError(
      sprites,
      'PromptsAreDrawn',
    )
  })

  it('take the picture that the model proves of their noise and class, once, and no other', async () => {
    const { sprites, model, owner, other, stranger, routed } = await loadFixture(deploy)
    const sprite = await mint(sprites, owner, 1, id('a'))
    const neighbour = await mint(sprites, other, 1, id('b'))
    const channels = somePicture(1)
    const good = model.prove(sprite.inputs, channels, null)
    const wrong = model.prove(sprite.inputs, somePicture(2), null)
    const add = (answer: { output: string; proof: string }, of = sprite) =>
      sprites.connect(stranger).addAigcData(of.tokenId, of.prompt, answer.output, answer.proof)
    await expect(add({ ...good, output: wrong.output })).to.be.revertedWithCustomError(routed, 'InvalidProof')
    await expect(add({ ...good, proof: forge(good.proof) })).to.be.reverted
    await expect(add(model.prove(neighbour.inputs, channels, null))).to.be.reverted
    // The same noise of another class.
    const dressed = [...sprite.inputs.slice(0, 126), 1n, 0n, 0n, 0n]
    await expect(add(model.prove(dressed, channels, null))).to.be.reverted
    await expect(add(good, { ...sprite, prompt: neighbour.prompt }))
      .to.be.revertedWithCustomError(sprites, 'PromptMismatch')
      .withArgs(sprite.tokenId, neighbour.tokenId)
    const bound = { chainId: 31337n, caller: await sprites.getAddress(), requestId: id('r'), modelId: model.modelId }
    await expect(
      add(model.prove(sprite.inputs, channels, { ...bound, prover: stranger.address })),
    ).to.be.revertedWithCustomError(routed, 'NotPortable')
    const prompt = await sprites.promptFor(0, 5)
    const unminted = { tokenId: BigInt(keccak256(prompt)), prompt, inputs: digitsOf(prompt), seed: 5n }
    await expect(add(model.prove(unminted.inputs, channels, null), unminted))
      .to.be.revertedWithCustomError(sprites, 'ERC721NonexistentToken')
      .withArgs(unminted.tokenId)
    await expect(sprites.svgOf(sprite.tokenId))
      .to.be.revertedWithCustomError(sprites, 'AigcDataMissing')
      .withArgs(sprite.tokenId)
    await add(good)
    expect(rasterise(await sprites.svgOf(sprite.tokenId), SIDE)).to.deep.equal(coloursOf(channels))
    for (const again of [good, { ...good, proof: malleate(good.proof) }, wrong])
      await expect(add(again)).to.be.revertedWithCustomError(sprites, 'AigcDataAlreadyAdded').withArgs(sprite.tokenId)
    expect(await sprites.promptOf(sprite.tokenId)).to.equal(sprite.prompt)
  })

  it('draw the least and the most that a picture can be', async () => {
    const { sprites, model, owner } = await loadFixture(deploy)
    for (const [salt, channels] of [
      ['black', new Array<bigint>(CHANNELS).fill(0n)],
      ['white', new Array<bigint>(CHANNELS).fill(15n)],
      // Each pixel of another colour than all others.
      ['all', Array.from({ length: SIDE * SIDE }, (_, i) => [BigInt(i >> 4), BigInt(i & 15), 3n]).flat()],
    ] as const) {
      const { tokenId, prompt, inputs } = await mint(sprites, owner, 3, id(salt))
      const { output, proof } = model.prove(inputs, channels, null)
      await sprites.addAigcData(tokenId, prompt, output, proof)
      expect(rasterise(await sprites.svgOf(tokenId), SIDE)).to.deep.equal(coloursOf(channels))
      if (!IS_COVERAGE) expect(await sprites.svgOf.estimateGas(tokenId)).to.be.at.most(2_500_000)
    }
  })

  it('take no picture of another model, nor one once their model is deprecated or stopped', async () => {
    const scene = await loadFixture(deploy)
    const { sprites, model, owner, other, routed, registry, publisher, modelId, stop, guardian } = scene
    const first = await mint(sprites, owner, 0, id('a'))
    const second = await mint(sprites, other, 2, id('b'))
    const channels = somePicture(3)
    const good = model.prove(first.inputs, channels, null)
    await sprites.addAigcData(first.tokenId, first.prompt, good.output, good.proof)
    const add = (answer: { output: string; proof: string }) =>
      sprites.addAigcData(second.tokenId, second.prompt, answer.output, answer.proof)
    const foreign = await trapdoorModel(scene, 'sprite-decoder', 'other')
    const latents = new Array<bigint>(8).fill(1n)
    await expect(add(foreign.prove(latents, new Array<bigint>(256).fill(1n), null))).to.be.reverted
    const next = model.prove(second.inputs, channels, null)
    await registry.connect(publisher).deprecateModel(modelId)
    await expect(add(next)).to.be.revertedWithCustomError(routed, 'VerificationRefused_ModelDeprecated')
    expect(await sprites.verify(second.prompt, next.output, next.proof)).to.equal(false)
    await stop.connect(guardian).stop()
    await expect(add(next)).to.be.reverted
    // What was shown stays.
    expect(rasterise(await sprites.svgOf(first.tokenId), SIDE)).to.deep.equal(coloursOf(channels))
  })
})

describe('DiffusionSprites under people who want a rare seed', () => {
  const ROUNDS = 50
  const HONEST = 4
  const GRINDERS = 4
  /** One seed in eight is liked: a trait anybody can read off the noise. */
  const isLiked = (seed: bigint) => seed % 8n === 0n

  it('lets nobody look for free: what is liked comes by chance, and each look away costs a bond', async function () {
    this.timeout(120_000)
    const { sprites, deployer } = await loadFixture(deploy)
    const people = (await ethers.getSigners()).slice(10, 10 + HONEST + GRINDERS)
    const seeds = new Set<bigint>()
    const classes = [0, 0, 0, 0]
    const looks = { honest: 0, grinder: 0 }
    const liked = { honest: 0, grinder: 0 }
    const minted = { honest: 0, grinder: 0 }
    for (let round = 0; round < ROUNDS; round++) {
      const plans = people.map((by, i) => ({
        by,
        class_: (i + round) % 4,
        secret: id(`${round} ${i}`),
        honest: i < HONEST,
      }))
      const commitments = await Promise.all(
        plans.map(({ by, class_, secret }) => sprites.commitmentOf(class_, by, secret)),
      )
      const isSent = await inOneBlock(
        plans.map(
          ({ by }, i) =>
            () =>
              sprites.connect(by).commit(commitments[i]!, { value: BOND, gasLimit: 200_000 }),
        ),
      )
      expect(isSent).to.deep.equal(plans.map(() => true))
      await mine(DELAY)
      const { hash } = (await ethers.provider.getBlock(await sprites.drawBlockOf(people[0]!, commitments[0]!)))!
      const reveals: (() => Promise<{ hash: string }>)[] = []
      plans.forEach(({ by, class_, secret, honest }, i) => {
        const who = honest ? 'honest' : 'grinder'
        // What its owner alone can compute, and before it shows anything.
        const seed = BigInt(keccak256(concat([secret, commitments[i]!, hash!]))) & (2n ** 248n - 1n)
        expect(seeds.has(seed)).to.equal(false)
        seeds.add(seed)
        looks[who]++
        if (isLiked(seed)) liked[who]++
        if (!honest && !isLiked(seed)) return
        minted[who]++
        classes[class_]!++
        reveals.push(() => sprites.connect(by).reveal(class_, secret, { gasLimit: 400_000 }))
      })
      expect((await inOneBlock(reveals)).every((ok) => ok)).to.equal(true)
    }
    const total = looks.honest + looks.grinder
    const lost = looks.grinder - minted.grinder
    const shown = await sprites.queryFilter(sprites.filters.SpriteRevealed())
    const perLiked = lost / liked.grinder
    console.log(
      `      ${total} commitments, ${shown.length} revealed, all seeds different; classes ${classes.join(', ')}`,
    )
    console.log(`      honest: ${liked.honest} liked of ${looks.honest}, no bond lost`)
    console.log(
      `      grinders: ${liked.grinder} liked of ${looks.grinder}, ${lost} bonds lost, ${perLiked.toFixed(1)} a liked one`,
    )
    console.log(`      fixed practice, a free claim that anybody draws: 0 bonds a liked one, of ${looks.grinder} looks`)
    expect(total).to.be.at.least(200)
    expect(new Set(shown.map(({ args }) => args.tokenId)).size).to.equal(minted.honest + minted.grinder)
    expect(shown).to.have.length(minted.honest + minted.grinder)
    // The bonds of those who walked away are in the contract, where nobody can take them, and no others are.
    expect(await ethers.provider.getBalance(sprites)).to.equal(BigInt(lost) * BOND)
    expect(minted.honest).to.equal(looks.honest)
    // Five standard deviations of a fair one in eight: looking away changes nothing about the next look.
    for (const who of ['honest', 'grinder'] as const)
      expect(Math.abs(liked[who] - looks[who] / 8)).to.be.at.most(5 * Math.sqrt((looks[who] * 7) / 64))
    expect(perLiked).to.be.greaterThan(2)
    // Honest claims come evenly of all classes, and classes are what people chose.
    expect(Math.min(...classes)).to.be.at.least(HONEST * Math.floor(ROUNDS / 4))
    expect(await sprites.balanceOf(deployer)).to.equal(0)
  })
})

describe('DiffusionSprites with the real model', function () {
  this.timeout(300_000)

  async function deployReal() {
    const world = await createWorld()
    const reference = await referenceModel(world, 'sprite-diffusion')
    return { ...(await deploySprites(world, reference.modelId)), reference }
  }

  it('show in their metadata what the model painted, as onnxruntime paints it', async () => {
    const { sprites, owner, other, stranger, reference } = await loadFixture(deployReal)
    const { tokenId, prompt, inputs } = await mint(sprites, owner, 0, id('a real one'))
    const { output, proof } = await reference.prove(inputs, null)
    expect(await sprites.verify(prompt, output, proof)).to.equal(true)
    const later = await mint(sprites, other, 1, id('another'))
    await expect(sprites.addAigcData(later.tokenId, later.prompt, output, proof)).to.be.reverted
    const added = await sprites.connect(stranger).addAigcData(tokenId, prompt, output, proof)
    if (!IS_COVERAGE) expect((await added.wait())!.gasUsed).to.be.at.most(600_000)

    const [type, encoded] = (await sprites.tokenURI(tokenId)).split(',') as [string, string]
    expect(type).to.equal('data:application/json;base64')
    const metadata = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as Record<string, string>
    expect(metadata['name']).to.equal(`Diffusion sprites #${toBeHex(tokenId, 32)}`)
    expect([metadata['prompt'], metadata['aigc_data']]).to.deep.equal([prompt, output])
    expect(metadata['attributes']).to.deep.equal([{ trait_type: 'class', value: 'animal' }])
    const [imageType, image] = metadata['image']!.split(',') as [string, string]
    expect(imageType).to.equal('data:image/svg+xml;base64')
    const svg = Buffer.from(image, 'base64').toString('utf8')
    expect(svg).to.equal(await sprites.svgOf(tokenId))
    if (!IS_COVERAGE) expect(await sprites.tokenURI.estimateGas(tokenId)).to.be.at.most(4_000_000)

    const channels = reference.run(inputs)
    expect(rasterise(svg, SIDE)).to.deep.equal(coloursOf(channels))
    const session = await InferenceSession.create(readFileSync(join(modelFolder('sprite-diffusion'), 'model.onnx')))
    const input = new Tensor('float32', Float32Array.from(inputs, Number), [1, 130])
    const { pixels } = await session.run({ input })
    const floats = Array.from(pixels!.data as Float32Array)
    for (const [i, channel] of channels.entries()) expect(Math.abs(channel - floats[i]!)).to.be.at.most(2)
    expect(channels.filter((channel, i) => channel === Math.round(floats[i]!)).length).to.be.at.least(0.8 * CHANNELS)
  })
})
