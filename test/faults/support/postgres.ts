// SPDX-License-Identifier: GPL-3.0-or-later

import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProgram, type Program } from './process'
import { eventually } from './wait'

/** Where Debian puts PostgreSQL's programs, a folder a version. */
const VERSIONS = '/usr/lib/postgresql'
/** A server does not run as root; Debian's package makes this account. */
const ACCOUNT = 'postgres'

/** A PostgreSQL server with an empty database, on a port of the loopback interface. */
export type Postgres = {
  /** With the password in it. */
  readonly url: string
  readonly password: string
  start(): Promise<void>
  /** Ends the server: in order, by cutting all connections, or as a crash would. */
  stop(how?: 'smart' | 'fast' | 'crash'): Promise<void>
  /** Ends it and removes its files. */
  remove(): Promise<void>
}

function binaries(): string {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : []
  const found = versions.map((version) => join(VERSIONS, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
  if (found === undefined) {
    throw new Error(`No PostgreSQL in ${VERSIONS}; install it: apt-get install -y postgresql`)
  }
  return found
}

/** Makes a database cluster in a temporary folder and starts it. */
export async function startPostgres(): Promise<Postgres> {
  const bin = binaries()
  const folder = mkdtempSync(join(tmpdir(), 'zkml-postgres-'))
  const account = process.getuid?.() === 0 ? accountIds() : undefined
  if (account !== undefined) chownSync(folder, account.uid, account.gid)
  const password = 'p4ssw0rd-of-the-faults'
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  const data = join(folder, 'data')
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'zkml', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--no-sync'],
    { ...account, cwd: folder, stdio: 'pipe' },
  )
  const port = await freePort()
  const url = `postgres://zkml:${password}@127.0.0.1:${port}/postgres`
  let program: Program | undefined

  const start = async (): Promise<void> => {
    // Crash safety is PostgreSQL's own concern; without fsync the tests are quicker. SIGKILL loses nothing that was
    // written.
    const settings = ['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`, 'fsync=off']
    const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]
    program = startProgram(join(bin, 'postgres'), args, { ...account, cwd: folder })
    await eventually(
      async () => isReady(bin, port),
      () => `PostgreSQL starts: ${program?.output() ?? ''}`,
    )
  }
  const stop = async (how: 'smart' | 'fast' | 'crash' = 'fast'): Promise<void> => {
    await program?.stop(({ smart: 'SIGTERM', fast: 'SIGINT', crash: 'SIGKILL' } as const)[how])
    program = undefined
  }
  await start()
  return {
    url,
    password,
    start,
    stop,
    async remove() {
      await stop('crash')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function accountIds(): { readonly uid: number; readonly gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, ACCOUNT], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

function isReady(bin: string, port: number): boolean {
  try {
    execFileSync(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
