// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash, timingSafeEqual } from 'node:crypto'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { ANONYMOUS, isLoopback, SCOPES, type Scope } from '../config'
import type { ApiConfig } from './config'
import { ForbiddenError, HostRefusedError, UnauthorizedError } from './errors'
import { clientOf } from './types'

/** Who sent a request. */
export type Client = {
  /** Name of the token, or `anonymous`. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Whether it came with a token, and that one is not known here. */
  readonly refused: boolean
}

/** Tells clients by their tokens, in a time that says nothing of the tokens there are. */
export function clientReader(config: ApiConfig): (authorization: string | undefined) => Client {
  const tokens = config.tokens.map((token) => ({
    hash: Buffer.from(token.sha256, 'hex'),
    client: { name: token.name, scopes: token.scopes, refused: false },
  }))
  const anonymous: Client = { name: ANONYMOUS, scopes: config.anonymousScopes, refused: false }
  const refused: Client = { name: ANONYMOUS, scopes: [], refused: true }
  return (authorization) => {
    if (authorization === undefined) return anonymous
    const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
    const hash = createHash('sha256')
      .update(token ?? '')
      .digest()
    let found = refused
    for (const known of tokens) if (timingSafeEqual(known.hash, hash)) found = known.client
    return token === undefined ? refused : found
  }
}

/**
 * Who rates and idempotency keys are counted for: a token, or an address without one. Clients without a token are many, and are
 * told apart by nothing else.
 */
export function clientKey(request: FastifyRequest): string {
  const { name } = clientOf(request)
  return name === ANONYMOUS ? normalizeIP(request.ip) : `token ${name}`
}

/** Whether a client has a scope, or one that includes it. */
export function hasScope({ scopes }: Client, wanted: Scope): boolean {
  return scopes.some((scope) => SCOPES.indexOf(scope) >= SCOPES.indexOf(wanted))
}

/**
 * Requires a scope of a client.
 *
 * @throws UnauthorizedError without a token, ForbiddenError when the token may do less.
 */
export function requireScope(client: Client, wanted: Scope): void {
  if (client.refused) throw new UnauthorizedError('This prover does not know the token; ask its operator for one.')
  if (hasScope(client, wanted)) return
  if (client.name === ANONYMOUS)
    throw new UnauthorizedError(`This needs a token with the scope "${wanted}"; send "Authorization: Bearer …".`)
  throw new ForbiddenError(`The token "${client.name}" lacks the scope "${wanted}"; ask the operator for it.`)
}

/** What the schema of a route says it needs, or undefined for one that is open. */
export function neededScope(request: FastifyRequest): Scope | undefined {
  return request.routeOptions.schema?.security?.[0]?.['bearer']?.[0] as Scope | undefined
}

/**
 * Refuses requests for other host names, so that a web page cannot reach a prover on its reader's machine by pointing its own
 * name there (DNS rebinding).
 *
 * @returns a check, which throws HostRefusedError.
 */
export function hostGuard(config: ApiConfig): (host: string | undefined) => void {
  const local = isLoopback(config.host)
  const allowed = new Set(config.allowedHosts.map((name) => name.toLowerCase()))
  if (!local && allowed.size === 0) return () => undefined
  return (host) => {
    const name = /^(\[[\da-f:.]+\]|[^:@/\s]+)(:\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase()
    if (name !== undefined && (allowed.has(name) || (local && isLoopback(name)))) return
    throw new HostRefusedError(
      'The Host header names no host of this prover; its operator can add it to "allowedHosts".',
    )
  }
}
