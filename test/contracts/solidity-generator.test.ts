// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { check, resolveConfig } from 'prettier'
import {
  generateVerifier,
  MAX_GENERATED_SIGNALS,
  VerifierNameError,
  VerifierTooLargeError,
} from '../../prover/groth16/solidity'
import { vkHash } from '../../prover/groth16/vkey'
import { FIXTURE_DIRECTORY, verifierFixtures } from '../../scripts/generate-fixtures'
import { TrapdoorVerifier__factory } from '../../typechain-types'
import { trapdoorKey } from '../support/trapdoor'

const { vk } = trapdoorKey(2)
const names = { contractName: 'IrisVerifier', modelName: 'iris v1.0' }

describe('Verifier generator', () => {
  it('fixtures are fresh', () => {
    for (const [name, source] of verifierFixtures()) {
      expect(readFileSync(join(FIXTURE_DIRECTORY, name), 'utf8'), 'run scripts/generate-fixtures.ts').to.equal(source)
    }
  })

  it('writes formatted source that names model, key and signals', async () => {
    const filepath = join(FIXTURE_DIRECTORY, 'IrisVerifier.sol')
    const options = { ...(await resolveConfig(filepath)), filepath }
    for (const dev of [true, false]) {
      const source = generateVerifier({ ...names, vk, dev })
      expect(await check(source, options)).to.equal(true)
      expect(source).to.contain('// SPDX-License-Identifier: MIT')
      expect(source).to.contain('"iris v1.0"').and.contain(vkHash(vk)).and.contain('public signals  2')
      expect(source.includes('DevKeyOnPublicChain')).to.equal(dev)
      expect(source).not.to.match(/immutable|delegatecall|constructor/)
    }
  })

  it('refuses names that would leave their place, and keys that do not fit', () => {
    for (const contractName of ['', '1x', 'A B', 'A{}', 'Ж', 'x'.repeat(65)]) {
      expect(() => generateVerifier({ ...names, contractName, vk, dev: true })).to.throw(VerifierNameError)
    }
    for (const modelName of ['', 'a\nb', '*/', 'a"b', 'x'.repeat(65)]) {
      expect(() => generateVerifier({ ...names, modelName, vk, dev: true })).to.throw(VerifierNameError)
    }
    expect(() => generateVerifier({ ...names, vk, dev: true, interfacePath: 'x.sol"; import "y.sol' })).to.throw(
      VerifierNameError,
    )
    const large = { ...vk, ic: Array.from({ length: MAX_GENERATED_SIGNALS + 2 }, () => ({ x: 1n, y: 2n })) }
    expect(() => generateVerifier({ ...names, vk: large, dev: true })).to.throw(VerifierTooLargeError)
  })

  it('compiles to code without metadata, whose hash depends on the source alone', () => {
    expect(TrapdoorVerifier__factory.bytecode).not.to.contain('64736f6c63')
  })
})
