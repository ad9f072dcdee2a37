// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, mine } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import {
  AbiCoder,
  concat,
  decodeBase64,
  dataLength,
  id,
  keccak256,
  toBeHex,
  toUtf8String,
  ZeroAddress,
  ZeroHash,
} from 'ethers'
import { ethers } from 'hardhat'
import { decodeProofBlob, encodeProofBlob, inputCommitment, pack, tensorCommitment } from '../../prover/encodings'
import { AigcToken__factory, ReentrantClaimer__factory, type AigcToken } from '../../typechain-types'
import { forge, malleate } from '../support/malleate'
import { CLASSIFIER, createWorld, LOGITS, PIXELS } from '../support/world'

const DELAY = 2
const SALT = id('salt')
const unbound = { requestId: ZeroHash, prover: ZeroAddress }
const words = (values: readonly bigint[]): string => concat(values.map((value) => toBeHex(value, 32)))

/** The prompt of some pixels: the packed words. */
function promptOf(pixels: readonly bigint[]): string {
  const [input] = CLASSIFIER.inputs
  if (input === undefined) throw new Error('no input')
  return words(pack(pixels, input))
}

const PROMPT = promptOf(PIXELS)
const TOKEN = BigInt(keccak256(PROMPT))

async function deploy() {
  const world = await createWorld()
  const modelId = await world.register()
  const token = await new AigcToken__factory(world.deployer).deploy(world.verifier, modelId, DELAY)
  const artist = world.prover
  const s = world.prove({ modelId, caller: artist.address, portable: true })
  return { ...world, modelId, token, artist, s }
}

async function claim(token: AigcToken, by: Awaited<ReturnType<typeof deploy>>['artist'], prompt = PROMPT) {
  await token.connect(by).commitPrompt(await token.promptCommitment(prompt, by, SALT))
  await mine(DELAY - 1)
  return token.connect(by).claimPrompt(prompt, SALT)
}

async function claimed() {
  const world = await deploy()
  await claim(world.token, world.artist)
  return world
}

