// SPDX-License-Identifier: GPL-3.0-or-later

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a fake endpoint is asked. */
export type RpcCall = { readonly method: string; readonly params: readonly unknown[]; readonly id: number }

/** An answer; `hang` never comes, `raw` is sent as it is, `drop` breaks the connection. */
export type RpcReply =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }
  | { readonly status?: number; readonly raw: string; readonly headers?: Readonly<Record<string, string>> }
  | 'hang'
  | 'drop'

export type RpcServer = {
  readonly url: string
  /** Scheme, host and port. */
  readonly name: string
  readonly calls: RpcCall[]
  readonly requests: IncomingMessage[]
  /** What it answers; may be replaced at any time. */
  answer: (call: RpcCall) => RpcReply | Promise<RpcReply>
  count(method: string): number
  close(): Promise<void>
}

/** An HTTP endpoint of JSON-RPC that behaves as it is told. */
export async function startRpcServer(answer: RpcServer['answer']): Promise<RpcServer> {
  const calls: RpcCall[] = []
  const requests: IncomingMessage[] = []
  const http: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const call = JSON.parse(body) as RpcCall
      calls.push(call)
      requests.push(request)
      void Promise.resolve(server.answer(call)).then((reply) => send(response, call, reply))
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const name = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const server: RpcServer = {
    url: `${name}/`,
    name,
    calls,
    requests,
    answer,
    count: (method) => calls.filter((call) => call.method === method).length,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
  return server
}

function send(response: ServerResponse, call: RpcCall, reply: RpcReply): void {
  if (reply === 'hang') return
  if (reply === 'drop') {
    response.destroy()
  } else if ('raw' in reply) {
    response.writeHead(reply.status ?? 200, reply.headers).end(reply.raw)
  } else {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id: call.id, ...reply }))
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, what = 'what was waited for'): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`${what} did not come`)
}
