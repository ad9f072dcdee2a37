// SPDX-License-Identifier: GPL-3.0-or-later

import { OPERATOR, type Config, type Scope } from '../config'

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
  readonly tokens: readonly ApiToken[]
  /** What requests without a token may do. */
  readonly anonymousScopes: readonly Scope[]
  /** Host names that requests may be for, without port; when given, they are required on any address. */
  readonly allowedHosts: readonly string[]
  /** Requests a minute and token, or address without one. */
  readonly rate: {
    readonly requests: number
    /** Of these, the ones that ask for a proof, or have one verified. */
    readonly proofs: number
    /** Of these, the ones that carry a requester's signature; by address and market request. */
    readonly signed: number
  }
  /** Most bytes of a body. */
  readonly bodyLimit: number
  /** Origins whose pages may call the API; none when empty. */
  readonly corsOrigins: readonly string[]
  /** Addresses and subnets of reverse proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy: readonly string[]
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

/** What nobody had reason yet to make a setting of. */
const FIXED = {
  maxConnections: 1024,
  maxStreams: { total: 256, client: 64 },
  timeouts: { request: 30_000, headers: 10_000, keepAlive: 72_000, heartbeat: 15_000 },
} as const
const SIGNED_PER_MINUTE = 60

/**
 * The configuration of the API by that of the daemon.
 *
 * @param operatorToken sha-256 of the token that the daemon made for its operator
 */
export function apiConfig(api: Config['api'], operatorToken: string): ApiConfig {
  const { host, tokens, anonymousScopes, allowedHosts, corsOrigins, trustProxy } = api
  return {
    ...FIXED,
    ...{ host, anonymousScopes, allowedHosts, corsOrigins, trustProxy },
    tokens: [...tokens, { name: OPERATOR, sha256: operatorToken, scopes: ['admin'] }],
    rate: { requests: api.requestsPerMinute, proofs: api.proofsPerMinute, signed: SIGNED_PER_MINUTE },
    bodyLimit: api.bodyLimitBytes,
  }
}
