// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'
import type { RpcError } from './endpoint'

/** No endpoint of a chain answers. */
export class RpcUnavailableError extends ZkmlError {
  readonly code = 'RPC_UNAVAILABLE'
  override readonly transient = true

  constructor(
    readonly method: string,
    message: string,
  ) {
    super(message)
  }
}

/** An RPC endpoint is of another chain than it was configured for. */
export class RpcWrongChainError extends ZkmlError {
  readonly code = 'RPC_WRONG_CHAIN'
  override readonly transient = true
}

/** A request was cancelled, or the provider was closed. */
export class RpcCancelledError extends ZkmlError {
  readonly code = 'RPC_CANCELLED'
  override readonly transient = true
}

/** An endpoint answered a request with a JSON-RPC error; `rpc` is what it said. */
export class RpcRefusedError extends ZkmlError {
  readonly code = 'RPC_REFUSED'
  override readonly transient = true

  constructor(
    readonly method: string,
    /** Name of the endpoint. */
    readonly endpoint: string,
    readonly rpc: RpcError,
  ) {
    super(`${endpoint} refused ${method}: ${rpc.message} (code ${rpc.code}).`)
  }
}

/** An answer has more bytes than the provider takes; ask for less. */
export class RpcTooLargeError extends ZkmlError {
  readonly code = 'RPC_TOO_LARGE'
  override readonly transient = true
}

const RATE = /rate.?limit|too many requests|requests? per|capacity|credits|quota|throughput|over(load|whelm)|throttl/i
const LOG_RANGE = /range|results|limit|too (many|large|big)|more than|exceed|size|time.?out|timed out/i

/** What a node says that is behind: it cannot search blocks it does not have. */
const BEHIND = /beyond|(exceeds|after|past|greater than) .*(head|latest|current)|invalid block range|cannot be found/i

/** What a node says of a block or state that it does not have (yet, or any more), or of itself. */
const ELSEWHERE =
  /header not found|missing trie node|unknown block|(block|resource) (is )?not (found|available)|could not find block|state .*(pruned|(not |un)available)|temporarily|^internal (json-rpc |server )?error\.?$/i

/** Not supported, or not with this plan. */
const UNSUPPORTED =
  /method .*(not found|does not exist|not (supported|available|allowed|whitelisted))|unsupported method/i

/**
 * Whether a JSON-RPC error answers the request. `busy` is trouble of the endpoint, like an HTTP error; `elsewhere` may be
 * different at another endpoint. Reverts, and what pools say of transactions, are answers.
 */
export function judge(method: string, error: RpcError): 'answer' | 'busy' | 'elsewhere' {
  if (/revert/i.test(error.message) || isRangeTooLarge(method, error)) return 'answer'
  if (error.code === 429 || error.code === -32005 || RATE.test(error.message)) return 'busy'
  if (error.code === -32601 || UNSUPPORTED.test(error.message)) return 'elsewhere'
  if (method === 'eth_sendRawTransaction') return 'answer'
  return BEHIND.test(error.message) || ELSEWHERE.test(error.message) ? 'elsewhere' : 'answer'
}

/** Whether a node refuses to search so many blocks for logs, or to return so many. Nodes agree on no code for it. */
export function isRangeTooLarge(method: string, { message }: RpcError): boolean {
  return method === 'eth_getLogs' && LOG_RANGE.test(message) && !RATE.test(message) && !BEHIND.test(message)
}
