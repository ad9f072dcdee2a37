// SPDX-License-Identifier: GPL-3.0-or-later

import hre from 'hardhat'
import { atMost, type Figure } from './figures'

/** EIP-170. */
const MAX_CODE_BYTES = 24_576
/** The figures that are promised: case of test/gas, proofs in it, gas a proof. */
const BARS = [
  ['InferenceVerifier.verifyInference, 3 words, generated', 1, 265_000],
  ['InferenceVerifier.verifyInference, 3 words, shared', 1, 275_000],
  ['InferenceVerifier.verifyInferenceBatch, 3 words, 16 proofs', 16, 80_000],
  ['InferenceVerifier.verifyInferenceBatch, 3 words, 64 proofs', 64, 68_000],
  ['ModelRegistry.publishModel, 4 signals, all new', 1, 700_000],
  ['InferenceCoordinator.fulfill, 3 words, callback, routed', 1, 360_000],
] as const

/** Gas of the calls that have a bar, and the largest contract. Proofs come from a key whose logarithms are known. */
export async function contractFigures(): Promise<Figure[]> {
  await hre.run('compile', { quiet: true })
  const { measureGas } = await import('../../test/gas/measure')
  const measured = await measureGas()
  const figures = BARS.map(([name, proofs, bar]) => {
    const gas = measured[name]
    if (gas === undefined) throw new Error(`test/gas has no case "${name}".`)
    return atMost(proofs === 1 ? name : `${name}, each`, Math.round(gas / proofs), bar, 'gas')
  })
  const sizes: [name: string, bytes: number][] = []
  for (const name of await hre.artifacts.getAllFullyQualifiedNames()) {
    if (!name.startsWith('contracts/') || name.startsWith('contracts/test/')) continue
    const { contractName, deployedBytecode } = await hre.artifacts.readArtifact(name)
    sizes.push([contractName, (deployedBytecode.length - 2) / 2])
  }
  const [largest, bytes] = sizes.reduce((a, b) => (b[1] > a[1] ? b : a))
  return [...figures, atMost(`code of the largest contract, ${largest}`, bytes, MAX_CODE_BYTES, 'bytes')]
}
