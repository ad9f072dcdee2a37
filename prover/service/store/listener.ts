// SPDX-License-Identifier: GPL-3.0-or-later

import { Client, type ClientConfig } from 'pg'
import type { Log } from '../log'

const FIRST_DELAY_MS = 100
const LAST_DELAY_MS = 5000

type Wake = (payload: string) => void

/** Hears notifications on a connection of its own, made anew with growing delays whenever it is lost. */
export class Listener {
  readonly #options: ClientConfig
  readonly #log: Log
  readonly #channels = new Map<string, Set<Wake>>()
  #client: Client | undefined
  #timer: NodeJS.Timeout | undefined
  #delay = FIRST_DELAY_MS
  #closed = false

  constructor(options: ClientConfig, log: Log) {
    this.#options = options
    this.#log = log
  }

  /** @returns stops. */
  async listen(channel: string, wake: Wake): Promise<() => Promise<void>> {
    const wakes = this.#channels.get(channel) ?? new Set()
    this.#channels.set(channel, wakes.add(wake))
    if (this.#client !== undefined) await this.#say('LISTEN', channel)
    else if (this.#timer === undefined) await this.#connect()
    return async () => {
      wakes.delete(wake)
      if (wakes.size > 0 || this.#channels.get(channel) !== wakes) return
      this.#channels.delete(channel)
      await this.#say('UNLISTEN', channel)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => undefined)
  }

  async #connect(): Promise<void> {
    this.#timer = undefined
    const client = new Client(this.#options)
    this.#client = client
    client.on('error', (error) => this.#lost(client, error))
    client.on('end', () => this.#lost(client, new Error('the server closed it')))
    client.on('notification', ({ channel, payload = '' }) => {
      for (const wake of this.#channels.get(channel) ?? []) wake(payload)
    })
    try {
      await client.connect()
      for (const channel of this.#channels.keys()) await this.#say('LISTEN', channel)
      this.#delay = FIRST_DELAY_MS
    } catch (error) {
      this.#lost(client, error as Error)
    }
  }

  /** A connection that is lost meanwhile is made anew with all channels. */
  async #say(command: 'LISTEN' | 'UNLISTEN', channel: string): Promise<void> {
    const client = this.#client
    if (client === undefined) return
    await client
      .query(`${command} ${client.escapeIdentifier(channel)}`)
      .catch((error: Error) => this.#lost(client, error))
  }

  #lost(client: Client, error: Error): void {
    if (this.#client !== client || this.#closed) return
    this.#log.warn({ reason: error.message, retryInMs: this.#delay }, 'the connection for notifications was lost')
    this.#client = undefined
    void client.end().catch(() => undefined)
    this.#timer = setTimeout(() => void this.#connect(), this.#delay)
    this.#delay = Math.min(this.#delay * 2, LAST_DELAY_MS)
  }
}
