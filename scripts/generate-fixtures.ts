// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateVerifier } from '../prover/groth16/solidity'
import { trapdoorKey } from '../test/support/trapdoor'

export const FIXTURE_DIRECTORY = join(__dirname, '..', 'contracts', 'test', 'fixtures')
export const FIXTURE_SIGNALS = 4
export const FIXTURE_SEED = 1n

/** Source of every generated verifier that the contract tests deploy, by file name. */
export function verifierFixtures(): ReadonlyMap<string, string> {
  const { vk } = trapdoorKey(FIXTURE_SIGNALS, FIXTURE_SEED)
  const interfacePath = '../../interfaces/IProofVerifier.sol'
  const fixture = (contractName: string, dev: boolean): [string, string] => [
    `${contractName}.sol`,
    generateVerifier({ contractName, modelName: 'trapdoor fixture', vk, dev, interfacePath }),
  ]
  return new Map([fixture('TrapdoorVerifier', false), fixture('TrapdoorDevVerifier', true)])
}

if (require.main === module) {
  mkdirSync(FIXTURE_DIRECTORY, { recursive: true })
  for (const [name, source] of verifierFixtures()) writeFileSync(join(FIXTURE_DIRECTORY, name), source)
}
