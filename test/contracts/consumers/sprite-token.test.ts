// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, mine, mineUpTo, setPrevRandao, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { AbiCoder, id, keccak256, toBeHex, ZeroHash } from 'ethers'
import { ethers } from 'hardhat'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import {
  ConsumerLibraries__factory,
  SeedPicker__factory,
  SpriteToken__factory,
  type SpriteToken,
} from '../../../typechain-types'
import { IS_COVERAGE } from '../../support/coverage'
import { modelFolder } from '../../../scripts/bundled'
import { freshSigners, inOneBlock, randomNumbers } from '../../support/consumers'
import { forge, malleate } from '../../support/malleate'
import { referenceModel, trapdoorModel } from '../../support/consumer-models'
import { rasterise } from '../../support/svg'
import { createWorld, type World } from '../../support/world'

const DELAY = 3
const PIXELS = 256

async function deployToken(world: World, modelId: bigint) {
  const [owner, other] = (await freshSigners(2)) as [HardhatEthersSigner, HardhatEthersSigner]
  const factory = new SpriteToken__factory(world.deployer)
  const token = await factory.deploy(world.routed, modelId, DELAY)
  return { ...world, modelId, owner, other, factory, token }
}

async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'sprite-decoder')
  return { ...(await deployToken(world, model.modelId)), model }
}

/** Claims and draws a sprite; gives its id and seed. */
async function mint(token: SpriteToken, owner: HardhatEthersSigner) {
  await token.connect(owner).claim()
  const claimId = await token.claims()
  await mine(DELAY)
  await token.draw(claimId)
  const [drawn] = await token.queryFilter(token.filters.SpriteDrawn(claimId))
  return { claimId, tokenId: drawn!.args.tokenId, seed: drawn!.args.seed, prompt: toBeHex(drawn!.args.seed, 32) }
}

const latentsOf = (seed: bigint) => Array.from({ length: 8 }, (_, i) => (seed >> BigInt(4 * i)) & 15n)

/** The greys of an SVG, in which all three channels have to be alike. */
function greysOf(svg: string): number[] {
  const colours = rasterise(svg, 16)
  expect(colours.filter((colour) => colour % 0x111 !== 0)).to.deep.equal([])
  return colours.map((colour) => colour / 0x111)
}

describe('sprites as SVG', () => {
  const deployLibraries = async () => new ConsumerLibraries__factory((await createWorld()).deployer).deploy()

  it('show exactly the pixels, whatever they are', async () => {
    const libraries = await loadFixture(deployLibraries)
    const random = randomNumbers(1)
    const pictures = [
      new Array<number>(PIXELS).fill(0),
      new Array<number>(PIXELS).fill(15),
      // The most rectangles there can be.
      Array.from({ length: PIXELS }, (_, i) => 1 + ((i + (i >> 4)) % 15)),
      Array.from({ length: PIXELS }, (_, i) => 14 + ((i + (i >> 4)) % 2)),
      Array.from({ length: PIXELS }, (_, i) => i >> 4),
      Array.from({ length: PIXELS }, (_, i) => i & 15),
    ]
    for (let i = 0; i < 2; i++) pictures.push(Array.from({ length: PIXELS }, () => random(2) * random(16)))
    for (const picture of pictures) {
      const svg = await libraries.draw(picture)
      expect(greysOf(svg)).to.deep.equal(picture)
      expect(svg.length).to.be.at.most(4100)
    }
  })

  it('is one rectangle a run of pixels', async () => {
    const libraries = await loadFixture(deployLibraries)
    const picture = new Array<number>(PIXELS).fill(0)
    for (const [at, length, grey] of [
      [3, 4, 10],
      [15, 2, 10],
      [240, 16, 15],
    ] as const)
      picture.fill(grey, at, at + length)
    expect(await libraries.draw(picture)).to.equal(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' shape-rendering='crispEdges'>" +
        "<path d='M0 0h16v16H0z'/>" +
        "<path fill='#aaa' d='M3 0h4v1h-4zM15 0h1v1h-1zM0 1h1v1h-1z'/>" +
        "<path fill='#fff' d='M0 15h16v1h-16z'/></svg>",
    )
  })
})

