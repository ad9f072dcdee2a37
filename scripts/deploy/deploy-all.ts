// SPDX-License-Identifier: GPL-3.0-or-later

import { keccak256, type Signer } from 'ethers'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import { ModelRegistry__factory } from '../../typechain-types'
import { creationBlock, firstAccount, isDevChain, settled } from './chain'
import { resolveConfig, type ConfigOverrides, type DeploymentConfig } from './config'
import { ensureContract, ensureFactory, hasFactory } from './create2'
import { DeploymentChangedError } from './errors'
import { creationGas, planContract, planSuite, printable, type PlannedContract, type SuitePlan } from './plan'
import {
  readDeployment,
  writeDeployment,
  type ContractRecord,
  type DeploymentRecord,
  type StoredRecord,
} from './record'
import {
  describeModel,
  isDevSetup,
  isRegistered,
  registerModel,
  requireFittingKey,
  requireSamePublisher,
} from './register'
import type { ModelRegistration } from './registration'
import { CORE_CONTRACTS, firstRoutes, type CoreContract } from './suite'

export type DeployOptions = {
  readonly models: readonly ModelRegistration[]
  /** Where `<chainId>.json` is kept, and `config/<chainId>.json` read. */
  readonly directory: string
  /** Settings that replace those of the file. */
  readonly config?: ConfigOverrides
  /** Replace the record of an earlier deployment, made of other sources or settings. */
  readonly reset?: boolean
  /** Who pays, and whose name models are registered in; the first account unless given. */
  readonly signer?: Signer
  /** Told what is being done. */
  readonly log?: (line: string) => void
}

export type DeployResult = {
  readonly record: DeploymentRecord
  /** Every contract of the record, and what it was made of. */
  readonly contracts: readonly PlannedContract[]
  /** Names of the contracts that were created by this run. */
  readonly created: readonly string[]
  /** Models that were not registered because their setup was by one party and the chain is a public one. */
  readonly skipped: readonly string[]
}

export type DeploymentPlan = {
  readonly chainId: number
  readonly account: string
  readonly config: DeploymentConfig
  readonly factory: 'exists' | 'new'
  readonly contracts: readonly {
    readonly name: string
    readonly contract: string
    readonly address: string
    readonly status: 'exists' | 'new'
    readonly constructorArguments: unknown
    /** What creating it would take; 0 if it exists. */
    readonly gas: number
  }[]
  readonly models: readonly {
    readonly name: string
    readonly modelId: string
    readonly status: 'exists' | 'new' | 'refused'
    readonly verifier: string
  }[]
}

/** What a run knows before it sends anything. */
type Prepared = {
  readonly chainId: number
  readonly signer: Signer
  readonly config: DeploymentConfig
  readonly suite: SuitePlan
  readonly earlier: StoredRecord | undefined
  readonly accepted: readonly { readonly model: ModelRegistration; readonly verifier: PlannedContract | undefined }[]
  readonly skipped: readonly ModelRegistration[]
}

/**
 * Deploys what is missing, registers what is not registered, and records the chain. Addresses follow from code and
 * settings alone, so the chain itself says what is done: a run that fails half way is continued by the next, and a second
 * run changes nothing.
 */
export async function deployAll(hre: HardhatRuntimeEnvironment, options: DeployOptions): Promise<DeployResult> {
  const { directory, log = () => undefined } = options
  const { chainId, signer, config, suite, earlier, accepted, skipped } = await prepare(hre, options)
  const created: string[] = []
  const contracts: PlannedContract[] = []
  const ensure = async (contract: PlannedContract, recorded: ContractRecord | undefined): Promise<ContractRecord> => {
    const block = await ensureContract(hre, signer, contract)
    if (block !== undefined) created.push(contract.name)
    contracts.push(contract)
    log(`${contract.name} ${contract.address}${block === undefined ? ' exists' : ''}`)
    return {
      address: contract.address,
      block: block ?? recorded?.block ?? (await creationBlock(hre, contract.address)),
      contract: contract.contract,
      constructorArguments: contract.encodedArguments,
      initCodeHash: contract.initCodeHash,
      codeHash: keccak256(await hre.ethers.provider.getCode(contract.address)),
    }
  }

  await settled(signer)
  await ensureFactory(hre, signer, log)
  const core: Partial<Record<CoreContract, ContractRecord>> = {}
  for (const name of CORE_CONTRACTS) core[name] = await ensure(suite[name], earlier?.contracts[name])
  let record: DeploymentRecord = {
    $schema: './schema.json',
    chainId,
    config,
    contracts: core as Record<CoreContract, ContractRecord>,
    routes: earlier?.routes ?? firstRoutes({ at: (name) => suite[name as CoreContract].address }),
    verifiers: earlier?.verifiers ?? {},
    models: earlier?.models ?? {},
  }
  await writeDeployment(directory, record)

  const targets = {
    registry: record.contracts.ModelRegistry,
    sharedVerifier: record.contracts.Groth16Verifier,
  }
  for (const { model, verifier } of accepted) {
    if (verifier !== undefined) {
      const recorded = record.verifiers[verifier.name]
      // A regenerated verifier is a new contract for a new model id; the old one stays on chain.
      const same = recorded?.initCodeHash === verifier.initCodeHash ? recorded : undefined
      record = { ...record, verifiers: { ...record.verifiers, [verifier.name]: await ensure(verifier, same) } }
    }
    const registered = await registerModel(model, signer, targets, verifier, record.models[model.name])
    log(`model ${model.name} ${registered.modelId}`)
    record = { ...record, models: { ...record.models, [model.name]: registered } }
    await writeDeployment(directory, record)
  }
  return { record, contracts, created, skipped: skipped.map(({ name }) => name) }
}

