// SPDX-License-Identifier: GPL-3.0-or-later

import { ApiConfigError } from './errors'

/** What a client may do. Each scope includes those before it. */
export const SCOPES = ['read', 'infer', 'prove', 'submit', 'admin'] as const

export type Scope = (typeof SCOPES)[number]

/** A client of the API, known by a token of which only the hash is kept. */
export type ApiToken = {
  /** Shown in logs, and the owner of the client's jobs. */
  readonly name: string
  /** sha-256 of the token, 64 hex digits. */
  readonly sha256: string
  readonly scopes: readonly Scope[]
}

export type ApiConfig = {
  /** Address to bind to. On a loopback address requests must name a loopback host or one of `allowedHosts`. */
  readonly host: string
  readonly port: number
  readonly tokens: readonly ApiToken[]
  /** What requests without a token may do. */
  readonly anonymousScopes: readonly Scope[]
  /** Host names that requests may be for, without port; when given, they are required on any address. */
  readonly allowedHosts: readonly string[]
  /** Requests a minute and token, or address without one. */
  readonly rate: {
    readonly requests: number
    /** Of these, the ones that ask for a proof. */
    readonly proofs: number
    /** Of these, the ones that carry a requester's signature; by address. */
    readonly signed: number
  }
  /** Most bytes of a body. */
  readonly bodyLimit: number
  /** Origins whose pages may call the API; none when empty. */
  readonly corsOrigins: readonly string[]
  /** Addresses of reverse proxies whose `X-Forwarded-For` is believed, or false. */
  readonly trustProxy: false | readonly string[]
  readonly maxConnections: number
  /** Open event streams, of all clients and of one. */
  readonly maxStreams: { readonly total: number; readonly client: number }
  /** Milliseconds. A request must arrive whole within `request`, its headers within `headers`. */
  readonly timeouts: {
    readonly request: number
    readonly headers: number
    readonly keepAlive: number
    /** Between two comments that keep an event stream open; jobs are read again as often. */
    readonly heartbeat: number
  }
}

/** A configuration for one machine: nothing but loopback can connect, and needs no token to run models and prove. */
export const API_DEFAULTS: ApiConfig = {
  host: '127.0.0.1',
  port: 8600,
  tokens: [],
  anonymousScopes: ['read', 'infer', 'prove'],
  allowedHosts: [],
  rate: { requests: 60_000, proofs: 600, signed: 60 },
  bodyLimit: 4 * 1024 * 1024,
  corsOrigins: [],
  trustProxy: false,
  maxConnections: 1024,
  maxStreams: { total: 256, client: 64 },
  timeouts: { request: 30_000, headers: 10_000, keepAlive: 72_000, heartbeat: 15_000 },
}

/** Name under which requests without a token are known. */
export const ANONYMOUS = 'anonymous'

/** Whether a host name or address can only be this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

/**
 * Refuses settings that would leave the API open or unusable.
 *
 * @throws ApiConfigError
 */
export function checkApiConfig(config: ApiConfig): void {
  const names = new Set<string>([ANONYMOUS])
  for (const { name, sha256, scopes } of config.tokens) {
    if (names.has(name)) throw new ApiConfigError(`Two API tokens are named "${name}", or it is reserved; rename one.`)
    names.add(name)
    if (!/^[0-9a-f]{64}$/i.test(sha256))
      throw new ApiConfigError(
        `The sha256 of the API token "${name}" is not 64 hex digits; hash the token, not a file.`,
      )
    if (scopes.length === 0) throw new ApiConfigError(`The API token "${name}" has no scope; give it one or remove it.`)
  }
  const open = config.anonymousScopes.filter((scope) => scope === 'submit' || scope === 'admin')
  if (open.length > 0 && !isLoopback(config.host))
    throw new ApiConfigError(
      `Anonymous requests have the scope "${open.join('" and "')}" on ${config.host}; bind to 127.0.0.1 or require a token.`,
    )
  if (config.corsOrigins.includes('*'))
    throw new ApiConfigError('The CORS origin "*" would open the API to every web page; list the origins.')
}
