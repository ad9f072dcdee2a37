// SPDX-License-Identifier: GPL-3.0-or-later

import type { ProofContext } from '../encodings'
import { UsageError } from './errors'
import { parseUint256 } from './options'

/** The options of `zkml prove` that say what a proof is bound to. */
export type ContextFlags = {
  readonly chainId?: string
  readonly caller?: string
  readonly requestId?: string
  readonly modelId?: string
  readonly prover?: string
}

/** The context that all five options give, or null, for a portable proof, when there are none. */
export async function parseContext({
  chainId,
  caller,
  requestId,
  modelId,
  prover,
}: ContextFlags): Promise<ProofContext | null> {
  const given = [chainId, caller, requestId, modelId, prover].filter((value) => value !== undefined)
  if (given.length === 0) return null
  if (
    chainId === undefined ||
    caller === undefined ||
    requestId === undefined ||
    modelId === undefined ||
    prover === undefined
  )
    throw new UsageError(
      'a context needs all of --chain-id, --caller, --request-id, --model-id and --prover; give the rest, or none for a portable proof',
    )
  const { isAddress, isHexString } = await import('ethers')
  for (const [option, address] of [
    ['--caller', caller],
    ['--prover', prover],
  ] as const) {
    if (!isAddress(address) || !address.startsWith('0x'))
      throw new UsageError(`${option} takes an address, 0x and 40 hex digits with a right checksum, not "${address}"`)
  }
  if (!isHexString(requestId, 32)) throw new UsageError(`--request-id takes 0x and 64 hex digits, not "${requestId}"`)
  return {
    chainId: parseUint256('--chain-id', chainId),
    modelId: parseUint256('--model-id', modelId),
    caller,
    prover,
    requestId,
  }
}
