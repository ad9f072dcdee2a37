// SPDX-License-Identifier: GPL-3.0-or-later

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { keccak256 } from 'ethers'
import { seededRandom } from '../../support/onnx-builder'
import { claimStaleness, type RpcCall, type RpcReply } from './stale'
import { PATIENCE, sleep } from './wait'

/** What an endpoint does wrong. Shares are of requests, or of logs, from 0 to 1. */
export type RpcFaults = {
  /** The connection is cut before the request is passed on. */
  readonly cut?: number
  /** It is passed on, and the connection cut instead of an answer. */
  readonly cutAnswer?: number
  readonly delay?: { readonly share: number; readonly milliseconds: number }
  /** Answered with an HTTP error. */
  readonly status?: { readonly share: number; readonly code: 429 | 500 | 502 | 503 }
  /** Answered with something that is not JSON. */
  readonly garbage?: number
  /** Answered with a JSON-RPC error, such as nodes give when they are overloaded. */
  readonly error?: number
  /** Answered as by a node that is so many blocks behind. */
  readonly stale?: { readonly share: number; readonly blocks: number }
  /** Logs left out of `eth_getLogs`. */
  readonly missingLogs?: number
  /** Logs given twice. */
  readonly duplicateLogs?: number
  /** Says that it is another chain. */
  readonly chainId?: number
  /** Transactions that are accepted and go nowhere. */
  readonly loseTransactions?: number
}

/** A call that is being held up. */
export type HeldCall = {
  /** Its parameters, once it has come. */
  readonly arrived: Promise<readonly unknown[]>
  /** Lets it go on. */
  release(): void
  /** Cuts its connection. */
  cut(): void
}

/** An endpoint in front of a real one, with faults that can be switched on and off. */
export type RpcProxy = {
  /** Has a secret in its path, as the URLs of providers have. */
  readonly url: string
  readonly secret: string
  /** How often each method was called. */
  readonly calls: ReadonlyMap<string, number>
  /** Replaces all faults. */
  set(faults: RpcFaults): void
  /** Holds up the next call of a method, with such parameters: before it is passed on, or before it is answered. */
  hold(method: string, when?: 'request' | 'answer', match?: (params: readonly unknown[]) => boolean): HeldCall
  stop(): Promise<void>
}

type Hold = {
  readonly method: string
  readonly when: 'request' | 'answer'
  readonly match: (params: readonly unknown[]) => boolean
  readonly arrive: (params: readonly unknown[]) => void
  readonly verdict: Promise<'go' | 'cut'>
}

/** How long a call that is to be held up is waited for. */
const HOLD_MILLISECONDS = 60_000

/** Thrown to cut a connection. */
class Cut extends Error {}

/** Starts a proxy in front of an endpoint. Whom a fault strikes follows from the seed and the order of requests. */
export async function startRpcProxy(target: string, seed = 1): Promise<RpcProxy> {
  const random = seededRandom(seed)
  const secret = keccak256(Buffer.from(`${target} ${seed}`)).slice(2, 34)
  const calls = new Map<string, number>()
  const holds: Hold[] = []
  let faults: RpcFaults = {}
  const strikes = (share = 0): boolean => share > 0 && random() < share

  const forward = async (requests: readonly RpcCall[]): Promise<RpcReply[]> => {
    const response = await fetch(target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(requests),
    })
    return (await response.json()) as RpcReply[]
  }
  const ask = async (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    (await forward([{ jsonrpc: '2.0', id: 0, method, params }]))[0]?.result

  const waitFor = async (when: Hold['when'], { method, params }: RpcCall): Promise<void> => {
    const index = holds.findIndex((hold) => hold.method === method && hold.when === when && hold.match(params))
    if (index < 0) return
    const [hold] = holds.splice(index, 1)
    hold!.arrive(params)
    if ((await hold!.verdict) === 'cut') throw new Cut()
  }

  const answer = async (call: RpcCall): Promise<RpcReply> => {
    calls.set(call.method, (calls.get(call.method) ?? 0) + 1)
    await waitFor('request', call)
    const reply = (result: unknown): RpcReply => ({ jsonrpc: '2.0', id: call.id, result })
    if (strikes(faults.error)) {
      return { jsonrpc: '2.0', id: call.id, error: { code: -32005, message: 'request rate exceeded' } }
    }
    if (call.method === 'eth_chainId' && faults.chainId !== undefined) return reply(`0x${faults.chainId.toString(16)}`)
    if (call.method === 'net_version' && faults.chainId !== undefined) return reply(String(faults.chainId))
    if (call.method === 'eth_sendRawTransaction' && strikes(faults.loseTransactions)) {
      return reply(keccak256(call.params[0] as string))
    }
    const { stale } = faults
    let result: RpcReply
    if (stale !== undefined && strikes(stale.share)) {
      const head = Math.max(0, Number(await ask('eth_blockNumber')) - stale.blocks)
      const { request, adapt } = claimStaleness(call, head)
      const [given] = request === undefined ? [reply(null)] : await forward([request])
      result = adapt(given!)
    } else {
      result = (await forward([call]))[0]!
    }
    if (call.method === 'eth_getLogs' && Array.isArray(result.result)) {
      const kept = (result.result as unknown[]).filter(() => !strikes(faults.missingLogs))
      result = { ...result, result: kept.flatMap((log) => (strikes(faults.duplicateLogs) ? [log, log] : [log])) }
    }
    await waitFor('answer', call)
    return result
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { delay, status } = faults
    if (strikes(faults.cut)) throw new Cut()
    if (delay !== undefined && strikes(delay.share)) await sleep(delay.milliseconds)
    if (status !== undefined && strikes(status.share)) {
      response.writeHead(status.code, { 'content-type': 'text/plain' }).end('not now')
      return
    }
    if (strikes(faults.garbage)) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('<html><body>502</body></html>')
      return
    }
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as RpcCall | readonly RpcCall[]
    const replies = await Promise.all([body].flat().map(answer))
    if (strikes(faults.cutAnswer)) throw new Cut()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(Array.isArray(body) ? replies : replies[0]))
  }

  const server = createServer((request, response) => {
    // What the endpoint behind does not answer, this one does not either.
    handle(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v3/${secret}`,
    secret,
    calls,
    set(next) {
      faults = next
    },
    hold(method, when = 'request', match = () => true) {
      let arrive: Hold['arrive'] = () => undefined
      let decide: (verdict: 'go' | 'cut') => void = () => undefined
      const arrived = new Promise<readonly unknown[]>((resolve, reject) => {
        const fail = (): void => reject(new Error(`No call of ${method} came that was to be held up.`))
        const timer = setTimeout(fail, HOLD_MILLISECONDS * PATIENCE)
        arrive = (params) => {
          clearTimeout(timer)
          resolve(params)
        }
      })
      // Not everybody waits for it.
      arrived.catch(() => undefined)
      const verdict = new Promise<'go' | 'cut'>((resolve) => (decide = resolve))
      holds.push({ method, when, match, arrive, verdict })
      return { arrived, release: () => decide('go'), cut: () => decide('cut') }
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