describe('SpriteToken, whose prompts are drawn', () => {
  it('is for models that decode eight small numbers to 256 greys', async () => {
    const { factory, routed, register, token, modelId, ...world } = await loadFixture(deploy)
    const score = await trapdoorModel({ register, ...world } as never, 'reputation-score')
    for (const wrong of [await register(), score.modelId]) {
      await expect(factory.deploy(routed, wrong, DELAY))
        .to.be.revertedWithCustomError(token, 'NotASpriteModel')
        .withArgs(wrong)
    }
    await expect(factory.deploy(routed, modelId, 0))
      .to.be.revertedWithCustomError(token, 'BadClaimDelay')
      .withArgs(0)
    const functions = ['claim()', 'draw(uint256)', 'claimOf(uint256)', 'svgOf(uint256)']
    const interfaceId = functions.reduce((sum, signature) => sum ^ BigInt(id(signature).slice(0, 10)), 0n)
    for (const known of [toBeHex(interfaceId, 4), '0x702c55a6', '0x80ac58cd', '0x01ffc9a7']) {
      expect(await token.supportsInterface(known)).to.equal(true)
    }
    expect(await token.supportsInterface('0xffffffff')).to.equal(false)
  })

  it('mints to whoever claimed, a seed that follows from the block after the delay', async () => {
    const { token, owner, other } = await loadFixture(deploy)
    const claimed = await token.connect(owner).claim()
    const drawBlock = claimed.blockNumber! + DELAY
    await expect(claimed).to.emit(token, 'SpriteClaimed').withArgs(1, owner.address, drawBlock)
    expect(await token.claimOf(1)).to.deep.equal([owner.address, BigInt(drawBlock)])
    await mineUpTo(drawBlock - 1)
    await expect(token.draw(1))
      .to.be.revertedWithCustomError(token, 'DrawTooEarly')
      .withArgs(drawBlock, drawBlock + 1)
    const { hash } = (await ethers.provider.getBlock(drawBlock))!
    const encoded = AbiCoder.defaultAbiCoder().encode(
      ['address', 'uint256', 'bytes32', 'uint256'],
      [await token.getAddress(), 1, hash, 0],
    )
    const seed = BigInt(keccak256(encoded)) & 0xffffffffn
    const tokenId = BigInt(keccak256(toBeHex(seed, 32)))
    await expect(token.connect(other).draw(1))
      .to.emit(token, 'SpriteDrawn')
      .withArgs(1, tokenId, owner.address, seed)
      .and.to.emit(token, 'Transfer')
    expect(await token.ownerOf(tokenId)).to.equal(owner.address)
    expect(await token.tokenIdOf(toBeHex(seed, 32))).to.equal(tokenId)
    for (const none of [0, 1, 2]) {
      await expect(token.draw(none)).to.be.revertedWithCustomError(token, 'UnknownClaim').withArgs(none)
    }
  })

  it('takes no claim whose block would wrap around to one with a known hash', async () => {
    const { factory, routed, modelId, owner } = await loadFixture(deploy)
    const wrapping = await factory.deploy(routed, modelId, 2n ** 64n - 1n)
    const drawBlock = 2n ** 64n + BigInt(await time.latestBlock())
    await expect(wrapping.connect(owner).claim())
      .to.be.revertedWithCustomError(wrapping, 'SafeCastOverflowedUintDowncast')
      .withArgs(64, drawBlock)
  })

  it('draws each claim by itself, also of one block', async () => {
    const { token, owner, other } = await loadFixture(deploy)
    await inOneBlock([owner, owner, other].map((one) => () => token.connect(one).claim({ gasLimit: 200_000 })))
    await mine(DELAY)
    for (const claimId of [3, 1, 2]) await token.draw(claimId)
    const seeds = (await token.queryFilter(token.filters.SpriteDrawn())).map(({ args }) => args.seed)
    expect(new Set(seeds).size).to.equal(3)
    expect([await token.balanceOf(owner), await token.balanceOf(other)]).to.deep.equal([2n, 1n])
  })

  it('lets nobody see a seed before the claim, or look at a second one', async () => {
    const { token, deployer, owner } = await loadFixture(deploy)
    const picker = await new SeedPicker__factory(deployer).deploy()
    await expect(picker.claimAndDraw(token)).to.be.revertedWithCustomError(token, 'DrawTooEarly')
    await picker.claim(token)
    const claimId = await token.claims()
    const [, drawBlock] = await token.claimOf(claimId)
    await mineUpTo(drawBlock + 1n)
    // Whoever declines a seed is offered the same one in every later block, until anyone draws it.
    const offered = new Set<bigint>()
    for (let i = 0; i < 12; i++) {
      offered.add(await token.draw.staticCall(claimId))
      await setPrevRandao(1000 + i)
      await mine(1)
    }
    expect(offered.size).to.equal(1)
    const [tokenId] = [...offered]
    await expect(picker.drawIfLiked(token, claimId, 2n ** 256n - 1n))
      .to.be.revertedWithCustomError(picker, 'Disliked')
      .withArgs(tokenId)
    await token.connect(owner).draw(claimId)
    expect(await token.ownerOf(tokenId!)).to.equal(await picker.getAddress())
  })

  it('gives a claim that nobody drew no second seed', async () => {
    const { token, owner } = await loadFixture(deploy)
    for (const late of [0n, 1n]) {
      await token.connect(owner).claim()
      const claimId = await token.claims()
      const [, drawBlock] = await token.claimOf(claimId)
      await mineUpTo(drawBlock + 255n + late)
      if (late === 0n) {
        await token.draw(claimId)
        continue
      }
      await expect(token.draw(claimId))
        .to.be.revertedWithCustomError(token, 'ClaimLapsed')
        .withArgs(claimId, drawBlock + 256n)
      await mine(1000)
      await expect(token.draw(claimId)).to.be.revertedWithCustomError(token, 'ClaimLapsed')
    }
    expect(await token.balanceOf(owner)).to.equal(1)
  })

  it('sells no prompt that somebody chose', async () => {
    const { token, owner } = await loadFixture(deploy)
    const prompt = toBeHex(0x12345678, 32)
    const commitment = await token.promptCommitment(prompt, owner, ZeroHash)
    await expect(token.connect(owner).commitPrompt(commitment)).to.be.revertedWithCustomError(token, 'PromptsAreDrawn')
    await mine(DELAY)
    await expect(token.connect(owner).claimPrompt(prompt, ZeroHash)).to.be.revertedWithCustomError(
      token,
      'PromptsAreDrawn',
    )
  })

  it('takes the picture that the model proves of its seed, and no other', async () => {
    const { token, model, owner, other, stranger, routed } = await loadFixture(deploy)
    const { tokenId, seed, prompt } = await mint(token, owner)
    const neighbour = await mint(token, other)
    const greys = Array.from({ length: PIXELS }, (_, i) => BigInt((i * 7) % 16))
    const good = model.prove(latentsOf(seed), greys, null)
    const wrong = model.prove(latentsOf(seed), greys.toReversed(), null)
    const add = (answer: { output: string; proof: string }, of = { tokenId, prompt }) =>
      token.connect(stranger).addAigcData(of.tokenId, of.prompt, answer.output, answer.proof)
    await expect(add({ ...good, output: wrong.output })).to.be.revertedWithCustomError(routed, 'InvalidProof')
    await expect(add({ ...good, proof: forge(good.proof) })).to.be.reverted
    await expect(add(model.prove(latentsOf(neighbour.seed), greys, null))).to.be.reverted
    await expect(add(good, { tokenId, prompt: neighbour.prompt }))
      .to.be.revertedWithCustomError(token, 'PromptMismatch')
      .withArgs(tokenId, neighbour.tokenId)
    const requestId = id('request')
    const bound = { chainId: 31337n, caller: await token.getAddress(), requestId, modelId: model.modelId }
    await expect(
      add(model.prove(latentsOf(seed), greys, { ...bound, prover: stranger.address })),
    ).to.be.revertedWithCustomError(routed, 'NotPortable')
    const unminted = { tokenId: BigInt(keccak256(toBeHex(5, 32))), prompt: toBeHex(5, 32) }
    await expect(add(model.prove(latentsOf(5n), greys, null), unminted))
      .to.be.revertedWithCustomError(token, 'ERC721NonexistentToken')
      .withArgs(unminted.tokenId)
    await expect(token.svgOf(tokenId)).to.be.revertedWithCustomError(token, 'AigcDataMissing').withArgs(tokenId)
    await add(good)
    expect(greysOf(await token.svgOf(tokenId)).map(BigInt)).to.deep.equal(greys)
    for (const again of [good, { ...good, proof: malleate(good.proof) }, wrong]) {
      await expect(add(again)).to.be.revertedWithCustomError(token, 'AigcDataAlreadyAdded').withArgs(tokenId)
    }
    expect(await token.promptOf(tokenId)).to.equal(prompt)
  })

  it('takes no picture of another model, nor one once its model is deprecated or stopped', async () => {
    const scene = await loadFixture(deploy)
    const { token, model, owner, other, routed, registry, publisher, modelId, stop, guardian, factory } = scene
    const first = await mint(token, owner)
    const second = await mint(token, other)
    const greys = new Array<bigint>(PIXELS).fill(7n)
    const good = model.prove(latentsOf(first.seed), greys, null)
    await token.addAigcData(first.tokenId, first.prompt, good.output, good.proof)
    const next = model.prove(latentsOf(second.seed), greys, null)
    const scorer = await trapdoorModel(scene, 'reputation-score', 'other')
    const foreign = scorer.prove([1n, 0n, 0n, 0n, 0n, 0n, 0n, 0n], [1n], null)
    await expect(token.addAigcData(second.tokenId, second.prompt, foreign.output, foreign.proof)).to.be.reverted
    await registry.connect(publisher).deprecateModel(modelId)
    await expect(
      token.addAigcData(second.tokenId, second.prompt, next.output, next.proof),
    ).to.be.revertedWithCustomError(routed, 'VerificationRefused_ModelDeprecated')
    await stop.connect(guardian).stop()
    await expect(token.addAigcData(second.tokenId, second.prompt, next.output, next.proof)).to.be.reverted
    // What was shown stays.
    expect(greysOf(await token.svgOf(first.tokenId)).map(BigInt)).to.deep.equal(greys)
    await expect(factory.deploy(routed, 7n, DELAY)).to.be.reverted
  })
})

