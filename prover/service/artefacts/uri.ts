// SPDX-License-Identifier: GPL-3.0-or-later

import { ServiceError } from '../errors'
import { rawCid, sha256OfCid } from './cid'

/** The uri of a registry entry does not say by hash where the artefacts of its model are. */
export class ArtefactUriError extends ServiceError {
  readonly code = 'ARTEFACT_URI_INVALID'
}

/** Where something may be found, beside mirrors that know it by its hash. */
export type Location =
  | { readonly kind: 'http'; readonly url: string }
  /** `<cid>` or `<cid>/<path>`. */
  | { readonly kind: 'ipfs'; readonly path: string }

/** What a registry entry's uri says: the hash of a manifest, and perhaps where it is. */
export type ArtefactUri = {
  /** Lower-case hex, without 0x. */
  readonly sha256: string
  readonly location?: Location
}

/** The registry takes no longer ones. */
const MAX_URI_BYTES = 1024
const FRAGMENT = /^sha256=([0-9a-f]{64})$/
/** A CID as multibase text: CIDv0 `Qm…`, CIDv1 in base32 `b…`, base36 `k…` or base58 `z…`. */
const CID = /^(?:Qm[1-9A-HJ-NP-Za-km-z]{44}|[bkz][0-9A-Za-z]{20,110})$/
const SEGMENT = /^(?!\.{1,2}$)[\w.~-]{1,255}$/

/**
 * Reads the uri of a registry entry, which anybody may have written:
 *
 * - `https://host/path#sha256=<hex>`, or `http:`, without credentials;
 * - `ipfs://<cid>[/path]#sha256=<hex>`;
 * - `ipfs://bafkrei…`, a CIDv1 of raw bytes, which is the hash itself;
 * - `sha256:<hex>`, to be found at mirrors.
 *
 * @throws ArtefactUriError
 * @example
 * ```ts
 * const { sha256, location } = parseArtefactUri(entry.uri)
 * ```
 */
export function parseArtefactUri(uri: string): ArtefactUri {
  if (uri === '') throw new ArtefactUriError('the registry entry has no uri; ask its publisher for the artefacts')
  if (uri.length > MAX_URI_BYTES || !/^[\x21-\x7e]+$/.test(uri))
    throw new ArtefactUriError(`the uri has more than ${MAX_URI_BYTES} or unprintable characters; it names no manifest`)
  const bare = /^sha256:([0-9a-f]{64})$/.exec(uri)
  if (bare) return { sha256: bare[1]! }
  const [address, fragment, ...rest] = uri.split('#') as [string, ...string[]]
  const sha256 = fragment === undefined ? undefined : FRAGMENT.exec(fragment)?.[1]
  if (rest.length > 0 || (fragment !== undefined && sha256 === undefined))
    throw new ArtefactUriError(`${show(uri)} does not end with #sha256= and 64 lower-case hex digits; correct the uri`)
  const location = parseLocation(address)
  const own = location?.kind === 'ipfs' ? sha256OfCid(location.path) : undefined
  if (!location)
    throw new ArtefactUriError(`${show(uri)} is neither an http(s) nor an ipfs address nor sha256:<hex>; correct it`)
  if (own !== undefined && sha256 !== undefined && own !== sha256)
    throw new ArtefactUriError(`${show(uri)} names two hashes, one by its CID and one by its fragment; correct it`)
  const hash = sha256 ?? own
  if (hash === undefined)
    throw new ArtefactUriError(`${show(uri)} does not say the SHA-256 of the manifest; add #sha256=<hex>`)
  return { sha256: hash, location }
}

/** The uri to register; an `ipfs://` one without path needs no fragment when its CID is the hash. */
export function formatArtefactUri({ sha256, location }: ArtefactUri): string {
  const uri = !location
    ? `sha256:${sha256}`
    : location.kind === 'http'
      ? `${location.url}#sha256=${sha256}`
      : `ipfs://${location.path}${location.path === rawCid(sha256) ? '' : `#sha256=${sha256}`}`
  parseArtefactUri(uri)
  return uri
}

/** An absolute `http(s)://` or `ipfs://` address without fragment; undefined for everything else. */
export function parseLocation(address: string): Location | undefined {
  if (address.startsWith('ipfs://')) {
    const path = address.slice('ipfs://'.length)
    const [cid, ...segments] = path.split('/') as [string, ...string[]]
    return CID.test(cid) && segments.every((segment) => SEGMENT.test(segment)) ? { kind: 'ipfs', path } : undefined
  }
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) return undefined
  const { username, password, hash } = new URL(address)
  return username === '' && password === '' && hash === '' ? { kind: 'http', url: address } : undefined
}

/** Whether a text is a plain path below some base: no scheme, host, query, or way upwards. */
export function isRelativePath(path: string): boolean {
  return path.length <= 512 && path.split('/').every((segment) => SEGMENT.test(segment))
}

/** Where a relative path leads from the location of the file that names it. */
export function resolveLocation(base: Location, path: string): Location {
  if (base.kind === 'http') return { kind: 'http', url: new URL(path, base.url).href }
  const [cid, ...segments] = base.path.split('/') as [string, ...string[]]
  return { kind: 'ipfs', path: [cid, ...segments.slice(0, -1), path].join('/') }
}

/** A foreign uri, cut to a length that fits a message. */
function show(uri: string): string {
  return JSON.stringify(uri.length > 120 ? `${uri.slice(0, 117)}...` : uri)
}
