// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ArtefactStore, type StoreOptions } from '../../../prover/service/artefacts'
import type { Log } from '../../../prover/service/log'

export type Logged = {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A log that remembers. */
export function memoryLog(): Log & { readonly lines: readonly Logged[] } {
  const lines: Logged[] = []
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: fields as Logged['fields'], message })
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), lines }
  return { ...log, child: () => log as unknown as Log }
}

export function temporaryFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'zkml-artefacts-')))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that no two seeds share. */
export function bytesOf(size: number, seed = 1): Buffer {
  return Buffer.alloc(size, createHash('sha256').update(String(seed)).digest())
}

export const MiB = 2 ** 20

/** A store in a folder that asks again at once. */
export function openStore(root: string, options: Partial<StoreOptions> = {}): Promise<ArtefactStore> {
  return ArtefactStore.open(root, {
    maxFileBytes: 8 * MiB,
    maxStoreBytes: 64 * MiB,
    log: memoryLog(),
    rules: { attempts: 3, backoff: 1 },
    ...options,
  })
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A web server on the loopback interface that does what it is told. */
export class TestServer {
  readonly requests: IncomingMessage[] = []
  private constructor(
    private readonly server: Server,
    private handler: Handler,
  ) {}

  static async start(): Promise<TestServer> {
    const server = createServer()
    const self = new TestServer(server, (_, response) => response.writeHead(404).end())
    server.on('request', (request, response) => {
      self.requests.push(request)
      self.handler(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return self
  }

  serve(handler: Handler): void {
    this.requests.length = 0
    this.handler = handler
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  get url(): string {
    return `http://${this.host}`
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

/** Serves a file as a decent server does: with length, strong ETag and ranges. */
export function decent(content: Uint8Array, etag = `"${sha256Of(content).slice(0, 8)}"`): Handler {
  return (request, response) => {
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
    const isCurrent = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
    if (!range || !isCurrent) {
      response.writeHead(200, { 'content-length': content.byteLength, etag }).end(content)
      return
    }
    const start = Number(range[1])
    const headers = {
      'content-length': content.byteLength - start,
      'content-range': `bytes ${start}-${content.byteLength - 1}/${content.byteLength}`,
      etag,
    }
    response.writeHead(206, headers).end(content.subarray(start))
  }
}

/** The error that a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code: string; transient?: boolean }> {
  try {
    await promise
  } catch (error) {
    return error as Error & { code: string }
  }
  throw new Error('it was expected to be rejected')
}

/** Every file below a folder. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort()
}
