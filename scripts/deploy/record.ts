// SPDX-License-Identifier: GPL-3.0-or-later

import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { DeploymentConfig } from './config'
import { readJson, writeJson, type JsonReader } from './json'
import { CORE_CONTRACTS, type CoreContract, type Route } from './suite'

/** A contract that exists: where, since which block, and what it was made of. */
export type ContractRecord = {
  readonly address: string
  /** The block it was created in, or 0 if the node had forgotten. */
  readonly block: number
  /** `<source>:<contract>`. */
  readonly contract: string
  /** ABI-encoded. */
  readonly constructorArguments: string
  /** keccak256 of the creation code and constructor arguments; with the factory, this is the address. */
  readonly initCodeHash: string
  /** keccak256 of the code on chain. */
  readonly codeHash: string
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

/** `deployments/<chainId>.json`; its JSON schema is `deployments/schema.json`. */
export type DeploymentRecord = {
  readonly $schema: string
  readonly chainId: number
  readonly config: DeploymentConfig
  readonly contracts: Readonly<Record<CoreContract, ContractRecord>>
  /** Where the router leads; routes that the timelock adds later are recorded by hand. */
  readonly routes: readonly Route[]
  readonly verifiers: Readonly<Record<string, ContractRecord>>
  readonly models: Readonly<Record<string, ModelRecord>>
}

/** A record as it is found: an earlier version of the suite may have had fewer contracts. */
export type StoredRecord = Omit<DeploymentRecord, 'contracts'> & {
  readonly contracts: Readonly<Partial<Record<CoreContract, ContractRecord>>>
}

export const deploymentFile = (directory: string, chainId: number): string => join(directory, `${chainId}.json`)

/** Reads the record of a chain, if there is one. */
export async function readDeployment(directory: string, chainId: number): Promise<StoredRecord | undefined> {
  const json = await readJson(deploymentFile(directory, chainId))
  if (json === undefined) return undefined
  if (json.at('chainId').integer() !== chainId) json.at('chainId').refuse(String(chainId))
  json.at('contracts').onlyKeys(...CORE_CONTRACTS)
  return {
    $schema: json.at('$schema').string(),
    chainId,
    config: parseConfig(json.at('config')),
    contracts: parseEntries(json.at('contracts'), parseContract),
    routes: json.at('routes').items().map(parseRoute),
    verifiers: parseEntries(json.at('verifiers'), parseContract),
    models: parseEntries(json.at('models'), parseModel),
  }
}

/** Writes the record of a chain, in place of an earlier one, unless it says the same. */
export async function writeDeployment(directory: string, record: DeploymentRecord): Promise<void> {
  const file = deploymentFile(directory, record.chainId)
  const earlier = await readJson(file).catch(() => undefined)
  if (!isDeepStrictEqual(earlier?.value, record)) await writeJson(file, record)
}

function parseEntries<T>(json: JsonReader, parse: (item: JsonReader) => T): Record<string, T> {
  return Object.fromEntries(json.entries().map(([name, item]) => [name, parse(item)]))
}

function parseConfig(json: JsonReader): DeploymentConfig {
  const timelock = json.at('timelock')
  const list = (field: JsonReader) => field.items().map((item) => item.hex(20))
  return {
    timelock: {
      minDelay: timelock.at('minDelay').integer(),
      proposers: list(timelock.at('proposers')),
      executors: list(timelock.at('executors')),
    },
    guardian: json.at('guardian').hex(20),
    coordinatorOwner: json.at('coordinatorOwner').hex(20),
    allowDev: json.at('allowDev').boolean(),
  }
}

function parseContract(json: JsonReader): ContractRecord {
  return {
    address: json.at('address').hex(20),
    block: json.at('block').integer(),
    contract: json.at('contract').string(),
    constructorArguments: json.at('constructorArguments').hex(),
    initCodeHash: json.at('initCodeHash').hex(32),
    codeHash: json.at('codeHash').hex(32),
  }
}

function parseRoute(json: JsonReader): Route {
  return {
    selector: json.at('selector').hex(4),
    verifier: json.at('verifier').hex(20),
    baseGas: json.at('baseGas').integer(),
    signalGas: json.at('signalGas').integer(),
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
