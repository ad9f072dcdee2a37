// SPDX-License-Identifier: GPL-3.0-or-later

import { Client, type ClientConfig } from 'pg'
import type { Log } from '../log'

const FIRST_DELAY_MS = 100
const LAST_DELAY_MS = 5000

type Wake = (payload: string) => void

/** A connection that hears notifications, made anew with growing delays whenever it is lost. */
export function createListener(options: ClientConfig, log: Log) {
  const channels = new Map<string, Set<Wake>>()
  let client: Client | undefined
  let timer: NodeJS.Timeout | undefined
  let delay = FIRST_DELAY_MS
  let closed = false

  const lost = (failed: Client): void => {
    if (client !== failed || closed) return
    client = undefined
    void failed.end().catch(() => undefined)
    timer = setTimeout(connect, delay)
    delay = Math.min(delay * 2, LAST_DELAY_MS)
  }
  const connect = (): void => {
    const fresh = new Client(options)
    client = fresh
    fresh.on('error', (error) => {
      log.warn({ reason: error.message }, 'the connection for database notifications was lost')
      lost(fresh)
    })
    fresh.on('end', () => lost(fresh))
    fresh.on('notification', ({ channel, payload }) => {
      for (const wake of channels.get(channel) ?? []) wake(payload ?? '')
    })
    fresh
      .connect()
      .then(async () => {
        for (const channel of channels.keys()) await fresh.query(`LISTEN ${fresh.escapeIdentifier(channel)}`)
        delay = FIRST_DELAY_MS
      })
      .catch(() => lost(fresh))
  }

  return {
    async listen(channel: string, wake: Wake): Promise<() => Promise<void>> {
      const wakes = channels.get(channel) ?? new Set()
      const first = wakes.size === 0
      channels.set(channel, wakes.add(wake))
      if (client === undefined && timer === undefined) connect()
      else if (first) await client?.query(`LISTEN ${client.escapeIdentifier(channel)}`).catch(() => undefined)
      return async () => {
        wakes.delete(wake)
        if (wakes.size > 0) return
        channels.delete(channel)
        await client?.query(`UNLISTEN ${client.escapeIdentifier(channel)}`).catch(() => undefined)
      }
    },
    async close(): Promise<void> {
      closed = true
      clearTimeout(timer)
      await client?.end().catch(() => undefined)
    },
  }
}