describe('SpriteToken with the real model', () => {
  async function deployReal() {
    const world = await createWorld()
    const reference = await referenceModel(world, 'sprite-decoder')
    return { ...(await deployToken(world, reference.modelId)), reference }
  }

  it('shows in its metadata what the model drew, as onnxruntime draws it', async () => {
    const { token, owner, stranger, reference } = await loadFixture(deployReal)
    const { tokenId, seed, prompt } = await mint(token, owner)
    const latents = latentsOf(seed)
    const { output, proof } = await reference.prove(latents, null)
    expect(await token.verify(prompt, output, proof)).to.equal(true)
    const added = await token.connect(stranger).addAigcData(tokenId, prompt, output, proof)
    if (!IS_COVERAGE) expect((await added.wait())!.gasUsed).to.be.at.most(430_000)

    const uri = await token.tokenURI(tokenId)
    const [type, encoded] = uri.split(',') as [string, string]
    expect(type).to.equal('data:application/json;base64')
    const metadata = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as Record<string, string>
    expect(metadata['name']).to.equal(`Verified sprites #${toBeHex(tokenId, 32)}`)
    expect([metadata['prompt'], metadata['aigc_data']]).to.deep.equal([prompt, output])
    const [imageType, image] = metadata['image']!.split(',') as [string, string]
    expect(imageType).to.equal('data:image/svg+xml;base64')
    const svg = Buffer.from(image, 'base64').toString('utf8')
    expect(svg).to.equal(await token.svgOf(tokenId))
    expect(await token.tokenURI.estimateGas(tokenId)).to.be.at.most(1_700_000)

    const shown = greysOf(svg)
    expect(shown).to.deep.equal(reference.run(latents))
    const session = await InferenceSession.create(readFileSync(join(modelFolder('sprite-decoder'), 'model.onnx')))
    const input = new Tensor('float32', Float32Array.from(latents, Number), [1, 8])
    const { pixels } = await session.run({ input })
    const floats = Array.from(pixels!.data as Float32Array)
    for (const [i, grey] of shown.entries()) expect(Math.abs(grey - floats[i]!)).to.be.at.most(1.5)
    expect(shown.filter((grey, i) => grey === Math.round(floats[i]!)).length).to.be.at.least(0.9 * PIXELS)
  })
})
