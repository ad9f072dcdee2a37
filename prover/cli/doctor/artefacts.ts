// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, statfsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from '../../service/config'
import { configuredHost, type HostRule } from '../../service/artefacts/hosts'
import { openHttp } from '../../service/artefacts/http'
import { checkFolder, gibibytes, type Check } from './check'

const TIMEOUTS = { answer: 5000, idle: 5000 }
/** CID of no bytes at all, which every gateway has: those who specify gateways probe with it. */
const EMPTY = 'bafkqaaa'

/** The store of artefacts, and the places that they come from. */
export function artefactChecks({ stateDir, artefacts, chains }: Config): readonly Check[] {
  const { mirrors, ipfsGateways, kubo, hosts, maxStoreMegabytes } = artefacts
  const fetches = chains.some(({ market }) => market.models !== 'local')
  return [
    {
      name: 'artefacts',
      run: () => {
        const store = checkFolder(join(resolve(stateDir), 'artefacts'), 'set stateDir to another')
        if (fetches && mirrors.length + ipfsGateways.length + hosts.length === 0 && kubo === undefined)
          throw new Error(
            'market.models allows models that are not here, and there is no place to fetch them from; add mirrors, gateways or hosts under artefacts',
          )
        return `${store}${freeSpace(stateDir, maxStoreMegabytes)}`
      },
    },
    ...mirrors.map((mirror, i) => ({ name: `mirror ${i + 1}`, run: () => checkMirror(mirror, hosts) })),
    ...ipfsGateways.map((gateway, i) => ({
      name: `gateway ${i + 1}`,
      run: () => probe(below(gateway, `ipfs/${EMPTY}`), 'GET', configuredHost(new URL(gateway), hosts)),
    })),
    ...(kubo === undefined
      ? []
      : [{ name: 'kubo', run: () => probe(below(kubo, 'api/v0/version'), 'POST', () => 'any') }]),
  ]
}

function freeSpace(stateDir: string, maxStoreMegabytes: number): string {
  if (!existsSync(stateDir)) return ''
  const { bavail, bsize } = statfsSync(stateDir)
  return `, ${gibibytes(bavail * bsize)} free; keeps ${gibibytes(maxStoreMegabytes * 2 ** 20)} at most`
}

function checkMirror(mirror: string, hosts: readonly string[]): string | Promise<string> {
  if (/^https?:\/\//.test(mirror)) return probe(new URL(mirror), 'GET', configuredHost(new URL(mirror), hosts))
  if (!existsSync(join(mirror, 'sha256')))
    throw new Error(`${mirror} has no folder sha256; "zkml publish" makes it, or correct artefacts.mirrors`)
  return `${mirror} is a folder`
}

/** Any answer will do: what lies at the root of a server is its own affair. */
async function probe(url: URL, method: 'GET' | 'POST', rule: HostRule): Promise<string> {
  const request = { method, headers: {}, rule, timeouts: TIMEOUTS, signal: AbortSignal.timeout(2 * TIMEOUTS.answer) }
  const answer = await openHttp(url, request).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}; correct the address under artefacts, or see to the server`)
  })
  answer.destroy()
  const { statusCode = 0 } = answer
  if (statusCode >= 500) throw new Error(`${url.origin} answers with status ${statusCode}; see to the server`)
  return `${url.origin} answers`
}

function below(base: string, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/*$/, '')}/${path}`
  return url
}
