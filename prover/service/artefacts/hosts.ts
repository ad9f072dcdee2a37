// SPDX-License-Identifier: GPL-3.0-or-later

import { lookup as resolveName, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { ServiceError } from '../errors'

/** An address that a registry entry or a redirect leads to may not be contacted from here. */
export class AddressRefusedError extends ServiceError {
  readonly code = 'ARTEFACT_ADDRESS_REFUSED'
}

/** Which addresses a host may resolve to. */
export type Reach = 'any' | 'public'

/**
 * Decides, before each hop, whether a URL may be contacted, and which addresses its host may have.
 *
 * @throws AddressRefusedError
 */
export type HostRule = (url: URL) => Reach

const NOT_PUBLIC_V4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  // Multicast and reserved; and one public address at which Azure answers with what only its machine may know.
  ...['224.0.0.0/3', '168.63.129.16/32'],
]
/** Of IPv6 only global unicast is public, and of that not what leads into IPv4, tunnels or documentation. */
const NOT_PUBLIC_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

const notPublic = new BlockList()
const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')
for (const [family, subnets] of [
  ['ipv4', NOT_PUBLIC_V4],
  ['ipv6', NOT_PUBLIC_V6],
] as const) {
  for (const subnet of subnets) {
    const [network, prefix] = subnet.split('/') as [string, string]
    notPublic.addSubnet(network, Number(prefix), family)
  }
}

/** Whether an IP address is of the public internet: no loopback, private, link-local, metadata or reserved one. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  if (family === 4) return !notPublic.check(address, 'ipv4')
  return globalUnicast.check(address, 'ipv6') && !notPublic.check(address, 'ipv6')
}

/**
 * The rule for addresses that come from a registry entry: hosts the operator lists (`host` or `host:port`), which may be
 * anywhere, and with `*` every public host at its protocol's own port.
 */
export function listedHosts(hosts: readonly string[]): HostRule {
  const listed = new Set(hosts.map((host) => host.toLowerCase()))
  return (url) => {
    if (listed.has(url.hostname) || listed.has(hostWithPort(url))) return 'any'
    if (listed.has('*') && url.port === '') return 'public'
    throw new AddressRefusedError(`${url.host} is not among the hosts that may be contacted; list it to allow it`)
  }
}

/**
 * The rule for an address that the operator configured: it may be anywhere, and so may its subdomains, to which IPFS gateways
 * redirect; what it redirects to else must be public or listed.
 */
export function configuredHost(base: URL, hosts: readonly string[]): HostRule {
  const listed = listedHosts(hosts)
  return (url) => {
    const isOwn = url.port === base.port && `.${url.hostname}`.endsWith(`.${base.hostname}`)
    if (isOwn) return 'any'
    try {
      return listed(url)
    } catch {
      return 'public'
    }
  }
}

function hostWithPort(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`
}

/** Refuses a literal address that is out of reach; names are checked when they are resolved. */
export function checkLiteral(url: URL, reach: Reach): void {
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (reach === 'public' && isIP(literal) !== 0 && !isPublicAddress(literal)) throw refused(url.hostname)
}

/**
 * Resolves names for a connection, so that what was checked is what is connected to. A host is refused if any of its addresses
 * is out of reach.
 */
export function guardedLookup(reach: Reach, resolve: typeof resolveName = resolveName): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '', 0)
      if (reach === 'public' && !addresses.every(({ address }) => isPublicAddress(address)))
        return callback(refused(hostname) as NodeJS.ErrnoException & AddressRefusedError, '', 0)
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      callback(null, first!.address, first!.family)
    })
  }
}

function refused(hostname: string): AddressRefusedError {
  return new AddressRefusedError(
    `${hostname} is a loopback, private, link-local or reserved address; list the host to allow it`,
  )
}
