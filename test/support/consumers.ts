// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { ethers, network } from 'hardhat'
import type { IInferenceCoordinator } from '../../typechain-types'
import type { Request } from './market'

/** Numbers below a bound, the same ones on every run. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    // xorshift: short, and good enough to pick test cases.
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % below
  }
}

/** The newest request of a coordinator, as a prover reads it from the event. */
export async function openedRequest(coordinator: IInferenceCoordinator): Promise<{ request: Request; id: string }> {
  const event = (await coordinator.queryFilter(coordinator.filters.RequestOpened())).at(-1)!
  const { request } = event.args
  const { requester, nonce, modelId, inputCommitment, token, minPrice, maxPrice } = request
  const { rampStart, rampSeconds, lockSeconds, deadline, bond, callback, callbackGas } = request
  const offer = { token, minPrice, maxPrice, rampStart, rampSeconds, lockSeconds, deadline, bond }
  return {
    request: { requester, nonce, modelId, inputCommitment, ...offer, callback, callbackGas },
    id: event.args.requestId,
  }
}

/** Sends transactions that land in one block, in this order. */
export async function inOneBlock(send: readonly (() => Promise<{ hash: string }>)[]): Promise<boolean[]> {
  await network.provider.send('evm_setAutomine', [false])
  try {
    const hashes: string[] = []
    for (const one of send) hashes.push((await one()).hash)
    await network.provider.send('evm_mine')
    const receipts = await Promise.all(hashes.map((hash) => ethers.provider.getTransactionReceipt(hash)))
    return receipts.map((receipt) => receipt!.status === 1)
  } finally {
    await network.provider.send('evm_setAutomine', [true])
  }
}

/** Signers that no world uses. */
export async function freshSigners(count: number): Promise<HardhatEthersSigner[]> {
  return (await ethers.getSigners()).slice(10, 10 + count)
}
