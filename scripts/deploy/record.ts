// SPDX-License-Identifier: GPL-3.0-or-later

import { join } from 'node:path'
import { readJson, writeJson, type JsonReader } from './json'

/** A contract that exists: where, since which block, and what its code hashes to. */
export type ContractRecord = {
  readonly address: string
  readonly block: number
  /** keccak256 of the code on chain. */
  readonly codeHash: string
  /** keccak256 of the compiled creation code, without constructor arguments. */
  readonly initCodeHash: string
}

export type ModelRecord = {
  /** Decimal. */
  readonly modelId: string
  readonly publisher: string
  readonly modelHash: string
  readonly circuitHash: string
  readonly vkHash: string
  /** The contract that checks its proofs. */
  readonly verifier: string
  readonly uri: string
  readonly block: number
}

export const CORE_CONTRACTS = ['VerifyingKeyStore', 'Groth16Verifier', 'ModelRegistry', 'InferenceVerifier'] as const

export type CoreContract = (typeof CORE_CONTRACTS)[number]

/** `deployments/<chainId>.json`; its JSON schema is `deployments/schema.json`. */
export type DeploymentRecord = {
  readonly $schema: string
  readonly chainId: number
  readonly allowDev: boolean
  readonly contracts: Readonly<Record<CoreContract, ContractRecord>>
  readonly verifiers: Readonly<Record<string, ContractRecord>>
  readonly models: Readonly<Record<string, ModelRecord>>
}

export const deploymentFile = (directory: string, chainId: number): string => join(directory, `${chainId}.json`)

/** Reads the record of a chain, if there is one. */
export async function readDeployment(directory: string, chainId: number): Promise<DeploymentRecord | undefined> {
  const json = await readJson(deploymentFile(directory, chainId))
  if (json === undefined) return undefined
  if (json.at('chainId').integer() !== chainId) json.at('chainId').refuse(String(chainId))
  const contracts = json.at('contracts')
  const [store, shared, registry, verifier] = CORE_CONTRACTS
  return {
    $schema: json.at('$schema').string(),
    chainId,
    allowDev: json.at('allowDev').boolean(),
    contracts: {
      [store]: parseContract(contracts.at(store)),
      [shared]: parseContract(contracts.at(shared)),
      [registry]: parseContract(contracts.at(registry)),
      [verifier]: parseContract(contracts.at(verifier)),
    },
    verifiers: parseEntries(json.at('verifiers'), parseContract),
    models: parseEntries(json.at('models'), parseModel),
  }
}

/** Writes the record of a chain, in place of an earlier one; the same record makes the same file. */
export async function writeDeployment(directory: string, record: DeploymentRecord): Promise<void> {
  await writeJson(deploymentFile(directory, record.chainId), record)
}

function parseEntries<T>(json: JsonReader, parse: (item: JsonReader) => T): Record<string, T> {
  return Object.fromEntries(json.entries().map(([name, item]) => [name, parse(item)]))
}

function parseContract(json: JsonReader): ContractRecord {
  return {
    address: json.at('address').hex(20),
    block: json.at('block').integer(),
    codeHash: json.at('codeHash').hex(32),
    initCodeHash: json.at('initCodeHash').hex(32),
  }
}

function parseModel(json: JsonReader): ModelRecord {
  return {
    modelId: json.at('modelId').bigint().toString(),
    publisher: json.at('publisher').hex(20),
    modelHash: json.at('modelHash').hex(32),
    circuitHash: json.at('circuitHash').hex(32),
    vkHash: json.at('vkHash').hex(32),
    verifier: json.at('verifier').hex(20),
    uri: json.at('uri').string(),
    block: json.at('block').integer(),
  }
}
