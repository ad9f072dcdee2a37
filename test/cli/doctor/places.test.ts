// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { openTestStore, TEST_DATA_KEY, type TestStore } from '../../support/store'
import { removeFolder, SILENT_PORT, temporaryFolder } from '../support'
import { complaints, examine } from './support'

const KEY = { ZKML_DATA_KEY: TEST_DATA_KEY.toString('hex') }

describe('zkml doctor: folders, database, artefacts and API of a daemon', () => {
  let folder: string
  const dead = `127.0.0.1:${SILENT_PORT}`
  const path = (name: string) => join(folder, name)
  before(() => {
    folder = temporaryFolder()
    writeFileSync(path('blocker'), '')
  })
  after(() => removeFolder(folder))

  it('makes nothing before the first start', async () => {
    const found = await examine({ stateDir: path('state'), api: { port: 0 } })
    expect(found.state).to.deep.include({ ok: true, detail: `${path('state')} is made at the first start` })
    expect(found['data key']!.detail).to.equal(`${path('state/data.key')} is made at the first start`)
    expect(found.database!.detail).to.equal('embedded, made at the first start')
    expect(found.provers!.detail).to.match(/^\d+ proofs at once by \w+: one for each core/)
    expect(complaints(found)).to.deep.equal({ models: 'there is no model to serve; add folders to models' })
    expect(readdirSync(folder)).to.deep.equal(['blocker'])
  })

  it('says that a folder cannot be made, or a key be kept', async () => {
    const blocked = complaints(await examine({ stateDir: path('blocker/state') }))
    expect(blocked.state).to.match(/blocker\/state cannot be made \(ENOTDIR\)/)
    expect(blocked.artefacts).to.match(/cannot be made/)

    mkdirSync(path('open'))
    writeFileSync(path('open/data.key'), '00'.repeat(32))
    chmodSync(path('open/data.key'), 0o644)
    expect(complaints(await examine({ stateDir: path('open') }))['data key']).to.match(/can be read by others/)
    const short = complaints(await examine({ stateDir: path('open') }, { ZKML_DATA_KEY: '00' }))
    expect(short['data key']).to.match(/ZKML_DATA_KEY is not a key of 32 bytes/)
  })

  it('says which folders hold no model', async () => {
    mkdirSync(path('empty/model'), { recursive: true })
    writeFileSync(path('empty/model/model.json'), '{}')
    mkdirSync(path('nothing'))
    const found = await examine({ stateDir: path('state'), models: [path('nothing'), path('empty'), path('gone')] })
    const { models, 'model model': damaged, 'model gone': gone } = complaints(found)
    expect(models).to.equal(`${path('nothing')} holds no model; compile and set up one there, or correct models`)
    expect(damaged).to.match(/model\.json/)
    expect(gone).to.equal(`${path('gone')} does not exist; correct models`)
  })

  describe('of a database', () => {
    let test: TestStore
    const look = async (env: Readonly<Record<string, string>> = KEY) => {
      const { place } = test
      const config = 'stateDir' in place ? place : { stateDir: path('state'), database: { url: place.databaseUrl } }
      return (await examine(config, env)).database!
    }
    before(async () => {
      test = await openTestStore()
    })
    after(() => test.remove())

    it('says who has it', async function () {
      if (!('stateDir' in test.place)) this.skip()
      expect(await look()).to.include({ ok: true, detail: `embedded, in use by process ${process.pid}` })
    })

    it('tells its version, and that the key is another one', async () => {
      await test.store.close()
      expect((await look()).detail).to.match(/, PostgreSQL \d+[.\d]*( .*)?, schema version \d+$/)
      expect(await look({ ZKML_DATA_KEY: '11'.repeat(32) })).to.deep.include({ ok: false })
      expect((await look({ ZKML_DATA_KEY: '11'.repeat(32) })).detail).to.match(/not the one this database was first/)
      const store = await test.open()
      await store.close()
    })

    it('says that it is of a newer program', async () => {
      const store = await test.open()
      await store.db.query('INSERT INTO zkml.migrations (version) VALUES (99)')
      await store.close()
      expect((await look()).detail).to.match(/schema version 99, this program knows up to \d+; run the newer zkml/)
    })
  })

  it('says that a server does not answer, without its password', async () => {
    const database = { url: `postgres://zkml:PASSWORD@${dead}/zkml` }
    const found = await examine({ stateDir: path('state'), database }, KEY)
    expect(complaints(found).database).to.match(/the database does not answer/)
    expect(JSON.stringify(found)).not.to.include('PASSWORD')
    expect(complaints(await examine({ stateDir: path('state'), database }))['data key']).to.match(/needs ZKML_DATA_KEY/)
  })

  it('asks the places of artefacts', async () => {
    let status = 404
    const seen: string[] = []
    const server = createServer(({ method, url }, response) => {
      seen.push(`${method} ${url}`)
      response.writeHead(status).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    mkdirSync(path('mirror/sha256'), { recursive: true })
    const artefacts = {
      mirrors: [path('mirror'), `${base}/files?key=SECRET`, path('nothing'), `http://u:SECRET@${dead}/`],
      ipfsGateways: [`${base}/gateway/`],
      kubo: base,
    }
    const ask = () => examine({ stateDir: path('state'), artefacts })
    const found = await ask()
    status = 503
    const down = complaints(await ask())
    server.close()
    expect(seen.slice(0, 3)).to.deep.equal([
      'GET /files?key=SECRET',
      'GET /gateway/ipfs/bafkqaaa',
      'POST /api/v0/version',
    ])
    const { models, ...wrong } = complaints(found)
    expect(models).not.to.equal(undefined)
    expect(Object.keys(wrong)).to.deep.equal(['mirror 3', 'mirror 4'])
    expect(wrong['mirror 3']).to.match(/nothing has no folder sha256/)
    expect(wrong['mirror 4']).to.match(/^the connection to http:\/\/127\.0\.0\.1:\d+ failed: ECONNREFUSED; correct/)
    expect(down.kubo).to.match(/answers with status 503/)
    expect(JSON.stringify([found, down])).not.to.include('SECRET')
  })

  it('says that models are to be fetched and there is no place to fetch them from', async () => {
    const chains = [
      { chainId: 1, rpc: [`http://${dead}`], coordinator: `0x${'12'.repeat(20)}`, market: { models: 'any' } },
    ]
    expect(complaints(await examine({ stateDir: path('state'), chains })).artefacts).to.match(/no place to fetch them/)
  })

  it('says that the address of the API is taken, or is none', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const taken = await examine({ stateDir: path('state'), api: { port } })
    server.close()
    expect(complaints(taken).api).to.match(new RegExp(`another program listens on port ${port} of 127.0.0.1`))
    const tokens = [{ name: 'a', sha256: '0'.repeat(64), scopes: ['read'] }]
    const away = await examine({ stateDir: path('state'), api: { host: '192.0.2.1', port: 0, tokens } })
    expect(complaints(away).api).to.match(/192\.0\.2\.1 is no address of this machine/)
  })
})
