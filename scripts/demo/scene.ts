// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import hre from 'hardhat'
import type { InferenceVerifier } from '../../typechain-types'
import type { ProofContext } from '../../prover/encodings'
import { selectBackend, type ProverBackend } from '../../prover/groth16'
import { loadModel, type LoadedModel } from '../../prover/pipeline'
import { buildBundled, buildFolder, compileBundled, registrationOf } from '../bundle'
import { BUNDLED, modelFolder, type BundledModel } from '../bundled'
import { heading, note, stage } from './show'

/** What a use case finds when its story begins: its model built and registered on a chain in this process. */
export type Scene = {
  readonly bundled: BundledModel
  readonly model: LoadedModel
  readonly modelId: bigint
  readonly verifier: InferenceVerifier
  readonly backend: ProverBackend
  /** Accounts that have done nothing yet; the first one deploys. */
  readonly accounts: readonly HardhatEthersSigner[]
  /** The context of a proof for a contract's request. */
  contextFor(caller: string, requestId: string, prover: HardhatEthersSigner): ProofContext
}

/** What a story measured on the way. */
export type StoryFigures = {
  /** Of the call that has the effect. */
  readonly gas: bigint
  /** Witness and proof of one inference, with the key loaded. */
  readonly proveMilliseconds: number
  readonly fidelity: Fidelity
  readonly merit: Merit
}

/** What integers cost against floats, on held-out samples. */
export type Fidelity =
  /** Share of them that are right, by floats and as proved. */
  | { readonly kind: 'classes'; readonly float: number; readonly proved: number }
  /** Mean of |proved − float|, as a share of the range that the floats span. */
  | { readonly kind: 'values'; readonly meanError: number }

/** The model, as proved, beside what it has to beat, by one measure on held-out samples. */
export type Merit = {
  /** With its unit: "mean absolute error, bps". */
  readonly measure: string
  readonly baselineName: string
  readonly better: 'higher' | 'lower'
  readonly model: number
  readonly baseline: number
}

/** A use case, told from chain state to effect. */
export type Story = {
  /** That of its model. */
  readonly name: string
  readonly contract: string
  readonly summary: string
  /** Longest that one proof may take with the native backend; 2 unless said. */
  readonly mostSeconds?: number
  tell(scene: Scene): Promise<StoryFigures>
}

/** Builds the model of a story, deploys, registers and tells it. */
export async function tellStory(story: Story): Promise<StoryFigures & { readonly constraints: number }> {
  const bundled = BUNDLED.find(({ name }) => name === story.name)!
  const backend = selectBackend(undefined, { keepThreads: true })
  try {
    heading(`${story.name} → ${story.contract}: ${story.summary}`)
    const model = await buildModel(bundled)
    const scene = { bundled, model, backend, ...(await deploy(story.name)) }
    return { ...(await story.tell(scene)), constraints: model.file.constraints }
  } finally {
    await backend.close()
  }
}

async function buildModel(bundled: BundledModel): Promise<LoadedModel> {
  const { result: compiled } = await stage('compile ONNX + recipe to a circuit', () => compileBundled(bundled))
  note(`${compiled.circuit.r1cs.nConstraints.toLocaleString('en-US')} constraints`)
  const { result: key } = await stage('dev setup from a public seed', () => buildBundled(bundled, compiled))
  const committed: unknown = JSON.parse(readFileSync(join(modelFolder(bundled.name), 'registration.json'), 'utf8'))
  if (JSON.stringify(committed) !== JSON.stringify(registrationOf(bundled, compiled, key)))
    throw new Error(`${bundled.name}: the committed registration is stale; run "npm run bundle"`)
  return loadModel(buildFolder(bundled.name))
}

async function deploy(name: string): Promise<Omit<Scene, 'bundled' | 'model' | 'backend'>> {
  await stage('compile the contracts', () => hre.run('compile', { quiet: true }))
  // Their types are there once the contracts are compiled.
  const { deployAll } = await import('../deploy/deploy-all')
  const { readRegistrations } = await import('../deploy/registration')
  const { InferenceVerifier__factory } = await import('../../typechain-types')
  const directory = mkdtempSync(join(tmpdir(), 'zkml-demo-'))
  try {
    const models = (await readRegistrations(join(__dirname, '..', '..', 'models'))).filter((one) => one.name === name)
    const { result } = await stage('deploy the core and register the model', () =>
      deployAll(hre, { models, directory, reset: true }),
    )
    const accounts = await hre.ethers.getSigners()
    const { contracts, models: registered, chainId } = result.record
    const modelId = BigInt(registered[name]!.modelId)
    return {
      modelId,
      accounts,
      verifier: InferenceVerifier__factory.connect(contracts.RoutedInferenceVerifier.address, accounts[0]),
      contextFor: (caller, requestId, prover) => ({
        chainId: BigInt(chainId),
        caller,
        requestId,
        modelId,
        prover: prover.address,
      }),
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
