// SPDX-License-Identifier: GPL-3.0-or-later

import '@nomicfoundation/hardhat-ignition-ethers'
import type { Signer } from 'ethers'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import { deploymentId, forgetJournal, initCodeHash, isDevChain, isIntact, recordContract } from './chain'
import { DeploymentChangedError } from './errors'
import { coreModule, verifierModule } from './modules'
import {
  CORE_CONTRACTS,
  readDeployment,
  writeDeployment,
  type ContractRecord,
  type CoreContract,
  type DeploymentRecord,
} from './record'
import { isDevSetup, registerModel, requireSamePublisher } from './register'
import type { ModelRegistration } from './registration'

export type DeployOptions = {
  readonly models: readonly ModelRegistration[]
  /** Where `<chainId>.json` is kept. */
  readonly directory: string
  /** Deploy a registry that accepts one-party setups on any chain. Only for test networks. */
  readonly allowDev?: boolean
  /** Forget an earlier deployment and make a new one. */
  readonly reset?: boolean
  /** Who pays, and whose name models are registered in; the first account unless given. */
  readonly signer?: Signer
}

export type DeployResult = {
  readonly record: DeploymentRecord
  /** Models that were not registered because their setup was by one party and the chain is a public one. */
  readonly skipped: readonly string[]
}

/**
 * Deploys what is missing, registers what is not registered, and writes the record of the chain, after each step, so that
 * a run that fails half way is continued by the next. What is there already is checked against the chain and kept: a
 * second run changes nothing.
 */
export async function deployAll(hre: HardhatRuntimeEnvironment, options: DeployOptions): Promise<DeployResult> {
  const { models, directory, allowDev = false, reset = false } = options
  const chainId = Number((await hre.ethers.provider.getNetwork()).chainId)
  const signer = options.signer ?? (await hre.ethers.provider.getSigner(0))
  const earlier = reset ? undefined : await intactRecord(hre, chainId, await readDeployment(directory, chainId))
  if (earlier === undefined && (reset || isDevChain(chainId))) await forgetJournal(hre, chainId)
  if (earlier !== undefined && earlier.allowDev !== allowDev) {
    throw new DeploymentChangedError(
      `Chain ${chainId} was deployed with allowDev ${earlier.allowDev}; run with the same choice, or with --reset.`,
    )
  }

  const accepted = models.filter((model) => allowDev || isDevChain(chainId) || !isDevSetup(model))
  for (const model of accepted) await requireSamePublisher(model, signer, earlier?.models[model.name])

  const contracts = earlier?.contracts ?? (await deployCore(hre, chainId, allowDev, signer))
  let record: DeploymentRecord = {
    $schema: './schema.json',
    chainId,
    allowDev,
    contracts,
    verifiers: earlier?.verifiers ?? {},
    models: earlier?.models ?? {},
  }
  await writeDeployment(directory, record)
  for (const model of accepted) {
    const name = ownVerifier(model, chainId)
    if (name !== undefined && record.verifiers[name] === undefined) {
      const verifier = await deployVerifier(hre, chainId, name, signer)
      record = { ...record, verifiers: { ...record.verifiers, [name]: verifier } }
    }
    const verifier = name === undefined ? undefined : record.verifiers[name]
    const registered = await registerModel(model, signer, contracts, verifier, record.models[model.name])
    record = { ...record, models: { ...record.models, [model.name]: registered } }
    await writeDeployment(directory, record)
  }
  const skipped = models.filter((model) => !accepted.includes(model)).map((model) => model.name)
  return { record, skipped }
}

/**
 * The generated verifier that serves a model on a chain. For a setup by one party it is generated with a guard that makes
 * it revert on public chains, so there the shared verifier serves the model.
 */
function ownVerifier(model: ModelRegistration, chainId: number): string | undefined {
  return isDevSetup(model) && !isDevChain(chainId) ? undefined : model.verifierContract
}

/** The record, if all of it is still on chain. */
async function intactRecord(
  hre: HardhatRuntimeEnvironment,
  chainId: number,
  record: DeploymentRecord | undefined,
): Promise<DeploymentRecord | undefined> {
  if (record === undefined) return undefined
  for (const name of CORE_CONTRACTS) {
    if (!(await isIntact(hre, chainId, name, record.contracts[name]))) return undefined
  }
  const verifiers: Record<string, ContractRecord> = {}
  for (const [name, verifier] of Object.entries(record.verifiers)) {
    // A regenerated verifier is a new contract for a new model id; the old one stays on chain.
    const current = await initCodeHash(hre, name).catch(() => undefined)
    if (current !== verifier.initCodeHash) continue
    if (await isIntact(hre, chainId, name, verifier)) verifiers[name] = verifier
  }
  return { ...record, verifiers }
}

async function deployCore(
  hre: HardhatRuntimeEnvironment,
  chainId: number,
  allowDev: boolean,
  signer: Signer,
): Promise<Record<CoreContract, ContractRecord>> {
  const deployed = await hre.ignition.deploy(coreModule, {
    deploymentId: deploymentId(chainId),
    defaultSender: await signer.getAddress(),
    parameters: { ZkmlCore: { allowDev } },
  })
  const record = async (name: CoreContract): Promise<ContractRecord> =>
    recordContract(hre, chainId, name, await deployed[name].getAddress())
  return {
    VerifyingKeyStore: await record('VerifyingKeyStore'),
    Groth16Verifier: await record('Groth16Verifier'),
    ModelRegistry: await record('ModelRegistry'),
    InferenceVerifier: await record('InferenceVerifier'),
  }
}

async function deployVerifier(
  hre: HardhatRuntimeEnvironment,
  chainId: number,
  contractName: string,
  signer: Signer,
): Promise<ContractRecord> {
  const module = verifierModule(contractName, await initCodeHash(hre, contractName))
  const { verifier } = await hre.ignition.deploy(module, {
    deploymentId: deploymentId(chainId),
    defaultSender: await signer.getAddress(),
  })
  return recordContract(hre, chainId, contractName, await verifier.getAddress())
}
