// SPDX-License-Identifier: GPL-3.0-or-later

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { keccak256 } from 'ethers'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import { DeploymentChangedError } from './errors'
import type { ContractRecord } from './record'

/** Chains on which keys of one-party setups are accepted. */
export const isDevChain = (chainId: number): boolean => chainId === 31337 || chainId === 1337

/** Ignition's journal of a chain. */
export const deploymentId = (chainId: number): string => `zkml-${chainId}`

const journalDirectory = (hre: HardhatRuntimeEnvironment, chainId: number): string =>
  join(hre.config.paths.ignition, 'deployments', deploymentId(chainId))

/** Forgets what Ignition deployed to a chain. */
export async function forgetJournal(hre: HardhatRuntimeEnvironment, chainId: number): Promise<void> {
  await rm(journalDirectory(hre, chainId), { recursive: true, force: true })
}

/** Hash of what the compiler makes of a contract today. */
export async function initCodeHash(hre: HardhatRuntimeEnvironment, contractName: string): Promise<string> {
  return keccak256((await hre.artifacts.readArtifact(contractName)).bytecode)
}

/** Describes a contract that is on chain. */
export async function recordContract(
  hre: HardhatRuntimeEnvironment,
  chainId: number,
  contractName: string,
  address: string,
): Promise<ContractRecord> {
  return {
    address,
    block: (await journalBlock(hre, chainId, address)) ?? (await firstBlockWithCode(hre, address)),
    codeHash: keccak256(await hre.ethers.provider.getCode(address)),
    initCodeHash: await initCodeHash(hre, contractName),
  }
}

/**
 * Whether a recorded contract is on chain as recorded. No code at all, on a development chain, means that the chain was
 * started anew; anything else that disagrees is an error, because nothing here can repair it.
 */
export async function isIntact(
  hre: HardhatRuntimeEnvironment,
  chainId: number,
  contractName: string,
  record: ContractRecord,
): Promise<boolean> {
  const code = await hre.ethers.provider.getCode(record.address)
  if (code === '0x' && isDevChain(chainId)) return false
  if (keccak256(code) !== record.codeHash) {
    throw new DeploymentChangedError(
      `${contractName} at ${record.address} is not the code recorded for chain ${chainId}; check the RPC's chain.`,
    )
  }
  if ((await initCodeHash(hre, contractName)) !== record.initCodeHash) {
    throw new DeploymentChangedError(
      `${contractName} on chain ${chainId} was compiled from other sources; deploy anew with --reset, or check them out.`,
    )
  }
  return true
}

/** The block Ignition's journal gives for a contract; there is no journal for in-process chains. */
async function journalBlock(
  hre: HardhatRuntimeEnvironment,
  chainId: number,
  address: string,
): Promise<number | undefined> {
  const journal = await readFile(join(journalDirectory(hre, chainId), 'journal.jsonl'), 'utf8').catch(() => '')
  for (const line of journal.split('\n')) {
    if (!line.includes('TRANSACTION_CONFIRM') || !line.includes(address)) continue
    const entry = JSON.parse(line) as { receipt?: { blockNumber?: number; contractAddress?: string } }
    if (entry.receipt?.contractAddress === address) return entry.receipt.blockNumber
  }
  return undefined
}

/** Binary search; needs the state of old blocks, which in-process chains have. */
async function firstBlockWithCode(hre: HardhatRuntimeEnvironment, address: string): Promise<number> {
  let [low, high] = [0, await hre.ethers.provider.getBlockNumber()]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((await hre.ethers.provider.getCode(address, middle)) === '0x') low = middle + 1
    else high = middle
  }
  return low
}
