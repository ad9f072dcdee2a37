// SPDX-License-Identifier: GPL-3.0-or-later

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeJsonAtomic } from '../binfile'
import { ServiceError } from './errors'

/** The daemon cannot listen on the address of its API. */
export class ListenError extends ServiceError {
  readonly code = 'API_ADDRESS'
}

/** What a failure to listen means for the operator. */
export function listenError({ host, port }: { readonly host: string; readonly port: number }, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(
        `another program listens on port ${port} of ${host}; stop it, or choose another port with --port or api.port`,
        { cause },
      )
    case 'EACCES':
      return new ListenError(
        `port ${port} of ${host} is for root only; choose one above 1023 with --port or api.port`,
        {
          cause,
        },
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(`${host} is no address of this machine; choose another with --host or api.host`, { cause })
    default:
      return cause
  }
}

/** Base URL of the API for who is on this machine: an address that stands for all of them is no place to go to. */
export function localUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/** Where a running daemon is found. */
export type DaemonAddress = { readonly url: string; readonly pid: number }

/** The file in the state folder that tells where the daemon listens; `zkml jobs` reads it. */
export function addressFile(stateDir: string): string {
  return join(stateDir, 'daemon.json')
}

/** Leaves word where this process listens. */
export async function writeAddress(stateDir: string, url: string): Promise<void> {
  await writeJsonAtomic(addressFile(stateDir), { url, pid: process.pid } satisfies DaemonAddress, 0o600)
}

/** Takes it back, unless it is another daemon's by now: those of a fleet may share a folder. */
export async function removeAddress(stateDir: string): Promise<void> {
  const text = await readFile(addressFile(stateDir), 'utf8').catch(() => undefined)
  if (text !== undefined && (JSON.parse(text) as DaemonAddress).pid === process.pid) await rm(addressFile(stateDir))
}
