// SPDX-License-Identifier: GPL-3.0-or-later

import { dataLength, dataSlice, Interface, isHexString, type ErrorDescription } from 'ethers'
import { ZkmlError } from '../errors'
import { ERRORS } from './abi'

/** Why a call failed, as the contract says. */
export type Revert = {
  /** Of the custom error; `Error` and `Panic` are Solidity's own. An error that nobody knows is its selector. */
  readonly name: string
  readonly args: readonly unknown[]
  /** Both in one line, for people. */
  readonly message: string
}

/** Thrown when a contract refuses a call; `revert` says why. */
export class ContractRevertError extends ZkmlError {
  readonly code = 'CHAIN_REVERT'
  /** An endpoint that lags behind sees other state. */
  override readonly transient = true

  constructor(
    what: string,
    readonly revert: Revert,
    options?: ErrorOptions,
  ) {
    super(`${what} reverted: ${revert.message}.`, options)
  }
}

const KNOWN = new Interface(ERRORS)

/** How deep nodes and libraries have been seen to nest the data, with room. */
const DEEPEST = 6

/** Longest text that a contract gets into a message. */
const LONGEST = 200

/** Names a revert by its data: a custom error of the contracts, Solidity's own, or an unknown selector. */
export function describeRevert(data: string): Revert {
  const selector = dataLength(data) < 4 ? undefined : dataSlice(data, 0, 4)
  if (selector === undefined) return { name: '', args: [], message: 'it gave no reason' }
  const parsed = parse(data)
  if (parsed === null) return { name: selector, args: [], message: `the error ${selector} is not one of zkml's` }
  const args = parsed.args.toArray() as unknown[]
  const shown = parsed.fragment.inputs.map(({ name }, i) => (name === '' ? '' : `${name}: `) + show(args[i]))
  return { name: parsed.name, args, message: `${parsed.name}(${shown.join(', ')})` }
}

/**
 * Finds in an error, of ethers or of a node's JSON-RPC, why a call reverted.
 *
 * @returns undefined when the error is about something else, such as the network.
 * @example
 * ```ts
 * try { await provider.call(lockCall(coordinator, request)) }
 * catch (error) { console.log(decodeRevert(error)?.message) } // 'WrongState(requestId: 0x…, state: 2)'
 * ```
 */
export function decodeRevert(error: unknown): Revert | undefined {
  if (error instanceof ContractRevertError) return error.revert
  const data = revertData(error, 0)
  if (data !== undefined) return describeRevert(data)
  const fields = (error ?? {}) as { readonly code?: unknown; readonly data?: unknown; readonly message?: unknown }
  // ethers calls other failures the same, and its own words speak of a revert: those of the node decide.
  const failed = fields.code === 'CALL_EXCEPTION' || fields.data === '0x'
  const reverted = failed && /revert/i.test(nodeMessage(error) ?? String(fields.message))
  return reverted ? describeRevert('0x') : undefined
}

/** What the node itself said, or undefined when its answer never came. */
export function nodeMessage(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { error: own, info } = error as { readonly error?: unknown; readonly info?: { readonly error?: unknown } }
  const said = (own ?? info?.error) as { readonly message?: unknown } | null | undefined
  return typeof said?.message === 'string' ? said.message : undefined
}

function revertData(value: unknown, depth: number): string | undefined {
  if (depth > DEEPEST || typeof value !== 'object' || value === null) return undefined
  const { data, error, rpc, info, cause } = value as Readonly<Record<string, unknown>>
  if (typeof data === 'string' && isHexString(data) && dataLength(data) >= 4) return data
  for (const inner of [data, error, rpc, info, cause]) {
    const found = revertData(inner, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** The data comes from anybody's contract: what does not decode is unknown. */
function parse(data: string): ErrorDescription | null {
  try {
    const parsed = KNOWN.parseError(data)
    // Arguments are decoded when they are read.
    parsed?.args.toArray(true)
    return parsed
  } catch {
    return null
  }
}

function show(value: unknown): string {
  const text = typeof value === 'string' && !isHexString(value) ? JSON.stringify(value) : String(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}