describe('ERC7007', () => {
  it('has the interface ids of the standards it names', async () => {
    const { token } = await loadFixture(deploy)
    for (const standard of ['0x01ffc9a7', '0x80ac58cd', '0x5b5e139f', '0x702c55a6', '0x49064906']) {
      expect(await token.supportsInterface(standard), standard).to.equal(true)
    }
    expect(await token.supportsInterface('0xffffffff')).to.equal(false)
    const selectors = (['addAigcData', 'verify'] as const).map(
      (name) => token.interface.getFunction(name)?.selector ?? '0x0',
    )
    expect(
      toBeHex(
        selectors.reduce((sum, selector) => sum ^ BigInt(selector), 0n),
        4,
      ),
    ).to.equal('0x702c55a6')
    expect(token.interface.getEvent('AigcData').format('sighash')).to.equal('AigcData(uint256,bytes,bytes,bytes)')
    expect(token.interface.getEvent('AigcData').inputs.map(({ indexed }) => indexed)).to.deep.equal([
      true,
      true,
      true,
      false,
    ])
  })

  describe('claims', () => {
    it('mint the prompt’s token to whoever committed to it, after the delay', async () => {
      const { token, artist } = await loadFixture(deploy)
      const commitment = await token.promptCommitment(PROMPT, artist, SALT)
      const abi = AbiCoder.defaultAbiCoder()
      expect(commitment).to.equal(
        keccak256(
          abi.encode(
            ['bytes32', 'uint256', 'address', 'address', 'bytes32', 'bytes32'],
            [id('zkml.prompt.v1'), 31337, await token.getAddress(), artist.address, keccak256(PROMPT), SALT],
          ),
        ),
      )
      await expect(token.connect(artist).commitPrompt(commitment))
        .to.emit(token, 'PromptCommitted')
        .withArgs(artist.address, commitment)
      const committedAt = await ethers.provider.getBlockNumber()
      await expect(token.connect(artist).claimPrompt(PROMPT, SALT))
        .to.be.revertedWithCustomError(token, 'PromptCommitmentTooYoung')
        .withArgs(committedAt + 1, committedAt + DELAY)
      await expect(token.connect(artist).claimPrompt(PROMPT, SALT))
        .to.emit(token, 'Transfer')
        .withArgs(ZeroAddress, artist.address, TOKEN)
      expect(await token.ownerOf(TOKEN)).to.equal(artist.address)
      expect(await token.tokenIdOf(PROMPT)).to.equal(TOKEN)
    })

    it('cannot be front-run by who sees them', async () => {
      const { token, artist, stranger: thief } = await loadFixture(deploy)
      const commitment = await token.promptCommitment(PROMPT, artist, SALT)
      await token.connect(artist).commitPrompt(commitment)
      // The thief copies the commitment, which names the artist, and, seeing the claim, everything in it.
      await token.connect(thief).commitPrompt(commitment)
      await mine(DELAY)
      await expect(token.connect(thief).claimPrompt(PROMPT, SALT))
        .to.be.revertedWithCustomError(token, 'PromptNotCommitted')
        .withArgs(thief.address, await token.promptCommitment(PROMPT, thief, SALT))
      // Committing on sight is too late by the delay.
      await token.connect(thief).commitPrompt(await token.promptCommitment(PROMPT, thief, SALT))
      await expect(token.connect(thief).claimPrompt(PROMPT, SALT)).to.be.revertedWithCustomError(
        token,
        'PromptCommitmentTooYoung',
      )
      await token.connect(artist).claimPrompt(PROMPT, SALT)
      await mine(DELAY)
      await expect(token.connect(thief).claimPrompt(PROMPT, SALT)).to.be.revertedWithCustomError(
        token,
        'ERC721InvalidSender',
      )
    })

    it('need the very prompt and salt, once; committing again gains nothing', async () => {
      const { token, artist } = await loadFixture(deploy)
      const own = token.connect(artist)
      const commitment = await token.promptCommitment(PROMPT, artist, SALT)
      await own.commitPrompt(commitment)
      await expect(own.commitPrompt(commitment))
        .to.be.revertedWithCustomError(token, 'PromptCommittedAlready')
        .withArgs(artist.address, commitment)
      await mine(DELAY)
      for (const [prompt, salt] of [
        [promptOf(PIXELS.map((v) => v ^ 1n)), SALT],
        [PROMPT, id('other')],
      ] as const) {
        await expect(own.claimPrompt(prompt, salt)).to.be.revertedWithCustomError(token, 'PromptNotCommitted')
      }
      for (const prompt of ['0x', PROMPT.slice(0, -2), PROMPT + '00'.repeat(32)]) {
        await expect(own.claimPrompt(prompt, SALT))
          .to.be.revertedWithCustomError(token, 'WrongPromptLength')
          .withArgs(64, dataLength(prompt))
      }
      await own.claimPrompt(PROMPT, SALT)
      await expect(own.claimPrompt(PROMPT, SALT)).to.be.revertedWithCustomError(token, 'PromptNotCommitted')
    })

    it('a claimer that calls back while it is sent the token gets no second one', async () => {
      const { token, artist, s } = await loadFixture(deploy)
      const claimer = await new ReentrantClaimer__factory(artist).deploy(token)
      const commitment = await token.promptCommitment(PROMPT, claimer, SALT)
      const encode = token.interface
      await claimer.commit(commitment)
      await mine(DELAY)
      await claimer.claim(PROMPT, SALT, encode.encodeFunctionData('claimPrompt', [PROMPT, SALT]))
      expect(await claimer.succeeded()).to.equal(false)
      expect(encode.parseError(await claimer.answer())?.name).to.equal('PromptNotCommitted')
      expect(await token.balanceOf(claimer)).to.equal(1)
      // Adding the content from within is as good as afterwards, and counts once.
      const prompt = promptOf(PIXELS.map((v) => v ^ 1n))
      const commitAgain = await token.promptCommitment(prompt, claimer, SALT)
      await claimer.commit(commitAgain)
      await mine(DELAY)
      const add = encode.encodeFunctionData('addAigcData', [TOKEN, PROMPT, s.output, s.proof])
      await claimer.claim(prompt, SALT, add)
      expect(await claimer.succeeded()).to.equal(true)
      expect(await token.aigcDataOf(TOKEN)).to.equal(s.output)
    })
  })

  describe('content', () => {
    it('is added by anyone who proves it, once', async () => {
      const { token, stranger, s } = await loadFixture(claimed)
      await expect(token.aigcDataOf(TOKEN)).to.be.revertedWithCustomError(token, 'AigcDataMissing').withArgs(TOKEN)
      await expect(token.promptOf(TOKEN)).to.be.revertedWithCustomError(token, 'AigcDataMissing').withArgs(TOKEN)
      const proof = malleate(s.proof)
      await expect(token.connect(stranger).addAigcData(TOKEN, PROMPT, s.output, proof))
        .to.emit(token, 'AigcData')
        .withArgs(TOKEN, PROMPT, s.output, proof)
        .and.to.emit(token, 'MetadataUpdate')
        .withArgs(TOKEN)
      expect(await token.aigcDataOf(TOKEN)).to.equal(s.output)
      expect(await token.promptOf(TOKEN)).to.equal(PROMPT)
      expect(await token.decoded(TOKEN)).to.deep.equal(LOGITS)
      for (const again of [s.proof, proof]) {
        await expect(token.addAigcData(TOKEN, PROMPT, s.output, again))
          .to.be.revertedWithCustomError(token, 'AigcDataAlreadyAdded')
          .withArgs(TOKEN)
      }
    })

    it('is refused for other tokens, prompts and contents, and for bound proofs', async () => {
      const { token, verifier, prove, artist, modelId, s } = await loadFixture(claimed)
      const otherPrompt = promptOf(PIXELS.map((v) => v ^ 1n))
      const other = prove({
        modelId,
        caller: artist.address,
        portable: true,
        inputs: PIXELS.map((v) => v ^ 1n),
        outputs: LOGITS.map((v) => v + 1n),
      })
      await expect(token.addAigcData(TOKEN, otherPrompt, other.output, other.proof))
        .to.be.revertedWithCustomError(token, 'PromptMismatch')
        .withArgs(TOKEN, BigInt(keccak256(otherPrompt)))
      await expect(token.addAigcData(keccak256(otherPrompt), otherPrompt, other.output, other.proof))
        .to.be.revertedWithCustomError(token, 'ERC721NonexistentToken')
        .withArgs(keccak256(otherPrompt))
      const bound = prove({ modelId, caller: await token.getAddress() })
      for (const [output, proof, error] of [
        [other.output, other.proof, 'InputCommitmentMismatch'],
        [other.output, s.proof, 'InvalidProof'],
        [s.output, forge(s.proof), 'InvalidProof'],
        [s.output, bound.proof, 'NotPortable'],
        ['0x', s.proof, 'OutputMismatch'],
        [s.output, encodeProofBlob({ ...decodeProofBlob(bound.proof), ...unbound }), 'InvalidProof'],
      ] as const) {
        await expect(token.addAigcData(TOKEN, PROMPT, output, proof)).to.be.revertedWithCustomError(verifier, error)
        expect(await token.verify(PROMPT, output, proof), error).to.equal(false)
      }
    })

    it('verify is a true check, for prompts nobody claimed too', async () => {
      const { token, s } = await loadFixture(deploy)
      expect(await token.verify(PROMPT, s.output, s.proof)).to.equal(true)
      expect(await token.verify(PROMPT, s.output, malleate(s.proof))).to.equal(true)
      for (const proof of ['0x', s.proof + '00', s.proof.slice(0, -64)]) {
        expect(await token.verify(PROMPT, s.output, proof)).to.equal(false)
      }
      // Cut short, a prompt is none; extended, neither, though the commitment would not notice.
      for (const prompt of ['0x', PROMPT.slice(0, -64), PROMPT + '00'.repeat(32)]) {
        expect(await token.verify(prompt, s.output, s.proof)).to.equal(false)
      }
    })

    it('too little gas never reads as a false verify', async () => {
      const { token, s } = await loadFixture(deploy)
      const data = token.interface.encodeFunctionData('verify', [PROMPT, s.output, s.proof])
      let [starved, valid] = [0, 0]
      for (let gasLimit = 40_000; gasLimit < 560_000; gasLimit += 10_000) {
        const answer = await ethers.provider.call({ to: token, data, gasLimit }).catch(() => undefined)
        if (answer === undefined) starved += 1
        else {
          expect(BigInt(answer), `${gasLimit} gas`).to.equal(1n)
          valid += 1
        }
      }
      expect(starved).to.be.greaterThan(20)
      expect(valid).to.be.greaterThan(3)
    })

    it('stays when the model is deprecated, and nothing new comes', async () => {
      const { token, verifier, registry, publisher, artist, modelId, s, prove } = await loadFixture(claimed)
      await token.addAigcData(TOKEN, PROMPT, s.output, s.proof)
      const prompt = promptOf(PIXELS.map((v) => v ^ 1n))
      await claim(token, artist, prompt)
      await registry.connect(publisher).deprecateModel(modelId)
      const next = prove({ modelId, caller: artist.address, portable: true, inputs: PIXELS.map((v) => v ^ 1n) })
      await expect(token.addAigcData(keccak256(prompt), prompt, next.output, next.proof)).to.be.revertedWithCustomError(
        verifier,
        'VerificationRefused_ModelDeprecated',
      )
      expect(await token.verify(PROMPT, s.output, s.proof)).to.equal(false)
      expect(await token.aigcDataOf(TOKEN)).to.equal(s.output)
    })
  })

  it('shows its metadata, with the image once there is content', async () => {
    const { token, s } = await loadFixture(claimed)
    const read = async () => {
      const uri = await token.tokenURI(TOKEN)
      const [head, body = ''] = uri.split(',')
      expect(head).to.equal('data:application/json;base64')
      return JSON.parse(toUtf8String(decodeBase64(body))) as Record<string, string>
    }
    const bare = { name: `Test "A" #${toBeHex(TOKEN, 32)}`, aigc_type: 'image', proof_type: 'validity' }
    expect(await read()).to.deep.equal(bare)
    await token.addAigcData(TOKEN, PROMPT, s.output, s.proof)
    expect(await read()).to.deep.equal({ ...bare, prompt: PROMPT, aigc_data: s.output, image: `data:,${s.output}` })
    await expect(token.tokenURI(1)).to.be.revertedWithCustomError(token, 'ERC721NonexistentToken').withArgs(1)
  })

  it('takes hashed inputs, whose prompt is a commitment, and refuses private ones', async () => {
    const { deployer, verifier, register, key, token } = await loadFixture(deploy)
    const [pixels] = CLASSIFIER.inputs
    if (pixels === undefined) throw new Error('no input')
    const inputs = [
      { ...pixels, name: 'secret', visibility: 'hashed' as const },
      { ...pixels, name: 'style', shape: [3] },
    ]
    const schema = { ...CLASSIFIER, inputs }
    const modelId = await register({ schema, modelHash: id('hashed') })
    const hashed = await new AigcToken__factory(deployer).deploy(verifier, modelId, 1)
    const secret = tensorCommitment(pack(PIXELS, pixels), 5n, { ...pixels, count: 40 })
    const signals = [secret, 0x030201n]
    const points = key.prove([9n, ...signals, 0n])
    const proof = encodeProofBlob({ points, inputWords: signals, ...unbound })
    await verifier.checkInferencePortable(modelId, inputCommitment(schema, signals), words([9n]), proof)
    expect(await hashed.verify(words(signals), words([9n]), proof)).to.equal(true)
    expect(await hashed.verify(words([secret, 0x030202n]), words([9n]), proof)).to.equal(false)
    const hidden = { ...CLASSIFIER, inputs: [...inputs, { ...pixels, visibility: 'private' as const }] }
    const hiddenId = await register({ schema: hidden, modelHash: id('hidden') })
    await expect(new AigcToken__factory(deployer).deploy(verifier, hiddenId, 1))
      .to.be.revertedWithCustomError(token, 'PromptNotBinding')
      .withArgs(hiddenId, 2)
    await expect(new AigcToken__factory(deployer).deploy(verifier, modelId, 0))
      .to.be.revertedWithCustomError(token, 'BadClaimDelay')
      .withArgs(0)
  })

  it('costs: commit, claim, add, verify', async () => {
    const { token, artist, s } = await loadFixture(deploy)
    const commitment = await token.promptCommitment(PROMPT, artist, SALT)
    const committing = await (await token.connect(artist).commitPrompt(commitment)).wait()
    await mine(DELAY)
    const claiming = await (await token.connect(artist).claimPrompt(PROMPT, SALT)).wait()
    const adding = await (await token.addAigcData(TOKEN, PROMPT, s.output, s.proof)).wait()
    expect(committing?.gasUsed).to.be.lessThan(50_000)
    expect(claiming?.gasUsed).to.be.lessThan(110_000)
    expect(adding?.gasUsed).to.be.lessThan(380_000)
  })
})
