// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id, keccak256, toBeHex, TypedDataEncoder, ZeroAddress, ZeroHash } from 'ethers'
import { tensorCommitment, pack } from '../../../prover/encodings'
import { ScreeningAttestation__factory, Wallet1271__factory } from '../../../typechain-types'
import { trapdoorModel } from '../../support/consumer-models'
import { forge, malleate } from '../../support/malleate'
import {
  DAY,
  MAX_VALIDITY,
  BEST,
  SALT,
  coder,
  blob,
  BLOB,
  FILE,
  ENDORSEMENT,
  deploy,
  sign,
  caseOf,
  send,
} from '../../support/attestations'

describe('FileAttestation, on which both attestations stand', () => {
  it('is refused with a model or a validity that does not fit', async () => {
    const { factory, credit, routed, modelId, governor, register, ...world } = await loadFixture(deploy)
    const score = await trapdoorModel({ register, ...world } as never, 'reputation-score')
    const screening = await trapdoorModel({ register, ...world } as never, 'tumour-screening')
    for (const wrong of [await register(), score.modelId, screening.modelId]) {
      await expect(factory.deploy(routed, wrong, governor, MAX_VALIDITY))
        .to.be.revertedWithCustomError(credit, 'NotAnAttestationModel')
        .withArgs(wrong)
    }
    const screenings = new ScreeningAttestation__factory(governor)
    await expect(screenings.deploy(routed, modelId, governor, MAX_VALIDITY))
      .to.be.revertedWithCustomError(credit, 'NotAnAttestationModel')
      .withArgs(modelId)
    for (const validity of [0n, 2n ** 32n]) {
      await expect(factory.deploy(routed, modelId, governor, validity))
        .to.be.revertedWithCustomError(credit, 'BadValidity')
        .withArgs(validity)
    }
  })

  it('attests a band that others can ask for, and shows nothing of the file but its commitment', async () => {
    const scene = await loadFixture(deploy)
    const { credit, issuer, subject, other, model } = scene
    await expect(credit.bandOf(subject)).to.be.revertedWithCustomError(credit, 'NotAttested').withArgs(subject.address)
    const one = await caseOf(scene, 3n)
    const spec = model.schema.inputs[0]!
    const words = pack(FILE, spec)
    const commitment = tensorCommitment(words, SALT, { lo: spec.lo, bits: spec.bits, count: FILE.length })
    expect(one.endorsement.commitment).to.equal(toBeHex(commitment, 32))
    const sent = await send(scene, one)
    await expect(sent)
      .to.emit(credit, 'Attested')
      .withArgs(subject.address, issuer.address, one.endorsement.commitment, 3, one.endorsement.expiresAt)
    for (const word of words) expect(sent.data).to.not.include(toBeHex(word, 32).slice(2))
    expect(await credit.bandOf(subject)).to.equal(3)
    expect([await credit.isAttested(subject), await credit.isAttested(other)]).to.deep.equal([true, false])
    const reached = await Promise.all([0, 3, 4].map((least) => credit.reaches(subject, least)))
    expect(reached).to.deep.equal([true, true, false])
    expect(await credit.reaches(other, 0)).to.equal(false)
    const { expiresAt } = one.endorsement
    expect(await credit.attestationOf(subject)).to.deep.equal([issuer.address, expiresAt, 3n, toBeHex(commitment, 32)])
    expect((await credit.attestationOf(other)).commitment).to.equal(ZeroHash)
  })

  it('signs what wallets sign as typed data, and asks for a request of subject and nonce', async () => {
    const scene = await loadFixture(deploy)
    const { credit, issuer, subject } = scene
    const { endorsement } = await caseOf(scene, 3n)
    const { domain } = await sign(credit, issuer, endorsement)
    expect(await credit.digestOf(endorsement)).to.equal(TypedDataEncoder.hash(domain, ENDORSEMENT, endorsement))
    const requestOf = (nonce: number) =>
      keccak256(
        coder.encode(['bytes32', 'address', 'uint256'], [id('zkml.attestation.request.v1'), subject.address, nonce]),
      )
    expect(await credit.requestOf(subject)).to.equal(requestOf(0))
    await send(scene, await caseOf(scene, 3n))
    expect(await credit.requestOf(subject)).to.equal(requestOf(1))
  })

  it('lets a newer attestation replace an older one, for better or worse', async () => {
    const scene = await loadFixture(deploy)
    for (const band of [4n, 0n, 2n]) {
      await send(scene, await caseOf(scene, band))
      expect(await scene.credit.bandOf(scene.subject)).to.equal(band)
    }
  })

  it('takes a proof once, however it is written', async () => {
    const scene = await loadFixture(deploy)
    const one = await caseOf(scene, 4n)
    const again = await caseOf(scene, 4n, { randomness: 99n })
    const twin = { ...one, proof: malleate(one.proof) }
    const requestId = await scene.credit.requestOf(scene.subject)
    await send(scene, twin)
    const next = await scene.credit.requestOf(scene.subject)
    for (const repeated of [one, twin, again]) {
      await expect(send(scene, repeated)).to.be.revertedWithCustomError(blob, 'WrongRequest').withArgs(next, requestId)
    }
  })

  it('is sent by the subject and by nobody else', async () => {
    const scene = await loadFixture(deploy)
    const { credit, subject, other, issuer, governor } = scene
    const one = await caseOf(scene, 4n)
    for (const sender of [other, issuer, governor]) {
      await expect(send(scene, one, sender))
        .to.be.revertedWithCustomError(credit, 'NotTheSubject')
        .withArgs(sender.address, subject.address)
    }
    // The file of somebody else, or the proof of somebody else, is worth nothing with one's own name on it.
    const renamed = { ...one, endorsement: { ...one.endorsement, subject: other.address } }
    await expect(send(scene, renamed, other)).to.be.revertedWithCustomError(blob, 'WrongRequest')
    const theirs = await caseOf(scene, 4n, { by: other, salt: 5n })
    await expect(
      send(scene, { ...theirs, endorsement: one.endorsement, signature: one.signature }),
    ).to.be.revertedWithCustomError(blob, 'WrongRequest')
    const stolen = await caseOf(scene, 4n, { by: other })
    await expect(send(scene, { ...stolen, signature: one.signature }, other)).to.be.revertedWithCustomError(
      credit,
      'BadSignature',
    )
    await send(scene, one)
  })

  it('takes no proof that is wrong, of another file, or made for anything else', async () => {
    const scene = await loadFixture(deploy)
    const { credit, routed, factory, modelId, governor, model, other, subject } = scene
    const good = await caseOf(scene, 4n)
    await expect(send(scene, { ...good, proof: forge(good.proof) })).to.be.reverted
    await expect(send(scene, { ...good, output: (await caseOf(scene, 3n)).output })).to.be.reverted
    const richer = await caseOf(scene, 4n, { file: FILE.map((value) => value + 1n) })
    await expect(send(scene, { ...good, output: richer.output, proof: richer.proof })).to.be.reverted
    const second = await (await factory.deploy(routed, modelId, governor, MAX_VALIDITY)).getAddress()
    for (const changes of [{ chainId: 1n }, { caller: second }, { caller: subject.address }, { modelId: 7n }]) {
      const foreign = await caseOf(scene, 4n, changes)
      await expect(send(scene, foreign)).to.be.revertedWithCustomError(routed, 'InvalidProof')
    }
    const elsewhere = await caseOf(scene, 4n, { requestId: await credit.requestOf(other) })
    await expect(send(scene, elsewhere)).to.be.revertedWithCustomError(blob, 'WrongRequest')
    const portable = model.prove(FILE, [4n], null, undefined, SALT)
    const unnamed = { ...good, output: portable.output, proof: portable.proof }
    await expect(send(scene, unnamed)).to.be.revertedWithCustomError(blob, 'WrongRequest')
    const [points, words] = coder.decode(BLOB, portable.proof)
    const dressed = coder.encode(BLOB, [points, words, await credit.requestOf(subject), subject.address])
    await expect(send(scene, { ...unnamed, proof: dressed })).to.be.revertedWithCustomError(routed, 'InvalidProof')
    const strange = await caseOf(scene, BEST + 1n)
    await expect(send(scene, strange)).to.be.revertedWithCustomError(credit, 'UnknownValue').withArgs(5)
    expect(await credit.isAttested(subject)).to.equal(false)
    await send(scene, good)
  })

  it('takes no signature that is forged, of another, or over anything else', async () => {
    const scene = await loadFixture(deploy)
    const { credit, issuer, other, factory, routed, modelId, governor } = scene
    const good = await caseOf(scene, 4n)
    const second = await factory.deploy(routed, modelId, governor, MAX_VALIDITY)
    const { endorsement } = good
    const wrong = [
      (await sign(credit, other, endorsement)).signature,
      (await sign(second, issuer, endorsement)).signature,
      (await sign(credit, issuer, endorsement, { chainId: 1n })).signature,
      (await sign(credit, issuer, endorsement, { name: 'zkml ScreeningAttestation' })).signature,
      (await sign(credit, issuer, { ...endorsement, subject: other.address })).signature,
      (await sign(credit, issuer, { ...endorsement, commitment: id('another') })).signature,
      (await sign(credit, issuer, { ...endorsement, expiresAt: BigInt(endorsement.expiresAt) - 1n })).signature,
      `${good.signature.slice(0, -2)}00`,
      '0x',
    ]
    for (const signature of wrong) {
      await expect(send(scene, { ...good, signature }))
        .to.be.revertedWithCustomError(credit, 'BadSignature')
        .withArgs(issuer.address, await credit.digestOf(endorsement))
    }
    const self = { ...endorsement, issuer: other.address }
    const { signature } = await sign(credit, other, self)
    await expect(send(scene, { ...good, endorsement: self, signature }))
      .to.be.revertedWithCustomError(credit, 'NotAnIssuer')
      .withArgs(other.address)
  })

  it('accepts a contract as issuer that says so by EIP-1271', async () => {
    const scene = await loadFixture(deploy)
    const { credit, governor, issuer, other, subject, deployer } = scene
    const wallet = await (await new Wallet1271__factory(deployer).deploy(other.address)).getAddress()
    await credit.connect(governor).setIssuer(wallet, true)
    const one = await caseOf(scene, 4n, { endorsement: { issuer: wallet } })
    await expect(send(scene, one)).to.be.revertedWithCustomError(credit, 'BadSignature')
    const { signature } = await sign(credit, other, one.endorsement)
    // What a signer signs for one of its wallets is not what it signs for itself, or for another one.
    const twin = await (await new Wallet1271__factory(deployer).deploy(other.address)).getAddress()
    await credit.connect(governor).setIssuer(twin, true)
    const swapped = { ...one, endorsement: { ...one.endorsement, issuer: twin }, signature }
    await expect(send(scene, swapped)).to.be.revertedWithCustomError(credit, 'BadSignature')
    await send(scene, { ...one, signature })
    expect((await credit.attestationOf(subject)).issuer).to.equal(wallet)
    expect(wallet).to.not.equal(issuer.address)
  })

  it('holds to the last second of the endorsement, and no endorsement holds for too long', async () => {
    const scene = await loadFixture(deploy)
    const { credit, subject } = scene
    const now = BigInt(await time.latest())
    const one = await caseOf(scene, 4n, { endorsement: { expiresAt: now + DAY } })
    const late = await caseOf(scene, 4n, { endorsement: { expiresAt: now + DAY } })
    await send(scene, one)
    await time.increaseTo(now + DAY)
    expect(await credit.isAttested(subject)).to.equal(true)
    await time.increaseTo(now + DAY + 1n)
    expect(await credit.isAttested(subject)).to.equal(false)
    await expect(credit.bandOf(subject)).to.be.revertedWithCustomError(credit, 'NotAttested')
    await expect(send(scene, late))
      .to.be.revertedWithCustomError(credit, 'EndorsementExpired')
      .withArgs(now + DAY)
    const sentAt = BigInt(await time.latest()) + 10n
    const latest = sentAt + MAX_VALIDITY
    const long = await caseOf(scene, 4n, { endorsement: { expiresAt: latest + 1n } })
    await time.setNextBlockTimestamp(sentAt)
    await expect(send(scene, long))
      .to.be.revertedWithCustomError(credit, 'EndorsementTooLong')
      .withArgs(latest + 1n, latest)
  })

  it('ends when the issuer revokes the file, and never begins again', async () => {
    const scene = await loadFixture(deploy)
    const { credit, issuer, subject, other } = scene
    const one = await caseOf(scene, 4n)
    const { commitment } = one.endorsement
    await send(scene, one)
    // Others can only revoke what they signed themselves.
    await credit.connect(other).revokeFile(commitment)
    await credit.connect(other).withdrawFile(commitment)
    expect(await credit.isAttested(subject)).to.equal(true)
    await expect(credit.connect(issuer).revokeFile(commitment))
      .to.emit(credit, 'FileRevoked')
      .withArgs(issuer.address, commitment)
    expect(await credit.isAttested(subject)).to.equal(false)
    await expect(send(scene, await caseOf(scene, 4n)))
      .to.be.revertedWithCustomError(credit, 'RevokedFile')
      .withArgs(issuer.address, commitment)
    await send(scene, await caseOf(scene, 2n, { salt: 77n }))
    expect(await credit.bandOf(subject)).to.equal(2)
  })

  it('ends when the subject withdraws the file, and never begins again', async () => {
    const scene = await loadFixture(deploy)
    const { credit, subject } = scene
    const first = await caseOf(scene, 4n)
    await send(scene, first)
    await expect(credit.connect(subject).withdrawFile(first.endorsement.commitment))
      .to.emit(credit, 'FileWithdrawn')
      .withArgs(subject.address, first.endorsement.commitment)
    expect(await credit.isAttested(subject)).to.equal(false)
    expect((await credit.attestationOf(subject)).commitment).to.equal(ZeroHash)
    await expect(send(scene, await caseOf(scene, 4n)))
      .to.be.revertedWithCustomError(credit, 'WithdrawnFile')
      .withArgs(subject.address, first.endorsement.commitment)
    await send(scene, await caseOf(scene, 2n, { salt: 77n }))
    // Withdrawing what is not shown changes nothing of what is.
    await credit.connect(subject).withdrawFile(id('some older file'))
    expect(await credit.bandOf(subject)).to.equal(2)
  })

  it('has issuers that the governor names, and ends with them', async () => {
    const scene = await loadFixture(deploy)
    const { credit, governor, issuer, subject, other, deployer } = scene
    for (const sender of [deployer, issuer, other]) {
      await expect(credit.connect(sender).setIssuer(other, true))
        .to.be.revertedWithCustomError(credit, 'OwnableUnauthorizedAccount')
        .withArgs(sender.address)
    }
    await expect(credit.connect(governor).setIssuer(ZeroAddress, true)).to.be.revertedWithCustomError(
      credit,
      'BadIssuer',
    )
    await send(scene, await caseOf(scene, 4n))
    const next = await caseOf(scene, 4n)
    await expect(credit.connect(governor).setIssuer(issuer, false))
      .to.emit(credit, 'IssuerSet')
      .withArgs(issuer.address, false)
    expect(await credit.isAttested(subject)).to.equal(false)
    await expect(send(scene, next)).to.be.revertedWithCustomError(credit, 'NotAnIssuer').withArgs(issuer.address)
    await credit.connect(governor).transferOwnership(other)
    expect(await credit.owner()).to.equal(governor.address)
    await credit.connect(other).acceptOwnership()
    await expect(credit.connect(other).setIssuer(issuer, true)).to.be.revertedWithCustomError(credit, 'BadIssuer')
    expect(await credit.isAttested(subject)).to.equal(false)
  })

  it('ends with its model: deprecated, it gives no more results; stopped, nobody is attested', async () => {
    const scene = await loadFixture(deploy)
    const { credit, subject, routed, registry, publisher, modelId, stop, guardian } = scene
    await send(scene, await caseOf(scene, 4n))
    const late = await caseOf(scene, 4n)
    await registry.connect(publisher).deprecateModel(modelId)
    await expect(send(scene, late)).to.be.revertedWithCustomError(routed, 'VerificationRefused_ModelDeprecated')
    expect(await credit.isAttested(subject)).to.equal(true)
    await stop.connect(guardian).stop()
    expect(await credit.isAttested(subject)).to.equal(false)
    await expect(credit.bandOf(subject)).to.be.revertedWithCustomError(credit, 'NotAttested')
  })
})
