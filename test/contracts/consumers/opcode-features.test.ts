// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { concat, hexlify } from 'ethers'
import { artifacts, ethers } from 'hardhat'
import {
  countOpcodes,
  FEATURE_NAMES,
  featuresOf,
  logCode,
  metadataLength,
} from '../../../scripts/contract-risk/features'
import { OpcodeFeaturesHarness__factory } from '../../../typechain-types'
import { IS_COVERAGE, itUninstrumented } from '../../support/coverage'
import { randomNumbers } from '../../support/consumers'

async function deploy() {
  const [deployer] = (await ethers.getSigners()) as [HardhatEthersSigner]
  return { harness: await new OpcodeFeaturesHarness__factory(deployer).deploy() }
}

/** Opcodes that features are about, and PUSH of few bytes. */
const TELLING = [
  ...[0x01, 0x03, 0x06, 0x10, 0x11, 0x14, 0x15, 0x20, 0x31, 0x32, 0x33, 0x3d, 0x40, 0x41, 0x42, 0x45, 0x46, 0x50],
  ...[0x54, 0x55, 0x57, 0x5b, 0x60, 0x61, 0x63, 0xa0, 0xa2, 0xa4, 0xf1, 0xf2, 0xf4, 0xfa, 0xfd, 0xfe, 0xff],
]

/** Metadata as solc 0.8 writes it. */
const METADATA = `0xa264697066735822${'1220'}${'ab'.repeat(32)}64736f6c63430008130033`

describe('OpcodeFeatures, on chain as off chain', () => {
  const same = async (codes: readonly string[]) => {
    const { harness } = await loadFixture(deploy)
    for (const code of codes) {
      const [features, runsForeignCode] = await harness.read(code)
      expect(features.map(Number), code.slice(0, 200)).to.deep.equal(featuresOf(code))
      const { histogram } = countOpcodes(ethers.getBytes(code))
      expect(runsForeignCode).to.equal(histogram[0xf4]! + histogram[0xf2]! > 0)
    }
  }

  it('of random bytes, and of code that is nothing but what counts', async () => {
    const random = randomNumbers(3)
    const codes: string[] = []
    for (let i = 0; i < 60; i++) {
      const telling = i % 3 !== 0
      const bytes = Array.from({ length: random(i < 50 ? 120 : 800) }, () =>
        telling ? TELLING[random(TELLING.length)]! : random(256),
      )
      codes.push(hexlify(Uint8Array.from(bytes)))
    }
    await same(codes)
  })

  it('of the contracts of this project, with metadata and without', async () => {
    const names = ['ReputationGate', 'ContractRiskAttestor']
    const codes = await Promise.all(names.map(async (name) => (await artifacts.readArtifact(name)).deployedBytecode))
    await same([...codes, ...codes.map((code) => concat([code, '0xfe', METADATA]))])
  })

  it('of panics in pushes that end with the code, before and beyond', async () => {
    const panic = '634e487b71'
    await same([`0x${panic}`, `0x${panic}00`, `0x${panic.slice(0, 8)}`, `0x${panic}`.repeat(3).replace(/(?!^)0x/g, '')])
    const count = (code: string) => countOpcodes(ethers.getBytes(code)).counts.at(-1)
    expect([`0x${panic}`, `0x60${panic}`, `0x${panic.slice(0, 8)}`].map(count)).to.deep.equal([1, 0, 0])
  })

  it('pass over metadata only where nothing can reach it', async () => {
    const code = '0x6001600255'
    const cases: readonly (readonly [string, boolean])[] = [
      [concat([code, '0xfe', METADATA]), true],
      // What falls through, or takes its beginning for data, runs it.
      [concat([code, METADATA]), false],
      [concat([code, '0x60fe', METADATA]), false],
      [concat([code, '0x61fe', METADATA]), false],
      [concat([code, '0x7ffe', METADATA]), false],
      // A jump may lead to where a JUMPDEST is.
      [concat([code, '0xfe', METADATA.replace('abab', 'ab5b')]), false],
      // Too long to be it, and of another form.
      [concat([code, '0xfe', `0xa2${'11'.repeat(70)}0047`]), false],
      [concat([code, '0xfe', METADATA.replace('0xa2', '0xa4')]), false],
      [METADATA, false],
    ]
    await same(cases.map(([each]) => each))
    const inCode = '0x60016002555bf4'
    const withAndWithout = [concat([inCode, '0xfe']), concat([inCode, '0xfe', METADATA])]
    expect(featuresOf(withAndWithout[0]!)).to.deep.equal(featuresOf(withAndWithout[1]!))
    for (const [each, passed] of cases) {
      const bytes = ethers.getBytes(each)
      const walked = countOpcodes(bytes).counts[0]!
      const plain = countOpcodes(bytes.subarray(0, bytes.length - metadataLength(bytes))).counts[0]!
      expect(walked === plain && metadataLength(bytes) > 0, each).to.equal(passed)
    }
    // Nothing that runs foreign code hides there.
    const { harness } = await loadFixture(deploy)
    for (const hidden of [
      concat([code, METADATA.replace('abab', 'abf4')]),
      concat([code, '0xfe', METADATA.replace('abab', '5bf4')]),
    ])
      expect((await harness.read(hidden))[1], hidden).to.equal(true)
  })

  it('are logarithms in sixteenths', async () => {
    expect([0, 1, 2, 3, 7, 24_576].map(logCode)).to.deep.equal([0, 16, 24, 32, 48, 232])
    const { harness } = await loadFixture(deploy)
    expect(FEATURE_NAMES.length).to.equal((await harness.read('0x00'))[0].length)
    const many = `0x${'01'.repeat(24_576)}`
    expect((await harness.read(many))[0].slice(0, 2)).to.deep.equal([232n, 232n])
  })

  itUninstrumented('take gas that grows with the code, and is bounded with it', async () => {
    const { harness } = await loadFixture(deploy)
    const cost = async (code: string) => Number(await harness.gasOf(code))
    const biggest = (await artifacts.readArtifact('InferenceCoordinator')).deployedBytecode
    const repeated = `0x${biggest
      .slice(2)
      .repeat(4)
      .slice(0, 2 * 24_576)}`
    const usual = await cost(repeated)
    // The dearest that code can be: each instruction is compared with four or five earlier ones.
    const bytes = 6_000
    const worst =
      Math.max(...(await Promise.all(['55', '57', 'f1'].map((op) => cost(`0x${op.repeat(bytes)}`))))) / bytes
    console.log(`      24,576 bytes as compiled: ${usual} gas; at worst ${worst.toFixed(0)} gas a byte`)
    if (IS_COVERAGE) return
    expect(usual).to.be.at.most(6_000_000)
    expect(worst).to.be.at.most(720)
  })
})
