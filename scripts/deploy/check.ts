// SPDX-License-Identifier: GPL-3.0-or-later

import { Contract, Interface, keccak256, ZeroHash } from 'ethers'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import { PROOF_SYSTEM_GROTH16 } from '../../prover/encodings'
import { ModelRegistry__factory, TimelockController__factory, VerifierRouter__factory } from '../../typechain-types'
import { create2Address } from './create2'
import { DeploymentFileError } from './errors'
import { printable } from './plan'
import { deploymentFile, readDeployment, type ContractRecord, type ModelRecord, type StoredRecord } from './record'
import { SUITE, type ContractSpec } from './suite'

/** One thing that the file and the chain do not agree on. */
export type Difference = { readonly what: string; readonly recorded: unknown; readonly found: unknown }

/**
 * Compares the record of a chain with the chain: code, the addresses that follow from it, what constructors were given, who
 * holds which role, routes, and the models.
 */
export async function checkDeployment(hre: HardhatRuntimeEnvironment, directory: string): Promise<Difference[]> {
  const chainId = Number((await hre.ethers.provider.getNetwork()).chainId)
  const record = await readDeployment(directory, chainId)
  if (record === undefined) {
    throw new DeploymentFileError(
      `There is no ${deploymentFile(directory, chainId)}; deploy first, or name the network.`,
    )
  }
  const differences: Difference[] = []
  const compare = async (what: string, recorded: unknown, read: () => Promise<unknown>): Promise<void> => {
    const found = await read().catch((error: unknown) => `nothing: ${error instanceof Error ? error.message : error}`)
    if (comparable(recorded) !== comparable(found)) {
      differences.push({ what, recorded: printable(recorded), found: printable(found) })
    }
  }

  for (const [name, contract] of Object.entries({ ...record.contracts, ...record.verifiers })) {
    await checkCode(hre, name, contract, compare)
  }
  const at = (name: string): string =>
    (record.contracts as Readonly<Record<string, ContractRecord>>)[name]?.address ?? `no ${name}`
  for (const spec of SUITE as readonly ContractSpec[]) {
    if ((record.contracts as Readonly<Record<string, unknown>>)[spec.name] === undefined) {
      differences.push({ what: spec.name, recorded: 'nothing', found: 'a contract of the suite' })
      continue
    }
    const { abi } = await hre.artifacts.readArtifact(spec.contract ?? spec.name)
    const contract = new Contract(at(spec.name), new Interface(abi), hre.ethers.provider)
    const args = spec.args({ at, config: record.config })
    for (const [index, view] of spec.views.entries()) {
      if (view === null) continue
      await compare(`${spec.name}.${view}()`, args[index], async () => contract.getFunction(view)() as Promise<unknown>)
    }
  }
  await checkRoles(hre, record, at('TimelockController'), compare)
  await checkRoutes(hre, record, at('VerifierRouter'), compare)
  const registry = ModelRegistry__factory.connect(at('ModelRegistry'), hre.ethers.provider)
  for (const [name, model] of Object.entries(record.models)) {
    await checkModel(registry, name, model, at('Groth16Verifier'), compare)
  }
  return differences
}

type Compare = (what: string, recorded: unknown, read: () => Promise<unknown>) => Promise<void>

async function checkCode(
  hre: HardhatRuntimeEnvironment,
  name: string,
  contract: ContractRecord,
  compare: Compare,
): Promise<void> {
  await compare(`${name}.address`, contract.address, async () => create2Address(contract.initCodeHash))
  await compare(`${name}.codeHash`, contract.codeHash, async () =>
    keccak256(await hre.ethers.provider.getCode(contract.address)),
  )
}

/** A timelock does not list who holds its roles, but says of each whether they do. */
async function checkRoles(
  hre: HardhatRuntimeEnvironment,
  { config: { timelock } }: StoredRecord,
  address: string,
  compare: Compare,
): Promise<void> {
  const contract = TimelockController__factory.connect(address, hre.ethers.provider)
  const roles = [
    ['PROPOSER_ROLE', timelock.proposers],
    ['CANCELLER_ROLE', timelock.proposers],
    ['EXECUTOR_ROLE', timelock.executors],
    ['DEFAULT_ADMIN_ROLE', [address]],
  ] as const
  for (const [role, holders] of roles) {
    for (const holder of holders) {
      await compare(`TimelockController.hasRole(${role}, ${holder})`, true, async () =>
        contract.hasRole(await contract[role](), holder),
      )
    }
  }
}

/** A route leads where it did, and neither it nor its verifier was stopped. */
async function checkRoutes(
  hre: HardhatRuntimeEnvironment,
  { routes }: StoredRecord,
  address: string,
  compare: Compare,
): Promise<void> {
  const router = VerifierRouter__factory.connect(address, hre.ethers.provider)
  for (const { selector, verifier, baseGas, signalGas } of routes) {
    await compare(`route ${selector}`, [verifier, baseGas, signalGas], async () => [
      ...(await router.routeOf(selector)).config,
    ])
    await compare(`route ${selector} stopped`, false, () => router.isStopped(selector, ZeroHash))
  }
}

async function checkModel(
  registry: ReturnType<typeof ModelRegistry__factory.connect>,
  name: string,
  model: ModelRecord,
  sharedVerifier: string,
  compare: Compare,
): Promise<void> {
  const { modelHash, circuitHash, vkHash, uri, publisher } = model
  const commitment = { modelHash, circuitHash, vkHash, proofSystemId: PROOF_SYSTEM_GROTH16, uri }
  await compare(`model ${name}`, Object.values(commitment), async () => [
    ...(await registry.getModel(model.modelId)).commitment,
  ])
  await compare(`model ${name} publisher`, model.modelId, async () => registry.modelIdOf(publisher, commitment))
  await compare(`model ${name} verifier`, model.verifier, async () => {
    const { verifier, verifierCodeHash } = await registry.verificationData(model.modelId)
    return BigInt(verifierCodeHash) === 0n ? sharedVerifier : verifier
  })
}

/** Numbers, addresses and hashes in one notation. */
function comparable(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' || typeof item === 'number' ? String(item) : item,
  ).toLowerCase()
}
