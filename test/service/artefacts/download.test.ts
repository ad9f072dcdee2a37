// SPDX-License-Identifier: GPL-3.0-or-later
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import {
  folderSource,
  httpSource,
  kuboSource,
  sourcesOf,
  type ArtefactStore,
  type FetchPlaces,
  type Source,
} from '../../../prover/service/artefacts'
import { configuredHost, listedHosts, type HostRule } from '../../../prover/service/artefacts/hosts'
import {
  bytesOf,
  decent,
  MiB,
  openStore,
  rejection,
  removeFolder,
  sha256Of,
  temporaryFolder,
  TestServer,
} from './support'

const CONTENT = bytesOf(300_000)
const HASH = sha256Of(CONTENT)

describe('artefacts: fetching', () => {
  let folder: string
  let store: ArtefactStore
  let server: TestServer
  let other: TestServer
  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(folder)
  })
  afterEach(() => removeFolder(folder))
  before(async () => {
    server = await TestServer.start()
    other = await TestServer.start()
  })
  after(async () => {
    await server.stop()
    await other.stop()
  })

  const at = (place: TestServer, rule: HostRule = () => 'any', path = 'file'): Source =>
    httpSource(new URL(`${place.url}/${path}`), rule)
  const get = (sources: readonly Source[] = [at(server)], options: object = { bytes: CONTENT.length }, hash = HASH) =>
    store.fetch(hash, { sources, ...options })
  const expectContent = async (lease: Promise<{ path: string; release(): void }>) => {
    const { path, release } = await lease
    expect(readFileSync(path).equals(CONTENT)).to.equal(true)
    expect(path).to.equal(store.pathOf(HASH))
    release()
  }
  /** The fetch fails for good, and nothing is kept of it. */
  const expectRefusal = async (promise: Promise<unknown>, message: RegExp, transient = false) => {
    const error = await rejection(promise)
    expect(error.message).to.match(message)
    expect(error).to.include({ code: 'ARTEFACT_FETCH_FAILED', transient })
    expect(existsSync(store.pathOf(HASH))).to.equal(false)
  }

  describe('from an honest server', () => {
    it('takes a file, with progress, once', async () => {
      server.serve(decent(CONTENT))
      const seen: number[] = []
      await expectContent(get([at(server)], { bytes: CONTENT.length, onProgress: (bytes: number) => seen.push(bytes) }))
      expect(seen.at(-1)).to.equal(CONTENT.length)
      expect(seen).to.deep.equal([...seen].sort((a, b) => a - b))
      await expectContent(get([]))
      expect(server.requests).to.have.length(1)
      expect(server.requests[0]!.headers).to.include({ 'accept-encoding': 'identity' })
    })

    it('takes a file of unknown size, within a cap', async () => {
      server.serve((_, response) => response.writeHead(200).end(CONTENT))
      await expectContent(get([at(server)], { maxBytes: CONTENT.length }))
    })

    it('goes on where an answer broke off', async () => {
      let count = 0
      server.serve((request, response) => {
        if (++count > 1) return decent(CONTENT)(request, response)
        response.writeHead(200, { 'content-length': CONTENT.length, etag: '"1"' })
        response.write(CONTENT.subarray(0, 100_000), () => response.destroy())
      })
      await expectContent(get())
      const [, second] = server.requests
      // It is another version by its ETag, so the server starts again.
      expect(second!.headers['if-range']).to.equal('"1"')
      expect(second!.headers.range).to.match(/^bytes=\d+-$/)
    })

    it('sends only what is missing when the file is the same', async () => {
      let sent = 0
      server.serve((request, response) => {
        const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
        if (start > 0) {
          sent = CONTENT.length - start
          return decent(CONTENT, '"1"')(request, response)
        }
        response.writeHead(200, { 'content-length': CONTENT.length, etag: '"1"' })
        response.write(CONTENT.subarray(0, 200_000), () => setTimeout(() => response.destroy(), 20))
      })
      await expectContent(get())
      expect(sent).to.be.within(1, CONTENT.length - 1)
    })

    it('starts again where a server knows no ranges', async () => {
      let count = 0
      server.serve((_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length })
        if (++count > 1) response.end(CONTENT)
        else response.write(CONTENT.subarray(0, 100_000), () => response.destroy())
      })
      await expectContent(get())
      expect(count).to.equal(2)
    })

    it('goes on at another server', async () => {
      server.serve((_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length, etag: '"1"' })
        response.write(CONTENT.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20))
      })
      other.serve(decent(CONTENT))
      // Every attempt at the first gets somewhere, none to the end.
      await expectContent(get([at(server), at(other)]))
      expect(other.requests[0]!.headers).to.have.property('range')
      expect(other.requests[0]!.headers).not.to.have.property('if-range')
    })

    it('follows redirects to the content', async () => {
      other.serve(decent(CONTENT))
      server.serve((_, response) => response.writeHead(302, { location: `${other.url}/there` }).end())
      await expectContent(get([at(server, listedHosts([server.host, other.host]))]))
    })

    it('waits and asks again when it is busy', async () => {
      let count = 0
      server.serve((request, response) => {
        if (++count < 3) response.writeHead(503, { 'retry-after': '0' }).end('busy')
        else decent(CONTENT)(request, response)
      })
      await expectContent(get())
      expect(count).to.equal(3)
    })
  })

  describe('from a server that lies', () => {
    it('refuses other content', async () => {
      server.serve(decent(bytesOf(CONTENT.length, 2)))
      await expectRefusal(get(), /does not have that content/)
      expect(server.requests).to.have.length(1)
    })

    it('refuses another size before reading', async () => {
      server.serve((_, response) => response.writeHead(200, { 'content-length': 10 * MiB }).write('x'))
      await expectRefusal(get(), /a file of 10485760 bytes, not of 300000/)
      await expectRefusal(get([at(server)], { maxBytes: 1000 }), /not of at most 1000/)
    })

    it('cuts off an endless body', async () => {
      let sent = 0
      server.serve((_, response) => {
        response.writeHead(200)
        const more = () => {
          while (!response.destroyed && response.write(CONTENT)) sent += CONTENT.length
          sent += CONTENT.length
        }
        response.on('drain', more)
        more()
      })
      await expectRefusal(get(), /sends more than 300000 bytes/)
      expect(sent).to.be.lessThan(16 * MiB)
    })

    it('does not take a short body for the file', async () => {
      server.serve((_, response) => response.writeHead(200).end(CONTENT.subarray(1)))
      await expectRefusal(get(), /ended after|not of 300000|does not have that content/, true)
      server.serve((_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length })
        response.write(CONTENT.subarray(0, 1000), () => response.destroy())
      })
      await expectRefusal(get(), /connection to .* failed|ended after/, true)
    })

    it('refuses compressed bodies, which could be bombs', async () => {
      const bomb = gzipSync(Buffer.alloc(4 * MiB))
      server.serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb))
      await expectRefusal(get(), /sends gzip though it was asked not to/)
    })

    it('gives up on one that stalls, before or within its answer', async () => {
      store = await openStore(folder, { rules: { timeouts: { answer: 100, idle: 100 }, attempts: 2, backoff: 1 } })
      server.serve(() => undefined)
      await expectRefusal(get(), /did not answer in/, true)
      server.serve((_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length })
        response.write(CONTENT.subarray(0, 1000))
      })
      await expectRefusal(get(), /sent nothing for/, true)
    })

    it('gives up on one that sends a byte now and then', async () => {
      const rules = { timeouts: { answer: 150, idle: 150 }, slowest: 2 ** 30, attempts: 3, backoff: 1 }
      store = await openStore(folder, { rules })
      server.serve((_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length })
        const timer = setInterval(() => response.write('x'), 20)
        response.on('close', () => clearInterval(timer))
      })
      await expectRefusal(get(), /is too slow/, true)
    })

    it('does not mix up ranges', async () => {
      let count = 0
      server.serve((_, response) => {
        if (++count > 1) {
          response.writeHead(206, { 'content-range': `bytes 7-${CONTENT.length - 1}/${CONTENT.length}` }).end('x')
          return
        }
        response.writeHead(200, { 'content-length': CONTENT.length })
        response.write(CONTENT.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20))
      })
      await expectRefusal(get(), /another range than it was asked for/)
    })

    it('recovers from a liar whose first half was taken', async () => {
      server.serve((_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length })
        response.write(bytesOf(100_000, 3), () => setTimeout(() => response.destroy(), 20))
      })
      other.serve(decent(CONTENT))
      await expectContent(get([at(server), at(other)]))
      // First the missing part, and then, as the whole is wrong, all of it.
      expect(other.requests.map(({ headers }) => headers.range !== undefined)).to.deep.equal([true, false])
    })

    it('tells every reason, without paths or credentials', async () => {
      server.serve((_, response) => response.writeHead(404).end())
      const url = new URL(`http://name:secret@${server.host}/private?token=secret`)
      const error = await rejection(get([httpSource(url, () => 'any'), folderSource('/nowhere', HASH)]))
      expect(error.message).to.match(/status 404; \/nowhere does not have it/)
      expect(error.message).not.to.match(/secret|private/)
      expect(server.requests[0]!.headers.authorization).to.match(/^Basic /)
      await expectRefusal(get([]), /no place is known/)
    })
  })

  describe('within the rules', () => {
    it('does not follow a redirect to a host that is not listed', async () => {
      other.serve(decent(CONTENT))
      server.serve((_, response) => response.writeHead(302, { location: `${other.url}/there` }).end())
      await expectRefusal(get([at(server, listedHosts([server.host]))]), /is not among the hosts/)
      expect(other.requests).to.have.length(0)
    })

    it('does not follow a configured mirror to a private address', async () => {
      other.serve(decent(CONTENT))
      const rule = configuredHost(new URL(server.url), [])
      for (const location of [
        `${other.url}/there`,
        `http://localhost:${other.port}/there`,
        `http://[::1]:${other.port}/`,
        'http://169.254.169.254/latest/meta-data/',
      ]) {
        server.serve((_, response) => response.writeHead(302, { location }).end())
        await expectRefusal(get([at(server, rule)]), /private/)
      }
      expect(other.requests).to.have.length(0)
    })

    it('does not contact what a registry entry names inside', async () => {
      server.serve(decent(CONTENT))
      const places: FetchPlaces = { mirrors: [], ipfsGateways: [], hosts: ['*'] }
      for (const host of [server.host, `localhost:${server.port}`])
        await expectRefusal(
          get(sourcesOf(HASH, [{ kind: 'http', url: `http://${host}/x` }], places)),
          /is not among the hosts/,
        )
      await expectRefusal(
        get(sourcesOf(HASH, [{ kind: 'http', url: 'http://localhost/x' }], places)),
        /localhost is a loopback/,
      )
      expect(server.requests).to.have.length(0)
      const listed = { ...places, hosts: [`localhost:${server.port}`] }
      await expectContent(get(sourcesOf(HASH, [{ kind: 'http', url: `http://localhost:${server.port}/x` }], listed)))
    })

    it('ends redirects that go nowhere, round and round, or to another protocol', async () => {
      server.serve((_, response) => response.writeHead(302, { location: '/again' }).end())
      await expectRefusal(get(), /redirects more than 5 times/)
      expect(server.requests).to.have.length(6)
      server.serve((_, response) => response.writeHead(302).end())
      await expectRefusal(get(), /redirects to nowhere/)
      server.serve((_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end())
      await expectRefusal(get(), /no protocol to fetch by/)
    })

    it('does not give credentials to the next host', async () => {
      other.serve(decent(CONTENT))
      server.serve((_, response) => response.writeHead(307, { location: `${other.url}/there` }).end())
      await expectContent(get([httpSource(new URL(`http://name:secret@${server.host}/`), () => 'any')]))
      expect(other.requests[0]!.headers).not.to.have.property('authorization')
    })

    it('refuses files above the cap without asking', async () => {
      server.serve(decent(CONTENT))
      const error = await rejection(get([at(server)], { bytes: 9 * MiB }))
      expect(error.code).to.equal('ARTEFACT_TOO_LARGE')
      expect(server.requests).to.have.length(0)
    })
  })

  describe('from other places', () => {
    const CID = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'

    it('takes mirrors, a Kubo node, gateways and the address itself in turn', async () => {
      const mirror = join(folder, 'mirror')
      mkdirSync(join(mirror, 'sha256'), { recursive: true })
      const places: FetchPlaces = {
        mirrors: [mirror, `${server.url}/mirror/`],
        kubo: server.url,
        ipfsGateways: [`${server.url}/gateway`],
        hosts: [server.host],
      }
      const seen: string[] = []
      server.serve((request, response) => {
        seen.push(`${request.method} ${request.url}`)
        response.writeHead(404).end()
      })
      const locations = [
        { kind: 'http', url: `${server.url}/file` },
        { kind: 'ipfs', path: `${CID}/file` },
      ] as const
      await expectRefusal(get(sourcesOf(HASH, locations, places)), /mirror does not have it/)
      expect(seen).to.deep.equal([
        `GET /mirror/sha256/${HASH}`,
        `POST /api/v0/cat?arg=${CID}%2Ffile&offset=0`,
        `GET /gateway/ipfs/${CID}/file`,
        'GET /file',
      ])
      writeFileSync(join(mirror, 'sha256', HASH), CONTENT)
      await expectContent(get(sourcesOf(HASH, locations, places)))
      expect(seen).to.have.length(4)
    })

    it('goes on at a Kubo node by offset, and follows it nowhere', async () => {
      let count = 0
      server.serve((request, response) => {
        const offset = Number(new URL(request.url!, server.url).searchParams.get('offset'))
        response.writeHead(200)
        if (++count > 1) response.end(CONTENT.subarray(offset))
        else response.write(CONTENT.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20))
      })
      await expectContent(get([kuboSource(server.url, CID)]))
      expect(server.requests[1]!.url).to.match(/offset=\d{2,}/)
      server.serve((_, response) => response.writeHead(307, { location: other.url }).end())
      const error = await rejection(get([kuboSource(server.url, CID)], {}, '0'.repeat(64)))
      expect(error.message).to.match(/redirects a request/)
    })

    it('refuses what a folder has under the wrong name', async () => {
      mkdirSync(join(folder, 'mirror', 'sha256'), { recursive: true })
      writeFileSync(join(folder, 'mirror', 'sha256', HASH), bytesOf(CONTENT.length, 4))
      await expectRefusal(get([folderSource(join(folder, 'mirror'), HASH)]), /does not have that content/)
      mkdirSync(join(folder, 'empty', 'sha256', HASH), { recursive: true })
      await expectRefusal(get([folderSource(join(folder, 'empty'), HASH)]), /does not have it/)
    })
  })
})
