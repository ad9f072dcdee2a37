// SPDX-License-Identifier: GPL-3.0-or-later

/** A JSON-RPC request. */
export type RpcCall = {
  readonly jsonrpc: '2.0'
  readonly id: number | string
  readonly method: string
  readonly params: readonly unknown[]
}

/** Its answer. */
export type RpcReply = {
  readonly jsonrpc: '2.0'
  readonly id: number | string
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

type Located = { readonly blockNumber?: string | null; readonly number?: string | null } | null

/** Which parameter of a method names a block. */
const BLOCK_PARAMETER: Readonly<Record<string, number>> = {
  eth_getBlockByNumber: 0,
  eth_call: 1,
  eth_estimateGas: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_getStorageAt: 2,
  eth_feeHistory: 1,
}

/**
 * How a node whose newest block is `head` answers a call: what to ask the real one, if it is to be asked at all, and
 * what to make of its answer.
 */
export function claimStaleness(
  call: RpcCall,
  head: number,
): { readonly request: RpcCall | undefined; readonly adapt: (reply: RpcReply) => RpcReply } {
  const newest = `0x${head.toString(16)}`
  const isBeyond = (block: unknown): boolean => typeof block === 'string' && /^0x/.test(block) && Number(block) > head
  const known = (reply: RpcReply): RpcReply => {
    const found = reply.result as Located | undefined
    return isBeyond(found?.blockNumber ?? found?.number) ? { ...reply, result: null } : reply
  }
  const same = (reply: RpcReply): RpcReply => reply
  if (call.method === 'eth_blockNumber') {
    return { request: call, adapt: (reply) => ({ ...reply, result: newest }) }
  }
  if (call.method === 'eth_getLogs') {
    const [filter] = call.params as [
      { readonly fromBlock?: string; readonly toBlock?: string; readonly blockHash?: string },
    ]
    if (filter.blockHash !== undefined) return { request: call, adapt: same }
    if (isBeyond(filter.fromBlock)) return { request: undefined, adapt: (reply) => ({ ...reply, result: [] }) }
    const toBlock = filter.toBlock === undefined || !/^0x/.test(filter.toBlock) || isBeyond(filter.toBlock)
    return { request: { ...call, params: [toBlock ? { ...filter, toBlock: newest } : filter] }, adapt: same }
  }
  const position = BLOCK_PARAMETER[call.method]
  if (position !== undefined) {
    const block = call.params[position]
    if (isBeyond(block)) return { request: undefined, adapt: same }
    const isNewest = block === undefined || block === 'latest' || block === 'pending'
    const params = isNewest ? call.params.with(position, newest) : call.params
    return { request: { ...call, params }, adapt: same }
  }
  return { request: call, adapt: known }
}
