// SPDX-License-Identifier: GPL-3.0-or-later

import { Interface, keccak256, toBeHex } from 'ethers'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import { revertName } from './chain'
import type { DeploymentConfig } from './config'
import { create2Address } from './create2'
import { CORE_CONTRACTS, SUITE, type ContractSpec, type CoreContract } from './suite'

/** A contract as it will be created: everything but the chain is known. */
export type PlannedContract = {
  readonly name: string
  /** `<source>:<contract>`, as explorers and Hardhat name it. */
  readonly contract: string
  readonly address: string
  readonly constructorArguments: readonly unknown[]
  /** The same, ABI-encoded. */
  readonly encodedArguments: string
  readonly initCode: string
  readonly initCodeHash: string
  /** The code it will have, but for immutables. */
  readonly runtimeCode: string
  revertName(error: unknown): string | undefined
}

export type SuitePlan = Readonly<Record<CoreContract, PlannedContract>>

/** The whole suite, contract by contract, each with the addresses of the earlier ones in its arguments. */
export async function planSuite(hre: HardhatRuntimeEnvironment, config: DeploymentConfig): Promise<SuitePlan> {
  const planned = new Map<string, PlannedContract>()
  const at = (name: string): string => {
    const contract = planned.get(name)
    if (contract === undefined) throw new Error(`${name} is not listed before what takes its address.`)
    return contract.address
  }
  for (const spec of SUITE as readonly ContractSpec[]) {
    planned.set(spec.name, await planContract(hre, spec.name, spec.contract ?? spec.name, spec.args({ at, config })))
  }
  return Object.fromEntries(CORE_CONTRACTS.map((name) => [name, planned.get(name)])) as SuitePlan
}

/** One contract. */
export async function planContract(
  hre: HardhatRuntimeEnvironment,
  name: string,
  contractName: string,
  constructorArguments: readonly unknown[],
): Promise<PlannedContract> {
  const artifact = await hre.artifacts.readArtifact(contractName)
  const abi = new Interface(artifact.abi)
  const encodedArguments = abi.encodeDeploy(constructorArguments)
  const initCode = artifact.bytecode + encodedArguments.slice(2)
  const initCodeHash = keccak256(initCode)
  return {
    name,
    contract: `${artifact.sourceName}:${artifact.contractName}`,
    address: create2Address(initCodeHash),
    constructorArguments,
    encodedArguments,
    initCode,
    initCodeHash,
    runtimeCode: artifact.deployedBytecode,
    revertName: (error) => revertName(abi, error),
  }
}

/** A transaction that creates. */
const CREATION_GAS = 53_000
/** Checking an address or two and writing a slot or two. */
const CONSTRUCTOR_GAS = 60_000

/**
 * What creating a contract takes: as the node estimates it or, when its constructor calls contracts that do not exist yet,
 * from the size of its code and what such constructors use.
 */
export async function creationGas(
  hre: HardhatRuntimeEnvironment,
  from: string,
  { initCode, runtimeCode }: PlannedContract,
): Promise<bigint> {
  try {
    return await hre.ethers.provider.estimateGas({ from, data: initCode })
  } catch {
    const bytes = Buffer.from(initCode.slice(2), 'hex')
    const zeros = bytes.filter((byte) => byte === 0).length
    const calldata = 16 * bytes.length - 12 * zeros
    const code = 200 * (runtimeCode.length / 2 - 1) + 2 * Math.ceil(bytes.length / 32)
    return BigInt(CREATION_GAS + calldata + code + CONSTRUCTOR_GAS)
  }
}

/** Arguments as JSON has them. */
export function printable(value: unknown): unknown {
  if (typeof value === 'bigint') return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : toBeHex(value)
  if (Array.isArray(value)) return value.map(printable)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printable(item)]))
  }
  return value
}
