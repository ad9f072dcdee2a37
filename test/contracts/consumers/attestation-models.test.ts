// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture, time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelFolder } from '../../../scripts/bundled'
import { ScreeningAttestation__factory, type IFileAttestation } from '../../../typechain-types'
import { freshSigners } from '../../support/consumers'
import { referenceModel } from '../../support/consumer-models'
import { IS_COVERAGE } from '../../support/coverage'
import { createWorld } from '../../support/world'
import { DAY, MAX_VALIDITY, deployCredit, sign } from '../../support/attestations'

/** Rows of a model's held-out file. */
function heldOut<T>(name: string): T {
  return JSON.parse(readFileSync(join(modelFolder(name), 'samples.json'), 'utf8')) as T
}

type Attestor = IFileAttestation & {
  getAddress(): Promise<string>
  connect(signer: HardhatEthersSigner): IFileAttestation
}

describe('CreditAttestation with the real model', () => {
  const {
    input_data: files,
    good,
    baseline,
  } = heldOut<{ input_data: number[][]; good: number[]; baseline: number[] }>('credit-default')

  async function deployReal() {
    const world = await createWorld()
    const reference = await referenceModel(world, 'credit-default')
    return { ...(await deployCredit(world, reference.modelId)), reference }
  }

  it('attests applicants in the bands that the integers of the model give', async () => {
    const { credit, reference, subject, other, issuer } = await loadFixture(deployReal)
    const bands = files.map((file) => reference.run(file)[0]!)
    for (const [who, band] of [
      [subject, 4],
      [other, 0],
    ] as const) {
      const file = files[bands.indexOf(band)]!
      const { gas, answer } = await attestFor(
        credit as Attestor,
        reference,
        who,
        issuer,
        file,
        'zkml CreditAttestation',
      )
      expect(await credit.bandOf(who)).to.equal(band)
      expect((await credit.attestationOf(who)).commitment).to.equal(answer.inputCommitment)
      if (!IS_COVERAGE) expect(gas).to.be.at.most(400_000)
    }
    expect(await credit.reaches(subject, 3)).to.equal(true)
    expect(await credit.reaches(other, 3)).to.equal(false)
  })

  it('costs a lender less by its bands than by the baseline, and than lending to all or to nobody, over 400 held-out applicants', async () => {
    const { reference } = await loadFixture(deployReal)
    // The data's own costs: 5 for lending to who defaults, 1 for refusing who pays.
    const cost = (lends: (index: number) => boolean) =>
      good.reduce((sum, pays, i) => sum + (lends(i) ? 5 * (1 - pays) : pays), 0)
    const bands = files.map((file) => reference.run(file)[0]!)
    const all = cost(() => true)
    const nobody = cost(() => false)
    const byBand = cost((i) => bands[i]! >= 3)
    // Logistic regression, asked for the same chance of repayment.
    const byBaseline = cost((i) => baseline[i]! >= 1000 * (5 / 6))
    const rates = [0, 1, 2, 3, 4].map((band) => {
      const members = good.filter((_, i) => bands[i] === band)
      return members.reduce((sum, pays) => sum + pays, 0) / members.length
    })
    console.log(
      `      cost of ${good.length} applicants: all ${all}, nobody ${nobody}, baseline ${byBaseline}, bands 3 and 4 ${byBand}`,
    )
    console.log(`      pay back, by band: ${rates.map((rate) => `${(100 * rate).toFixed(1)}%`).join(', ')}`)
    expect(good.length).to.be.at.least(200)
    expect(byBand).to.be.lessThan(0.9 * Math.min(all, nobody))
    expect(byBand).to.be.lessThan(byBaseline)
    expect([...rates].sort((a, b) => a - b)).to.deep.equal(rates)
  })
})

/** A real proof of a file with a fresh salt, signed by an issuer and handed in. */
async function attestFor(
  contract: Attestor,
  reference: Awaited<ReturnType<typeof referenceModel>>,
  who: HardhatEthersSigner,
  issuer: HardhatEthersSigner,
  file: readonly number[],
  name: string,
) {
  const context = {
    chainId: 31337n,
    caller: await contract.getAddress(),
    requestId: await contract.requestOf(who),
    modelId: reference.modelId,
    prover: who.address,
  }
  const answer = await reference.prove(file, context, BigInt(who.address) ** 3n % 2n ** 250n)
  const expiresAt = BigInt(await time.latest()) + DAY
  const endorsement = {
    issuer: issuer.address,
    commitment: answer.inputCommitment,
    subject: who.address,
    expiresAt,
  }
  const { signature } = await sign(contract, issuer, endorsement, { name })
  const sent = await contract.connect(who).attest(endorsement, signature, answer.output, answer.proof)
  return { answer, gas: (await sent.wait())!.gasUsed }
}

describe('ScreeningAttestation with the real model', () => {
  const { input_data: files, labels } = heldOut<{ input_data: number[][]; labels: number[] }>('tumour-screening')

  async function deployReal() {
    const world = await createWorld()
    const reference = await referenceModel(world, 'tumour-screening')
    const [governor, clinic, subject, other] = (await freshSigners(4)) as [
      HardhatEthersSigner,
      HardhatEthersSigner,
      HardhatEthersSigner,
      HardhatEthersSigner,
    ]
    const factory = new ScreeningAttestation__factory(world.deployer)
    const screening = await factory.deploy(world.routed, reference.modelId, governor, MAX_VALIDITY)
    await screening.connect(governor).setIssuer(clinic, true)
    return { screening, reference, clinic, subject, other }
  }

  it('refers whom the integers of the model refer, and nobody else', async () => {
    const { screening, reference, clinic, subject, other } = await loadFixture(deployReal)
    await expect(screening.resultOf(subject)).to.be.revertedWithCustomError(screening, 'NotAttested')
    const results = files.map((file) => reference.run(file)[0]!)
    for (const [who, result] of [
      [subject, 1],
      [other, 0],
    ] as const) {
      const file = files[results.indexOf(result)]!
      const name = 'zkml ScreeningAttestation'
      const { gas } = await attestFor(screening as Attestor, reference, who, clinic, file, name)
      expect(await screening.resultOf(who)).to.equal(result === 1)
      if (!IS_COVERAGE) expect(gas).to.be.at.most(400_000)
    }
  })

  it('misses no tumour among 228 held-out patients, and spares most of the others a doctor', async () => {
    const { reference } = await loadFixture(deployReal)
    const results = files.map((file) => reference.run(file)[0]!)
    const count = (label: number, result: number) =>
      labels.filter((l, i) => l === label && results[i] === result).length
    const [missed, referred, healthy] = [count(1, 0), count(0, 1), count(0, 0)]
    console.log(`      of ${labels.length}: ${missed} tumours missed, ${referred} healthy referred, ${healthy} not`)
    expect(labels.length).to.be.at.least(200)
    expect(missed).to.equal(0)
    expect(healthy / (healthy + referred)).to.be.at.least(0.75)
  })
})
