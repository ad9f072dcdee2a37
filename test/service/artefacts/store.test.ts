// SPDX-License-Identifier: GPL-3.0-or-later
import { spawnSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import promises from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ArtefactStore, Source } from '../../../prover/service/artefacts'
import { createMetrics } from '../../../prover/service/metrics'
import { bytesOf, filesIn, MiB, openStore, rejection, removeFolder, sha256Of, temporaryFolder } from './support'

/** A source in memory that counts how often it was opened, and may wait before each chunk. */
function memorySource(content: Uint8Array, options: { chunk?: number; wait?: () => Promise<void> } = {}) {
  const { chunk = content.length, wait = () => Promise.resolve() } = options
  const offsets: number[] = []
  const source: Source = {
    name: 'memory',
    open({ offset }) {
      offsets.push(offset)
      const body = (async function* () {
        for (let at = offset; at < content.length; at += chunk) {
          await wait()
          yield content.subarray(at, at + chunk)
        }
      })()
      return Promise.resolve({ offset, body, close: () => undefined })
    },
  }
  return { source, offsets }
}

describe('artefacts: the store', () => {
  let folder: string
  beforeEach(() => {
    folder = temporaryFolder()
  })
  afterEach(() => removeFolder(folder))

  const put = async (store: ArtefactStore, content: Uint8Array) => {
    const sha256 = sha256Of(content)
    const { path, release } = await store.fetch(sha256, {
      sources: [memorySource(content).source],
      bytes: content.length,
    })
    release()
    return { sha256, path }
  }
  /** Makes a file look as if it was last used long ago. */
  const age = (path: string, hours: number) => {
    const used = new Date(Date.now() - 3_600_000 * hours)
    utimesSync(path, used, statSync(path).mtime)
  }

  it('keeps files by hash, read-only, and counts them', async () => {
    const metrics = createMetrics()
    const store = await openStore(folder, { metrics })
    const { sha256, path } = await put(store, bytesOf(1000))
    expect(path).to.equal(join(folder, 'sha256', sha256.slice(0, 2), sha256))
    expect(statSync(path).mode & 0o777).to.equal(0o444)
    expect((await metrics.artefactBytes.get()).values[0]!.value).to.equal(1000)
    expect(filesIn(folder)).to.deep.equal([sha256])
    expect(await store.lease('0'.repeat(64))).to.equal(undefined)
  })

  it('has a file for all who want it at once, from one download', async () => {
    const store = await openStore(folder)
    const content = bytesOf(5000)
    const { source, offsets } = memorySource(content, { chunk: 100 })
    const leases = await Promise.all(
      Array.from({ length: 8 }, () => store.fetch(sha256Of(content), { sources: [source], bytes: 5000 })),
    )
    expect(offsets).to.deep.equal([0])
    for (const { path } of leases) expect(readFileSync(path).equals(content)).to.equal(true)
  })

  it('ends a download only when nobody wants it any more, and goes on later', async () => {
    const store = await openStore(folder)
    const content = bytesOf(5000)
    let open: () => void = () => undefined
    let count = 0
    const gate = new Promise<void>((resolve) => (open = resolve))
    const { source, offsets } = memorySource(content, {
      chunk: 1000,
      wait: () => (++count === 4 ? gate : Promise.resolve()),
    })
    const controllers = [new AbortController(), new AbortController()]
    const request = { sources: [source], bytes: 5000 }
    const half = new Promise<void>((resolve) => {
      const onProgress = (bytes: number) => bytes === 3000 && resolve()
      for (const { signal } of controllers)
        store.fetch(sha256Of(content), { ...request, signal, onProgress }).catch(() => undefined)
    })
    await half
    controllers[0]!.abort()
    const joined = rejection(store.fetch(sha256Of(content), { ...request, signal: controllers[1]!.signal }))
    controllers[1]!.abort()
    open()
    expect((await joined).name).to.equal('AbortError')
    const { path } = await store.fetch(sha256Of(content), request)
    expect(offsets).to.deep.equal([0, 3000])
    expect(readFileSync(path).equals(content)).to.equal(true)
    expect(filesIn(join(folder, 'partial'))).to.deep.equal([])
  })

  it('finds that a file has changed, and never hands it out', async () => {
    let store = await openStore(folder)
    const content = bytesOf(1000)
    const { sha256, path } = await put(store, content)
    const damage = async () => {
      await promises.chmod(path, 0o644)
      writeFileSync(path, bytesOf(1000, 2))
    }
    await damage()
    expect((await rejection(store.lease(sha256))).code).to.equal('ARTEFACT_CORRUPT')
    expect(existsSync(path)).to.equal(false)
    await put(store, content)
    await damage()
    // Before a new process has looked at it, nothing is trusted; and here it is fetched again.
    store = await openStore(folder)
    await put(store, content)
    expect(readFileSync(path).equals(content)).to.equal(true)
    expect(await store.lease(sha256)).to.have.property('path', path)
  })

  it('finds damage that left size and time as they were, once it is told to distrust', async () => {
    const store = await openStore(folder)
    const { sha256, path } = await put(store, bytesOf(1000))
    const { atime, mtime } = statSync(path)
    await promises.chmod(path, 0o644)
    writeFileSync(path, bytesOf(1000, 2))
    utimesSync(path, atime, mtime)
    store.distrust()
    expect((await rejection(store.lease(sha256))).code).to.equal('ARTEFACT_CORRUPT')
  })

  describe('when it is full', () => {
    it('removes what was longest unused, but nothing that is held or part of a model', async () => {
      const store = await openStore(folder, { maxStoreBytes: 4 * MiB })
      const files = []
      for (let seed = 0; seed < 4; seed++) files.push(await put(store, bytesOf(MiB, seed)))
      files.forEach(({ path }, i) => age(path, 4 - i))
      const [held, linked, old, young] = files
      const lease = await store.lease(held!.sha256)
      linkSync(linked!.path, join(store.models, 'zkey'))
      age(held!.path, 9)
      await put(store, bytesOf(MiB / 2, 9))
      expect(files.map(({ path }) => existsSync(path))).to.deep.equal([true, true, false, true])
      await put(store, bytesOf(MiB, 10))
      expect(existsSync(young!.path), 'young').to.equal(false)
      expect(existsSync(old!.path)).to.equal(false)
      lease!.release()
      await put(store, bytesOf(MiB, 11))
      expect([held, linked].map((file) => existsSync(file!.path))).to.deep.equal([false, true])
    })

    it('refuses what cannot fit, and promises no room twice', async () => {
      const store = await openStore(folder, { maxStoreBytes: 2.5 * MiB })
      const fetches = [0, 1, 2].map((seed) => {
        const content = bytesOf(MiB, seed)
        const { source } = memorySource(content, { chunk: 100_000 })
        return store.fetch(sha256Of(content), { sources: [source], bytes: MiB })
      })
      const results = await Promise.allSettled(fetches)
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as object] : []))
      expect(refused).to.have.length(1)
      expect(refused[0]).to.include({ code: 'ARTEFACT_STORE_FULL', transient: true })
      expect(filesIn(folder)).to.have.length(2)
    })

    for (const [what, code, expected] of [
      ['a full disk', 'ENOSPC', 'ARTEFACT_STORE_FULL'],
      ['a full quota', 'EDQUOT', 'ARTEFACT_STORE_FULL'],
      ['a failing disk', 'EIO', 'FILE_WRITE_FAILED'],
    ] as const) {
      it(`leaves nothing half-written on ${what}, and works when that is over`, async () => {
        const store = await openStore(folder)
        const content = bytesOf(5000)
        const request = { sources: [memorySource(content, { chunk: 1000 }).source], bytes: 5000 }
        const restore = failWrites(code, 2500)
        try {
          expect((await rejection(store.fetch(sha256Of(content), request))).code).to.equal(expected)
        } finally {
          restore()
        }
        expect(filesIn(folder)).to.deep.equal([])
        const { path } = await store.fetch(sha256Of(content), request)
        expect(readFileSync(path).equals(content)).to.equal(true)
      })
    }
  })

  describe('after a crash', () => {
    const HASH = sha256Of(bytesOf(5000))
    /** The number of a process that has ended. */
    const dead = () => spawnSync(process.execPath, ['-e', '']).pid
    const leave = (owner: string, content: Uint8Array, hours = 0) => {
      mkdirSync(join(folder, 'partial'), { recursive: true })
      const path = join(folder, 'partial', `${HASH}.${owner}`)
      writeFileSync(path, content)
      const time = new Date(Date.now() - 3_600_000 * hours)
      utimesSync(path, time, time)
      return path
    }
    const host = hostname().replace(/[^\w-]/g, '_')

    it('goes on with what a process left that died', async () => {
      for (const owner of [`${host}.${dead()}.0123`, `${host}.${process.pid}.0123`]) {
        const path = leave(owner, bytesOf(5000).subarray(0, 3000))
        const store = await openStore(folder)
        const { source, offsets } = memorySource(bytesOf(5000))
        const lease = await store.fetch(HASH, { sources: [source], bytes: 5000 })
        expect(offsets).to.deep.equal([3000])
        expect(existsSync(path)).to.equal(false)
        removeFolder(lease.path)
      }
    })

    it('takes a complete file that was only not renamed, and starts again from a wrong or overlong one', async () => {
      for (const [left, expected] of [
        [bytesOf(5000), []],
        [bytesOf(5000, 2), [0]],
        [bytesOf(6000), [0]],
        [bytesOf(3000, 2), [3000, 0]],
      ] as const) {
        leave(`${host}.${dead()}.0123`, left)
        const store = await openStore(folder)
        const { source, offsets } = memorySource(bytesOf(5000))
        const lease = await store.fetch(HASH, { sources: [source], bytes: 5000 })
        expect(offsets).to.deep.equal(expected)
        expect(readFileSync(lease.path).equals(bytesOf(5000))).to.equal(true)
        removeFolder(lease.path)
      }
    })

    it('leaves alone what another process may be writing, and removes what is old', async () => {
      const alive = leave(`${host}.${process.ppid}.0123`, bytesOf(10))
      const elsewhere = leave('another-host.1.0123', bytesOf(10))
      const old = leave('another-host.2.0123', bytesOf(10), 30)
      const store = await openStore(folder)
      expect([alive, elsewhere, old].map(existsSync)).to.deep.equal([true, true, false])
      const { source, offsets } = memorySource(bytesOf(5000))
      await store.fetch(HASH, { sources: [source], bytes: 5000 })
      expect(offsets).to.deep.equal([0])
      expect([alive, elsewhere].map(existsSync)).to.deep.equal([true, true])
    })

    it('makes room of what was left first', async () => {
      const left = leave(`${host}.${dead()}.0123`, bytesOf(MiB))
      const store = await openStore(folder, { maxStoreBytes: 2 * MiB })
      await put(store, bytesOf(2 * MiB, 7))
      expect(existsSync(left)).to.equal(false)
    })
  })
})

/** Lets writes fail once this many bytes of a file are written; returns what ends that. */
function failWrites(code: string, after: number): () => void {
  const { open } = promises
  promises.open = async (...args) => {
    const file = await open(...args)
    const write = file.write.bind(file) as (...given: unknown[]) => ReturnType<typeof file.write>
    let written = 0
    file.write = ((chunk: Uint8Array, ...rest: unknown[]) => {
      if ((written += chunk.byteLength) > after) return Promise.reject(Object.assign(new Error(code), { code }))
      return write(chunk, ...rest)
    }) as typeof file.write
    return file
  }
  return () => {
    promises.open = open
  }
}
