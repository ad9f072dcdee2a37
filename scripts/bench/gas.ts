// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import hre from 'hardhat'
import { inferenceCall, loadModel, proveInference } from '../../prover/pipeline'
import { parseSamples } from '../../prover/quantize'
import { buildBundled, buildFolder, compileBundled } from '../bundle'
import { BUNDLED } from '../bundled'
import { atMost, type Figure } from './figures'

/** Transaction gas of `verifyInference` for a real proof, by a generated and by the shared verifier. */
export async function gasFigures(): Promise<Figure[]> {
  await hre.run('compile', { quiet: true })
  const { deployAll } = await import('../deploy/deploy-all')
  const { readRegistrations } = await import('../deploy/registration')
  const { InferenceVerifier__factory } = await import('../../typechain-types')
  const bundled = BUNDLED[0]!
  const folder = buildFolder(bundled.name)
  if (!existsSync(join(folder, 'proving_key.zkey'))) await buildBundled(bundled, await compileBundled(bundled))
  const model = await loadModel(folder)
  const [sample] = parseSamples(readFileSync(bundled.heldOut, 'utf8'), model.graph, bundled.heldOut).samples

  const [signer] = await hre.ethers.getSigners()
  const account = await signer!.getAddress()
  const registrations = await readRegistrations(join(__dirname, '..', '..', 'models'))
  const registration = registrations.find(({ name }) => name === bundled.name)!
  const { verifierContract, ...shared } = registration
  const figures: Figure[] = []
  for (const [label, entry, bar] of [
    [`generated ${verifierContract}`, registration, 265_000],
    ['shared Groth16Verifier', shared, 275_000],
  ] as const) {
    const directory = mkdtempSync(join(tmpdir(), 'zkml-gas-'))
    try {
      const { record } = await deployAll(hre, { models: [entry], directory, reset: true })
      const modelId = BigInt(record.models[bundled.name]!.modelId)
      const context = { chainId: 31337n, caller: account, requestId: `0x${'11'.repeat(32)}`, modelId, prover: account }
      const call = inferenceCall(model.circuit.schema, await proveInference(model, { sample: sample!, context }))
      const verifier = InferenceVerifier__factory.connect(record.contracts.InferenceVerifier.address, signer)
      const receipt = await (
        await verifier.verifyInference(modelId, call.inputCommitment, call.output, call.proof)
      ).wait()
      const words = model.file.publicSignals - 1
      figures.push(atMost(`verifyInference, ${words} words + context, ${label}`, Number(receipt!.gasUsed), bar, 'gas'))
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return figures
}
