// SPDX-License-Identifier: GPL-3.0-or-later
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { artefactPaths, loadModel, proveInference, setupModel } from '../../../prover/pipeline'
import {
  createCatalogue,
  modelKey,
  parseArtefactUri,
  publishFolder,
  rebuildApart,
  type CatalogueOptions,
  type FetchPlaces,
} from '../../../prover/service/artefacts'
import { rebuildModel } from '../../../prover/service/artefacts/rebuild-model'
import { createMetrics } from '../../../prover/service/metrics'
import { entryOf, forgetKeys, makeModel, staticFiles } from './models'
import { filesIn, memoryLog, openStore, rejection, removeFolder, temporaryFolder, TestServer } from './support'

const NOWHERE: FetchPlaces = { mirrors: [], ipfsGateways: [], hosts: [] }

describe('artefacts: the catalogue', function () {
  this.timeout(120_000)
  let base: string
  /** A model, and another one. */
  let tiny: string
  let other: string
  before(async () => {
    base = temporaryFolder()
    tiny = await makeModel(join(base, 'tiny'))
    other = await makeModel(join(base, 'other'), 2, 'other')
  })
  after(() => removeFolder(base))

  let folder: string
  beforeEach(() => {
    folder = temporaryFolder()
  })
  afterEach(() => removeFolder(folder))

  const create = async (options: Partial<CatalogueOptions>) => {
    const store = options.store ?? (await openStore(join(folder, 'state')))
    return createCatalogue({ folders: [], store, fetch: 'never', places: NOWHERE, log: memoryLog(), ...options })
  }
  const copy = (from: string, name: string) => {
    cpSync(from, join(folder, name), { recursive: true })
    return join(folder, name)
  }

  describe('of local models', () => {
    it('has those of single folders and of folders of folders', async () => {
      copy(tiny, 'all/b')
      copy(other, 'all/a')
      mkdirSync(join(folder, 'all/notes'))
      writeFileSync(join(folder, 'all/readme.txt'), '')
      const catalogue = await create({ folders: [tiny, join(folder, 'all')] })
      expect(catalogue.list().map(({ key }) => key)).to.deep.equal(['tiny', 'a', 'b'])
      expect(catalogue.problems()).to.deep.equal([])
      const model = catalogue.get('a')!
      expect(model).to.include({ source: 'local', folder: join(folder, 'all/a') })
      expect(model.vkHash).to.equal(entryOf(other, '').vkHash)
      expect(catalogue.get(model.file.modelHash)).to.equal(model)
      expect(catalogue.get(model.file.circuitHash)).to.equal(model)
      expect(catalogue.get('c')).to.equal(undefined)
    })

    it('names models alike in a fixed way, and one folder once', async () => {
      const folders = ['x/m', 'y/m', 'z/m-2'].map((name) => copy(tiny, name))
      symlinkSync(folders[0]!, join(folder, 'link'))
      const catalogue = await create({ folders: [...folders, folders[0]!, join(folder, 'link')] })
      expect(catalogue.list().map(({ key }) => key)).to.deep.equal(['m', 'm-2', 'm-2-2'])
      expect(catalogue.list().map((model) => model.folder)).to.deep.equal(folders)
    })

    it('reports folders that cannot be served, and serves the others', async () => {
      const without = (name: string, file: string) => rmSync(join(copy(tiny, `all/${name}`), file))
      without('no-key', 'key.json')
      without('no-onnx', 'model.onnx')
      without('no-zkey', 'proving_key.zkey')
      const damaged = copy(tiny, 'all/damaged')
      writeFileSync(join(damaged, 'model.json'), '{"format":"zkml-model/1"')
      const mixed = copy(tiny, 'all/mixed')
      cpSync(join(other, 'proving_key.zkey'), join(mixed, 'proving_key.zkey'))
      const foreign = copy(tiny, 'all/foreign')
      for (const file of ['key.json', 'verification_key.json', 'proving_key.zkey'])
        cpSync(join(other, file), join(foreign, file))
      const [log, metrics] = [memoryLog(), createMetrics()]
      const folders = [join(folder, 'all'), join(folder, 'missing'), tiny]
      const catalogue = await create({ folders, log, metrics })
      expect(catalogue.list().map(({ key }) => key)).to.deep.equal(['tiny'])
      const codes = Object.fromEntries(
        catalogue.problems().map(({ folder: at, code }) => [at.slice(folder.length), code]),
      )
      expect(codes).to.deep.equal({
        '/all/damaged': 'ARTEFACT_INVALID',
        '/all/foreign': 'ARTEFACT_CORRUPT',
        '/all/mixed': 'ARTEFACT_CORRUPT',
        '/all/no-key': 'ARTEFACT_INVALID',
        '/all/no-onnx': 'ARTEFACT_INVALID',
        '/all/no-zkey': 'ARTEFACT_INVALID',
        '/missing': 'ENOENT',
      })
      expect(log.lines.filter(({ level }) => level === 'warn')).to.have.length(7)
      expect(await metrics.registry.metrics()).to.match(/errors_total\{code="ARTEFACT_CORRUPT",module="artefacts"\} 2/)
    })

    it('sees folders that come and go when it is refreshed', async () => {
      copy(tiny, 'all/a')
      const catalogue = await create({ folders: [join(folder, 'all')] })
      copy(other, 'all/b')
      rmSync(join(folder, 'all/a'), { recursive: true })
      expect(catalogue.list().map(({ key }) => key)).to.deep.equal(['a'])
      await catalogue.refresh()
      expect(catalogue.list().map(({ key }) => key)).to.deep.equal(['b'])
    })

    it('are found for a registry entry that has every hash in common', async () => {
      const catalogue = await create({ folders: [other, tiny] })
      expect((await catalogue.resolve(entryOf(tiny, ''))).key).to.equal('tiny')
      for (const hash of ['modelHash', 'r1csHash', 'recipeHash', 'ioSchemaHash', 'vkHash', 'setupHash'] as const) {
        const error = await rejection(catalogue.resolve(entryOf(tiny, '', { [hash]: `0x${'1'.repeat(64)}` })))
        expect(error.code, hash).to.equal('MODEL_UNAVAILABLE')
      }
      for (const change of [{ weightsCommitment: 1n }, { proofSystemId: '0x12345678' }])
        expect((await rejection(catalogue.resolve(entryOf(tiny, '', change)))).code).to.equal('MODEL_UNAVAILABLE')
    })

    it('are not found any more when they were replaced behind its back', async () => {
      const mine = copy(tiny, 'mine')
      const catalogue = await create({ folders: [mine] })
      const before = entryOf(mine, '')
      await catalogue.resolve(before)
      await setupModel(mine, { dev: true })
      expect((await rejection(catalogue.resolve(before))).code).to.equal('MODEL_UNAVAILABLE')
      expect((await catalogue.resolve(entryOf(mine, ''))).key).to.equal('mine')
    })
  })

  describe('of registered models', () => {
    let server: TestServer
    let remember: () => void
    let uri: string
    before(async () => {
      server = await TestServer.start()
      uri = (await publishFolder(tiny, join(base, 'public'), server.url)).uri
      remember = forgetKeys(base)
    })
    after(async () => {
      remember()
      await server.stop()
    })
    beforeEach(() => server.serve(staticFiles(join(base, 'public'))))

    const places = () => ({ ...NOWHERE, hosts: [server.host] })
    const ID = 0xabcn

    it('are fetched, rebuilt, checked and served; found again at the next start; and replaced when damaged', async () => {
      const entry = entryOf(tiny, uri)
      const log = memoryLog()
      let store = await openStore(join(folder, 'state'))
      let catalogue = await create({ store, fetch: [ID], places: places(), log })
      const [model, again] = await Promise.all([catalogue.resolve(entry), catalogue.resolve(entry)])
      expect(again).to.equal(model)
      expect(model).to.include({ key: modelKey(ID), source: 'fetched', folder: join(store.models, modelKey(ID)) })
      expect(catalogue.get(modelKey(ID))).to.equal(model)
      const requests = server.requests.length
      expect(requests).to.equal(5)
      expect(await catalogue.resolve(entry)).to.equal(model)
      expect(readdirSync(store.models)).to.deep.equal([modelKey(ID)])

      // It is the same model, and proves. The key was checked, so it is not checked again.
      for (const file of ['circuit.r1cs', 'model.json', 'verification_key.json', 'proving_key.zkey'])
        expect(readFileSync(join(model.folder, file)).equals(readFileSync(join(tiny, file))), file).to.equal(true)
      expect(readdirSync(join(base, 'cache', 'keys'))).to.have.length(1)
      const proof = await proveInference(await loadModel(model.folder), {
        sample: [Float64Array.of(1, 2)],
        context: null,
      })
      expect(proof.vkHash).to.equal(entry.vkHash)

      // The next start knows it without asking anyone.
      store = await openStore(join(folder, 'state'))
      catalogue = await create({ store, log })
      expect((await catalogue.resolve(entry)).key).to.equal(modelKey(ID))
      expect(server.requests).to.have.length(requests)

      // Damage of its key shows at the next start: it is not served, and where that is allowed, made again.
      const zkey = artefactPaths(model.folder).zkey
      const bytes = readFileSync(zkey)
      bytes[bytes.length - 100]! ^= 1
      rmSync(zkey)
      writeFileSync(zkey, bytes)
      store = await openStore(join(folder, 'state'))
      catalogue = await create({ store, log })
      expect(catalogue.list()).to.deep.equal([])
      expect((await rejection(catalogue.resolve(entry))).code).to.equal('MODEL_UNAVAILABLE')
      catalogue = await create({ store, fetch: 'any', places: places(), log, rebuild: rebuildModel })
      const restored = await catalogue.resolve(entry)
      expect(readFileSync(artefactPaths(restored.folder).zkey).equals(readFileSync(artefactPaths(tiny).zkey))).to.equal(
        true,
      )
      // All of it was still in the store.
      expect(server.requests).to.have.length(requests)
    })

    it('are not fetched against the rules', async () => {
      const entry = entryOf(tiny, uri)
      for (const fetch of ['never', [], [0xabdn]] as const) {
        const catalogue = await create({ fetch, places: places() })
        expect((await rejection(catalogue.resolve(entry))).code).to.equal('MODEL_UNAVAILABLE')
      }
      const catalogue = await create({ fetch: 'any', places: NOWHERE })
      const error = await rejection(catalogue.resolve(entry))
      expect(error).to.include({ code: 'ARTEFACT_FETCH_FAILED', transient: false })
      expect(server.requests).to.have.length(0)
    })

    it('are refused by their uri or manifest before anything else is fetched, and not looked at again soon', async () => {
      const metrics = createMetrics()
      const catalogue = await create({ fetch: 'any', places: places(), metrics })
      const cases = [
        ['ARTEFACT_URI_INVALID', entryOf(tiny, 'https://models.example/'), 0],
        ['ARTEFACT_MISMATCH', entryOf(other, uri), 1],
        ['ARTEFACT_MISMATCH', entryOf(tiny, uri, { vkHash: entryOf(other, uri).vkHash }), 0],
        [
          'ARTEFACT_MANIFEST_INVALID',
          entryOf(tiny, uri.replaceAll(/[0-9a-f]{64}/g, entryOf(tiny, '').modelHash.slice(2))),
          1,
        ],
      ] as const
      for (const [code, entry, requests] of cases) {
        const count = server.requests.length
        for (let attempt = 0; attempt < 2; attempt++)
          expect(await rejection(catalogue.resolve({ ...entry, modelId: BigInt(entry.vkHash) }))).to.include({ code })
        expect(server.requests.length - count, code).to.equal(requests)
      }
      expect(await metrics.registry.metrics()).to.match(
        /errors_total\{code="ARTEFACT_URI_INVALID",module="artefacts"\} 2/,
      )
      expect(catalogue.list()).to.deep.equal([])
    })

    it('are refused when a file of the manifest is another one', async () => {
      const { zkey } = (await publishFolder(tiny, join(base, 'public'))).manifest.files
      server.serve((request, response) =>
        request.url!.endsWith(zkey.sha256)
          ? response.writeHead(200).end(Buffer.alloc(zkey.bytes))
          : staticFiles(join(base, 'public'))(request, response),
      )
      const store = await openStore(join(folder, 'state'))
      const catalogue = await create({ store, fetch: 'any', places: places() })
      expect((await rejection(catalogue.resolve(entryOf(tiny, uri)))).message).to.match(/does not have that content/)
      expect(readdirSync(store.models)).to.deep.equal([])
    })

    it('are given up when rebuilding takes too much, and leave nothing', async () => {
      for (const [limits, message] of [
        [{ seconds: 0.01, megabytes: 4096 }, /took more than 0\.01 s/],
        [{ seconds: 60, megabytes: 12 }, /memory|crashed/],
      ] as const) {
        const store = await openStore(join(folder, `state-${limits.megabytes}`))
        const catalogue = await create({
          store,
          fetch: 'any',
          places: places(),
          rebuild: (task, signal) => rebuildApart(task, signal, limits),
        })
        const error = await rejection(catalogue.resolve(entryOf(tiny, uri)))
        expect(error.message).to.match(message)
        expect(error).to.include({ code: 'MODEL_UNAVAILABLE', transient: false })
        expect(readdirSync(store.models)).to.deep.equal([])
      }
    })

    it('are not waited for by those who lost interest', async () => {
      const store = await openStore(join(folder, 'state'))
      const catalogue = await create({ store, fetch: 'any', places: places() })
      const controller = new AbortController()
      server.serve((request, response) => {
        controller.abort()
        staticFiles(join(base, 'public'))(request, response)
      })
      const error = await rejection(catalogue.resolve(entryOf(tiny, uri), controller.signal))
      expect(error.name).to.equal('AbortError')
      expect(filesIn(store.models)).to.deep.equal([])
    })

    it('come from a mirror by hash alone, and what was being made when a process died is removed', async () => {
      const { sha256 } = parseArtefactUri(uri)
      const store = await openStore(join(folder, 'state'))
      const left = join(store.models, `${modelKey(ID)}.elsewhere.1.00.tmp`)
      mkdirSync(left)
      const mine = left.replace('elsewhere.1', `${hostname().replace(/[^\w-]/g, '_')}.${process.pid}`)
      mkdirSync(mine)
      const mirrors = [join(base, 'public')]
      const catalogue = await create({ store, fetch: 'any', places: { ...NOWHERE, mirrors }, rebuild: rebuildModel })
      expect([left, mine].map(existsSync)).to.deep.equal([true, false])
      expect((await catalogue.resolve(entryOf(tiny, `sha256:${sha256}`))).source).to.equal('fetched')
      expect(server.requests).to.have.length(0)
    })
  })
})
