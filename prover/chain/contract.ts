// SPDX-License-Identifier: GPL-3.0-or-later

import type { BlockTag, Interface, Provider, Result } from 'ethers'
import { ZkmlError } from '../errors'
import { ContractRevertError, decodeRevert } from './revert'
import type { Call } from './types'

/** An address has no such contract, or what a contract or node answers contradicts itself. */
export class ChainDataError extends ZkmlError {
  readonly code = 'CHAIN_DATA'
  override readonly transient = true
}

/** A call of a function by name. */
export function encodeCall(
  contract: Interface,
  to: string,
  name: string,
  args: readonly unknown[],
  value: bigint = 0n,
): Call {
  return { to, data: contract.encodeFunctionData(name, args), value }
}

/**
 * Calls a view function.
 *
 * @throws ContractRevertError with the custom error; ChainDataError when the answer is not one of this function.
 */
export async function readContract(
  provider: Provider,
  contract: Interface,
  to: string,
  name: string,
  args: readonly unknown[],
  options: { readonly blockTag?: BlockTag; readonly from?: string } = {},
): Promise<Result> {
  const data = await simulate(provider, encodeCall(contract, to, name, args), name, options)
  try {
    const result = contract.decodeFunctionResult(name, data)
    // Values are decoded when they are read; a bad one shall show here.
    result.toArray(true)
    return result
  } catch (cause) {
    throw new ChainDataError(`${to} gave no answer to "${name}"; check the address and the chain.`, { cause })
  }
}

/**
 * Runs a call without sending it.
 *
 * @param what - what the error calls it
 * @returns what it returned.
 * @throws ContractRevertError
 */
export async function simulate(
  provider: Provider,
  call: Call,
  what: string,
  options: { readonly blockTag?: BlockTag; readonly from?: string } = {},
): Promise<string> {
  try {
    return await provider.call({ ...call, ...options })
  } catch (error) {
    const revert = decodeRevert(error)
    if (revert === undefined) throw error
    throw new ContractRevertError(`"${what}" of ${call.to}`, revert, { cause: error })
  }
}