/** What {@link deployAll} would do with the same options. Sends nothing and writes nothing. */
export async function planDeployment(hre: HardhatRuntimeEnvironment, options: DeployOptions): Promise<DeploymentPlan> {
  const { chainId, signer, config, suite, accepted, skipped } = await prepare(hre, options)
  const { provider } = hre.ethers
  const account = await signer.getAddress()
  const verifiers = accepted.flatMap(({ verifier }) => (verifier === undefined ? [] : [verifier]))
  const contracts = []
  for (const contract of [...CORE_CONTRACTS.map((name) => suite[name]), ...verifiers]) {
    const exists = (await provider.getCode(contract.address)) !== '0x'
    contracts.push({
      name: contract.name,
      contract: contract.contract,
      address: contract.address,
      status: exists ? ('exists' as const) : ('new' as const),
      constructorArguments: printable(contract.constructorArguments),
      gas: exists ? 0 : Number(await creationGas(hre, account, contract)),
    })
  }
  const registry = ModelRegistry__factory.connect(suite.ModelRegistry.address, provider)
  const hasRegistry = (await provider.getCode(suite.ModelRegistry.address)) !== '0x'
  const models = []
  for (const { model, verifier } of [...accepted, ...skipped.map((model) => ({ model, verifier: undefined }))]) {
    const { modelId } = describeModel(model, account, verifier)
    const exists = hasRegistry && (await isRegistered(registry, modelId))
    models.push({
      name: model.name,
      modelId: modelId.toString(),
      status: skipped.includes(model) ? ('refused' as const) : exists ? ('exists' as const) : ('new' as const),
      verifier: (verifier ?? suite.Groth16Verifier).address,
    })
  }
  const factory = (await hasFactory(hre)) ? 'exists' : 'new'
  return { chainId, account, config, factory, contracts, models }
}

/** Works everything out, and refuses what cannot end well while nothing is paid yet. */
async function prepare(hre: HardhatRuntimeEnvironment, options: DeployOptions): Promise<Prepared> {
  const { models, directory, reset = false } = options
  const chainId = Number((await hre.ethers.provider.getNetwork()).chainId)
  const first = await firstAccount(hre)
  const signer = options.signer ?? first
  const config = await resolveConfig(directory, chainId, await first.getAddress(), options.config)
  const suite = await planSuite(hre, config)
  const stored = reset ? undefined : await readDeployment(directory, chainId)
  const earlier = stored !== undefined && (await isIntact(hre, stored, config, suite)) ? stored : undefined

  const accepted = []
  const skipped = []
  for (const model of models) {
    requireFittingKey(model)
    if (isDevSetup(model) && !config.allowDev && !isDevChain(chainId)) {
      skipped.push(model)
      continue
    }
    await requireSamePublisher(model, signer, earlier?.models[model.name])
    const name = ownVerifier(model, chainId)
    accepted.push({ model, verifier: name === undefined ? undefined : await planContract(hre, name, name, []) })
  }
  return { chainId, signer, config, suite, earlier, accepted, skipped }
}

/**
 * The generated verifier that serves a model on a chain. For a setup by one party it is generated with a guard that makes
 * it revert on public chains, so there the shared verifier serves the model.
 */
function ownVerifier(model: ModelRegistration, chainId: number): string | undefined {
  return isDevSetup(model) && !isDevChain(chainId) ? undefined : model.verifierContract
}

/**
 * Whether what is recorded is what would be deployed, and is on chain. No code at all, on a development chain, means that
 * the chain was started anew; anything else that disagrees is an error, because nothing here can repair it.
 */
async function isIntact(
  hre: HardhatRuntimeEnvironment,
  record: StoredRecord,
  config: DeploymentConfig,
  suite: SuitePlan,
): Promise<boolean> {
  const { chainId, contracts, verifiers } = record
  for (const [name, contract] of Object.entries({ ...contracts, ...verifiers })) {
    const code = await hre.ethers.provider.getCode(contract.address)
    if (code === '0x' && isDevChain(chainId)) return false
    if (keccak256(code) !== contract.codeHash) {
      throw new DeploymentChangedError(
        `${name} at ${contract.address} is not the code recorded for chain ${chainId}; check the RPC's chain.`,
      )
    }
  }
  for (const name of CORE_CONTRACTS) {
    const contract = contracts[name]
    if (contract === undefined) continue
    if (contract.address === suite[name].address && contract.initCodeHash === suite[name].initCodeHash) continue
    const settings = JSON.stringify(record.config) === JSON.stringify(config) ? 'sources' : 'settings'
    throw new DeploymentChangedError(
      `${name} on chain ${chainId} was deployed from other ${settings}; use those, or deploy anew with --reset.`,
    )
  }
  return true
}
