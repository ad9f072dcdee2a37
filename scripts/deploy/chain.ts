// SPDX-License-Identifier: GPL-3.0-or-later

import { setTimeout as sleep } from 'node:timers/promises'
import {
  isHexString,
  type ContractTransactionReceipt,
  type ContractTransactionResponse,
  type Interface,
  type Signer,
  type TransactionReceipt,
  type TransactionRequest,
} from 'ethers'
import type { HardhatRuntimeEnvironment } from 'hardhat/types'
import { DeploymentConfigError, TransactionError } from './errors'

/** Chains on which keys of one-party setups are accepted. */
export const isDevChain = (chainId: number): boolean => chainId === 31337 || chainId === 1337

/** The network's first account. */
export async function firstAccount(hre: HardhatRuntimeEnvironment): Promise<Signer> {
  const [account] = (await hre.ethers.provider.send('eth_accounts', [])) as string[]
  if (account === undefined) {
    throw new DeploymentConfigError(`Network ${hre.network.name} has no account to deploy with; set ZKML_PRIVATE_KEY.`)
  }
  return hre.ethers.provider.getSigner(account)
}

/** Sends a transaction and waits until it is mined. */
export async function sent(signer: Signer, request: TransactionRequest): Promise<TransactionReceipt> {
  return receiptOf(await (await signer.sendTransaction(request)).wait())
}

/** Waits until a contract call is mined. */
export async function mined(transaction: Promise<ContractTransactionResponse>): Promise<ContractTransactionReceipt> {
  return receiptOf(await (await transaction).wait())
}

function receiptOf<Receipt>(receipt: Receipt | null): Receipt {
  if (receipt === null) throw new TransactionError('The node gave no receipt for a transaction; run again.')
  return receipt
}

/** Waits for what an interrupted run may have left in the pool: sent twice, it would be paid twice. */
export async function settled(signer: Signer): Promise<void> {
  const done = async () => (await signer.getNonce('pending')) <= (await signer.getNonce('latest'))
  if (await eventually(done, 120)) return
  throw new TransactionError(
    `Transactions of ${await signer.getAddress()} are still pending; wait until they are mined or replace them, then run again.`,
  )
}

/** Asks once a second until something holds; public nodes lag behind one another. */
export async function eventually(holds: () => Promise<boolean>, seconds: number): Promise<boolean> {
  for (let second = 0; ; second++) {
    if (await holds()) return true
    if (second >= seconds) return false
    await sleep(1000)
  }
}

/**
 * The block a contract was created in, by asking for its code in older and older blocks; 0 when the node has forgotten
 * the state of so long ago.
 */
export async function creationBlock(hre: HardhatRuntimeEnvironment, address: string): Promise<number> {
  const has = async (block: number) => (await hre.ethers.provider.getCode(address, block)) !== '0x'
  try {
    let high = await hre.ethers.provider.getBlockNumber()
    let low = high
    for (let step = 1; low > 0 && (await has(low)); step *= 2) [high, low] = [low, Math.max(0, low - step)]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (await has(middle)) high = middle
      else low = middle + 1
    }
    return low
  } catch {
    return 0
  }
}

/** The custom error of a failed call: parsed by ethers, or as data that the node gives as it is or wraps once more. */
export function revertName(abi: Interface, error: unknown): string | undefined {
  const { revert, data } = error as { readonly revert?: { readonly name?: string } | null; readonly data?: unknown }
  if (revert?.name !== undefined) return revert.name
  const raw = typeof data === 'object' && data !== null && 'data' in data ? data.data : data
  return isHexString(raw) ? abi.parseError(raw)?.name : undefined
}
