// SPDX-License-Identifier: GPL-3.0-or-later

import { getAddress, hexlify, toBeHex, zeroPadValue } from 'ethers'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { constants, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Client } from 'pg'
import { packageVersion } from '../../prover/project'
import type { Log } from '../../prover/service/log'
import { openStore, type StoreOptions, type StorePlace } from '../../prover/service/store'
import type { ApiOrigin, MarketOrigin } from '../../prover/service/store/job'
import { MIGRATIONS } from '../../prover/service/store/migrations'
import type { Store } from '../../prover/service/store/store'

/** A log that says nothing. */
export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
}

export const TEST_DATA_KEY = Buffer.alloc(32, 7)

export type TestStore = {
  readonly store: Store
  readonly place: StorePlace
  /** A further daemon; on an embedded database, close the one that has it first. */
  open(options?: Partial<StoreOptions>): Promise<Store>
  /** Closes all stores and removes what they left. */
  remove(): Promise<void>
}

/**
 * A store with an empty database of its own: embedded, or a new database on the server `ZKML_TEST_DATABASE_URL`.
 *
 * @example
 * ```ts
 * before(async () => { test = await openTestStore() })
 * after(() => test.remove())
 * ```
 */
export async function openTestStore(options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const server = process.env.ZKML_TEST_DATABASE_URL
  const { place, drop } = server === undefined ? await copyOfTemplate() : await newDatabase(server)
  const stores: Store[] = []
  const open = async (more: Partial<StoreOptions> = {}): Promise<Store> => {
    const store = await openStore(place, { dataKey: TEST_DATA_KEY, log: SILENT, ...options, ...more })
    stores.push(store)
    return store
  }
  return {
    store: await open(),
    place,
    open,
    async remove() {
      for (const store of stores) await store.close()
      await drop()
    },
  }
}

/** An address that ends with a number. */
export function ADDRESS(number: number): string {
  return getAddress(zeroPadValue(toBeHex(number + 0xabcd00), 20))
}

/** Of a transaction about which nothing matters but its job and its purpose. */
export const TERMS = {
  chainId: 1,
  from: ADDRESS(1),
  to: ADDRESS(2),
  data: '0x',
  value: 0n,
  gasLimit: 1n,
  deadline: 1,
}

/** A request nobody has made yet. */
export function marketOrigin(change: Partial<MarketOrigin> = {}): MarketOrigin {
  return {
    kind: 'market',
    chainId: 31337,
    coordinator: ADDRESS(1),
    requestId: hexlify(randomBytes(32)),
    request: {
      requester: ADDRESS(2),
      nonce: 2n ** 256n - 1n,
      modelId: 2n ** 200n,
      inputCommitment: hexlify(randomBytes(32)),
      token: ADDRESS(0),
      minPrice: 1n,
      maxPrice: 2n ** 128n - 1n,
      rampStart: 1_800_000_000n,
      rampSeconds: 60n,
      lockSeconds: 600n,
      deadline: 1_900_000_000n,
      bond: 10n ** 18n,
      callback: ADDRESS(3),
      callbackGas: 0n,
    },
    block: { number: 7, hash: '0x07' },
    ...change,
  }
}

export function apiOrigin(change: Partial<ApiOrigin> = {}): ApiOrigin {
  return { kind: 'api', client: 'test', context: null, submitTo: null, ...change }
}

/** Runs `store-holder.ts` in a process of its own. */
export function startHolder(place: StorePlace, mode: 'hold' | 'close'): ChildProcessByStdio<null, Readable, null> {
  const script = join(__dirname, 'store-holder.ts')
  const args = ['-r', 'ts-node/register/transpile-only', script, JSON.stringify(place), mode]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Starts a holder, and waits until it has taken a job. */
export async function holderWithJob(place: StorePlace): Promise<{ pid: number; jobId: string; kill(): Promise<void> }> {
  const child = startHolder(place, 'hold')
  const [output] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    pid: child.pid!,
    jobId: /^taken (.*)$/m.exec(output.toString())![1]!,
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

type Place = { readonly place: StorePlace; readonly drop: () => Promise<void> }

async function copyOfTemplate(): Promise<Place> {
  const template = await embeddedTemplate()
  const stateDir = mkdtempSync(join(tmpdir(), 'zkml-store-'))
  cpSync(template, stateDir, { recursive: true, mode: constants.COPYFILE_FICLONE })
  return { place: { stateDir }, drop: async () => rmSync(stateDir, { recursive: true, force: true }) }
}

/** A state folder with an empty database, made once: making one takes seconds. */
async function embeddedTemplate(): Promise<string> {
  const versions = ['@electric-sql/pglite', 'pg-boss'].map(packageVersion)
  const hash = createHash('sha256')
    .update(JSON.stringify([MIGRATIONS, versions]))
    .digest('hex')
    .slice(0, 16)
  const template = join(tmpdir(), `zkml-store-template-${hash}`)
  if (existsSync(template)) return template
  const draft = `${template}.${randomBytes(4).toString('hex')}`
  mkdirSync(draft, { mode: 0o700 })
  await (await openStore({ stateDir: draft }, { dataKey: TEST_DATA_KEY, log: SILENT })).close()
  try {
    renameSync(draft, template)
  } catch (error) {
    // Another process was first.
    if (!existsSync(template)) throw error
    rmSync(draft, { recursive: true })
  }
  return template
}

async function newDatabase(server: string): Promise<Place> {
  const name = `zkml_test_${randomBytes(6).toString('hex')}`
  await administer(server, `CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    place: { databaseUrl: url.toString() },
    drop: () => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

async function administer(server: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
