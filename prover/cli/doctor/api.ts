// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { addressFile, listenError, localUrl, type DaemonAddress } from '../../service/address'
import type { Config } from '../../service/config'
import type { Check } from './check'

const ANSWER_MILLISECONDS = 3000

/** Whether the API can listen on its address, or does already. */
export function apiCheck({ api, stateDir }: Config): Check {
  const { host, port, tokens } = api
  const place = `port ${port === 0 ? 'that is free' : port} of ${host}`
  return {
    name: 'api',
    run: async () => {
      const url = localUrl(host, port)
      if (isOurs(stateDir, url) && (await answers(url))) return `the daemon of this state folder answers at ${url}`
      await tryListening(host, port).catch((error: unknown) => {
        throw listenError(api, error)
      })
      return `can listen on ${place}; ${tokens.length} tokens besides the operator's`
    },
  }
}

function isOurs(stateDir: string, url: string): boolean {
  const file = addressFile(stateDir)
  return existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as DaemonAddress).url === url
}

async function answers(url: string): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_MILLISECONDS)
  return fetch(`${url}/healthz`, { signal }).then(
    ({ ok }) => ok,
    () => false,
  )
}

function tryListening(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port }, () => server.close(() => resolve()))
  })
}
