// SPDX-License-Identifier: GPL-3.0-or-later

import { network } from 'hardhat'
import type { RpcCall, RpcReply } from './rpc-server'

/** What Hardhat's in-process network answers, for a server that speaks HTTP. */
export async function hardhatAnswer({ method, params }: RpcCall): Promise<RpcReply> {
  try {
    return { result: await network.provider.request({ method, params: [...params] }) }
  } catch (error) {
    const { code, message, data } = error as { code?: number; message: string; data?: unknown }
    return { error: { code: code ?? -32603, message, ...(data !== undefined && { data }) } }
  }
}
