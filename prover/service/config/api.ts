// SPDX-License-Identifier: GPL-3.0-or-later

import { isIP } from 'node:net'
import { ConfigError } from './error'
import type { Config } from './schema'

/** Name under which clients without a token are known. */
export const ANONYMOUS = 'anonymous'

/** Name of the token that the daemon makes for its operator. */
export const OPERATOR = 'operator'

/** Whether a host name or address can only be this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

type Reach = {
  readonly host: string
  readonly allowedHosts: readonly string[]
  readonly trustProxy: readonly string[]
}

/** Whether only this machine's own programs reach the API: it listens on loopback, and nothing says that a proxy is in front. */
export function isPrivate({ host, allowedHosts, trustProxy }: Reach): boolean {
  return isLoopback(host) && allowedHosts.length === 0 && trustProxy.length === 0
}

/**
 * Refuses settings that would leave the API open or unusable.
 *
 * @throws ConfigError
 */
export function checkApi(api: Config['api']): void {
  const names = new Set<string>([ANONYMOUS, OPERATOR])
  for (const { name } of api.tokens) {
    if (names.has(name)) throw new ConfigError(`two of api.tokens are named "${name}", or it is reserved; rename one`)
    names.add(name)
  }
  if (!isLoopback(api.host) && api.tokens.length === 0)
    throw new ConfigError(
      `api.host is ${api.host}, which others can reach, and there are no api.tokens; add one, or listen on 127.0.0.1`,
    )
  const open = api.anonymousScopes.filter((scope) => scope === 'submit' || scope === 'admin')
  if (open.length > 0 && !isPrivate(api))
    throw new ConfigError(
      `api.anonymousScopes has "${open.join('" and "')}", and others than this machine can ask; require a token for that`,
    )
  if (api.corsOrigins.includes('*'))
    throw new ConfigError('the origin "*" of api.corsOrigins would open the API to every web page; list the origins')
  const wrong = api.trustProxy.find((proxy) => !isAddressOrSubnet(proxy))
  if (wrong !== undefined)
    throw new ConfigError(`"${wrong}" of api.trustProxy is no IP address or subnet; write 10.0.0.1 or 10.0.0.0/8`)
}

function isAddressOrSubnet(text: string): boolean {
  const [address, bits, ...rest] = text.split('/')
  const version = isIP(address!)
  if (version === 0 || rest.length > 0) return false
  // All addresses at once would let anybody say what his is.
  return bits === undefined || (/^[1-9]\d*$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}
