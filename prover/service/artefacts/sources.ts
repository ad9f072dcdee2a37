// SPDX-License-Identifier: GPL-3.0-or-later

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { projectVersion } from '../../project'
import { configuredHost, listedHosts, type HostRule } from './hosts'
import { ArtefactSourceError, connectionFailed, openHttp, statusError, type Timeouts } from './http'
import type { Location } from './uri'

/** What is asked of a source: bytes from `offset` on. */
export type Ask = {
  readonly offset: number
  /** Of the answer that earlier bytes came from, if it came from the same source. */
  readonly etag: string | undefined
  /** Size of the whole file, where it is known, and what it may be at most. */
  readonly bytes: number | undefined
  readonly maxBytes: number
  readonly timeouts: Timeouts
  readonly signal: AbortSignal
}

/** What a source offers: bytes from `offset` on, which may be 0 though more was asked for. */
export type Offer = {
  readonly offset: number
  readonly etag?: string
  readonly body: AsyncIterable<Uint8Array>
  close(): void
}

/** A place that may have a file. What it delivers is checked by hash, whoever it is. */
export type Source = {
  /** For logs and errors: no path, query or credentials. */
  readonly name: string
  /** @throws ArtefactSourceError, AddressRefusedError */
  open(ask: Ask): Promise<Offer>
}

/** Places that the operator configured. */
export type FetchPlaces = {
  /** Base URLs or folders that have files at `sha256/<hex>`. */
  readonly mirrors: readonly string[]
  /** Base URLs below which `ipfs/<cid>` is. */
  readonly ipfsGateways: readonly string[]
  /** RPC address of a Kubo node, such as `http://127.0.0.1:5001`. */
  readonly kubo?: string
  /** Hosts that registry entries and redirects may lead to: `host`, `host:port`, or `*` for every public one. */
  readonly hosts: readonly string[]
}

/**
 * Where a file may be found, best first: what the operator chose, then what a stranger wrote into the registry.
 *
 * @param locations What uri and manifest say.
 */
export function sourcesOf(sha256: string, locations: readonly Location[], places: FetchPlaces): Source[] {
  const paths = locations.flatMap((location) => (location.kind === 'ipfs' ? [location.path] : []))
  const urls = locations.flatMap((location) => (location.kind === 'http' ? [new URL(location.url)] : []))
  return [
    ...places.mirrors.map((mirror) => mirrorSource(mirror, sha256, places.hosts)),
    ...paths.flatMap((path) => (places.kubo === undefined ? [] : [kuboSource(places.kubo, path)])),
    ...paths.flatMap((path) =>
      places.ipfsGateways.map((gateway) => {
        const url = below(gateway, `ipfs/${path}`)
        return httpSource(url, configuredHost(url, places.hosts))
      }),
    ),
    ...urls.map((url) => httpSource(url, listedHosts(places.hosts))),
  ]
}

function mirrorSource(mirror: string, sha256: string, hosts: readonly string[]): Source {
  if (!/^https?:\/\//.test(mirror)) return folderSource(mirror, sha256)
  const url = below(mirror, `sha256/${sha256}`)
  return httpSource(url, configuredHost(url, hosts))
}

function below(base: string, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/*$/, '')}/${path}`
  return url
}

/** A local folder with files at `sha256/<hex>`, as `zkml publish` writes it. */
export function folderSource(folder: string, sha256: string): Source {
  const path = join(folder, 'sha256', sha256)
  return {
    name: folder,
    async open({ offset, bytes, maxBytes }) {
      const stats = await stat(path).catch(() => undefined)
      if (!stats?.isFile()) throw new ArtefactSourceError(`${folder} does not have it`, false)
      checkLength(folder, stats.size, bytes, maxBytes)
      const body = createReadStream(path, { start: Math.min(offset, stats.size) })
      return { offset: Math.min(offset, stats.size), body, close: () => body.destroy() }
    },
  }
}

/** A file at an address. */
export function httpSource(url: URL, rule: HostRule): Source {
  const open = async (ask: Ask): Promise<Offer> => {
    const { offset, etag, bytes, maxBytes, timeouts, signal } = ask
    const headers = {
      ...BASE_HEADERS,
      ...(offset > 0 && { range: `bytes=${offset}-` }),
      ...(offset > 0 && etag !== undefined && { 'if-range': etag }),
    }
    const answer = await openHttp(url, { method: 'GET', headers, rule, timeouts, signal })
    try {
      if (answer.statusCode === 416 && offset > 0) {
        answer.destroy()
        return await open({ ...ask, offset: 0 })
      }
      const start = startOf(url.origin, answer, offset)
      checkLength(url.origin, start + lengthOf(answer), bytes, maxBytes)
      return offerOf(url.origin, answer, start)
    } catch (error) {
      answer.destroy()
      throw error
    }
  }
  return { name: url.origin, open }
}

/** A file that a Kubo node has, or finds. `path` is `<cid>` or `<cid>/<path>`. */
export function kuboSource(api: string, path: string): Source {
  const url = below(api, 'api/v0/cat')
  // It is this node that the operator trusts to be contacted, and no other.
  const rule: HostRule = () => 'any'
  return {
    name: url.origin,
    async open({ offset, timeouts, signal }) {
      url.searchParams.set('arg', path)
      url.searchParams.set('offset', String(offset))
      const answer = await openHttp(url, { method: 'POST', headers: BASE_HEADERS, rule, timeouts, signal })
      if (answer.statusCode === 200) return offerOf(url.origin, answer, offset)
      answer.destroy()
      throw statusError(url.origin, answer)
    },
  }
}

// Compressed bodies are refused, not inflated: what they would grow to is not known.
const BASE_HEADERS = { 'accept-encoding': 'identity', 'user-agent': `zkml/${projectVersion()}` }

/** Where the body of an answer starts. */
function startOf(origin: string, answer: IncomingMessage, offset: number): number {
  const { 'content-encoding': encoding = 'identity', 'content-range': range = '' } = answer.headers
  if (answer.statusCode !== 200 && answer.statusCode !== 206) throw statusError(origin, answer)
  if (encoding !== 'identity')
    throw new ArtefactSourceError(`${origin} sends ${encoding.slice(0, 20)} though it was asked not to`, false)
  if (answer.statusCode === 200) return 0
  if (offset === 0 || !range.startsWith(`bytes ${offset}-`))
    throw new ArtefactSourceError(`${origin} sends another range than it was asked for`, false)
  return offset
}

function lengthOf({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? NaN)
}

/** Refuses a file of the wrong size before it is read; an unknown size is NaN. */
function checkLength(name: string, length: number, bytes: number | undefined, maxBytes: number): void {
  if (length > maxBytes || (bytes !== undefined && length !== bytes && !Number.isNaN(length)))
    throw new ArtefactSourceError(
      `${name} has a file of ${length} bytes, not of ${bytes ?? `at most ${maxBytes}`}`,
      false,
    )
}

function offerOf(origin: string, answer: IncomingMessage, offset: number): Offer {
  const { etag } = answer.headers
  return {
    offset,
    // A weak one does not promise the same bytes.
    ...(etag?.startsWith('"') && { etag }),
    body: readBody(origin, answer),
    close: () => answer.destroy(),
  }
}

async function* readBody(origin: string, answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) yield chunk as Buffer
  } catch (error) {
    throw error instanceof ArtefactSourceError ? error : connectionFailed(origin, error)
  }
}
