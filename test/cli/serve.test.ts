// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startServe, type ServeProcess } from './daemon'
import { INPUT, makeFixture, type Fixture } from './fixture'
import { expectFailure, openSession, parseResult, type Session } from './support'

const SIGTERM_CODE = 128 + 15

describe('zkml serve', function () {
  this.timeout(120_000)
  let fixture: Fixture
  let session: Session
  const daemons: ServeProcess[] = []
  const state = (name: string) => join(fixture.folder, 'zkml-state', name)
  const config = (name: string, content: object) => fixture.write(name, JSON.stringify(content))
  const start = (...args: readonly string[]) => {
    daemons.push(startServe(fixture.main, fixture.folder, args))
    return daemons.at(-1)!
  }
  const common = { models: ['tiny'], api: { port: 0 }, prover: { processes: 1 }, log: { level: 'debug' } }

  before(async () => {
    fixture = makeFixture()
    session = openSession(fixture.main, fixture.folder)
    await fixture.must('compile', 'model.onnx', '--samples', 'samples.json', '--out', 'tiny')
    await fixture.must('setup', 'tiny', '--dev')
    config('quick.json', { ...common, shutdownSeconds: 1 })
    config('patient.json', { ...common, shutdownSeconds: 3600 })
  })
  after(() => {
    for (const { child } of daemons) child.kill('SIGKILL')
    session.close()
    fixture.remove()
  })

  describe('while it runs', () => {
    let daemon: ServeProcess
    let url: string
    before(async () => {
      daemon = start('--config', 'quick.json', '--json')
      url = String((await daemon.line('zkml is ready')).url)
    })

    it('says where it listens and where the token is, and nothing else than its log', () => {
      const ready = daemon.log().find(({ msg }) => msg === 'zkml is ready')
      expect(ready).to.deep.include({ level: 'info', models: 1, tokenFile: state('api.token') })
      expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/)
      expect(JSON.parse(readFileSync(state('daemon.json'), 'utf8'))).to.deep.equal({ url, pid: daemon.child.pid })
      expect(daemon.remarks()).to.deep.equal([])
      expect(daemon.stdout()).to.equal('')
    })

    it('keeps token and data key to its owner, and out of the log', () => {
      expect(statSync(state('.')).mode & 0o777).to.equal(0o700)
      for (const name of ['api.token', 'data.key']) {
        expect(statSync(state(name)).mode & 0o777).to.equal(0o600)
        expect(JSON.stringify(daemon.log())).not.to.include(readFileSync(state(name), 'utf8').trim())
      }
    })

    it('is alive and ready', async () => {
      for (const path of ['healthz', 'readyz']) expect((await fetch(`${url}/${path}`)).status, path).to.equal(200)
      expect((await fetch(`${url}/v1/models`)).status).to.equal(401)
    })

    it('runs and proves', async () => {
      const client = await daemon.client()
      expect((await client.models()).map(({ id }) => id)).to.deep.equal(['tiny'])
      const [run] = await client.infer('tiny', INPUT)
      const job = await client.prove('tiny', INPUT)
      expect(job.outputs![0]!.values).to.deep.equal(run!.values)
      fixture.write('proof.json', JSON.stringify(await client.proof(job.id)))
      expect(parseResult(await fixture.run(['verify', 'tiny', '--proof', 'proof.json', '--json']))).to.include({
        valid: true,
        portable: true,
      })
    })

    it('is left alone by a second one on its state folder, which names it', async () => {
      const second = start('--config', 'quick.json', '--json')
      expect(await second.ended).to.equal(1)
      const sentence = `process ${daemon.child.pid} uses the state folder "${state('.')}"`.replace('/."', '"')
      expect(second.remarks()).to.have.length(1)
      expect(second.remarks()[0]).to.include(sentence)
      expect(JSON.parse(second.stdout())).to.have.nested.property('error.code', 'STORE_IN_USE')
      expect(existsSync(state('daemon.json'))).to.equal(true)
    })

    it('keeps its port', async () => {
      const { port } = new URL(url)
      const second = start('--config', 'quick.json', '--state-dir', 'other', '--port', port)
      expect(await second.ended).to.equal(1)
      expect(second.remarks()).to.have.length(1)
      expect(second.remarks()[0]).to.match(
        new RegExp(`^zkml: another program listens on port ${port} of 127.0.0.1; st`),
      )
    })

    it('is known to zkml doctor', async () => {
      config('same.json', { ...common, api: { port: Number(new URL(url).port) } })
      const { checks } = parseResult(await fixture.run(['doctor', '--config', 'same.json', '--json']))
      const details = Object.fromEntries(
        (checks as { name: string; detail: string }[]).map(({ name, detail }) => [name, detail]),
      )
      expect(details).to.include({
        configuration: 'same.json is valid',
        database: `embedded, in use by process ${daemon.child.pid}`,
        models: 'tiny',
        api: `the daemon of this state folder answers at ${url}`,
      })
    })
  })

  it('prints its configuration with secrets masked', async () => {
    const rpc = ['https://user:SECRET@one.example/SECRET', 'wss://two.example/?key=SECRET', 'http://three.example']
    const sha256 = '5'.repeat(64)
    config('secret.json', {
      database: { url: 'postgres://zkml:SECRET@db.example/zkml' },
      accounts: { prover: { privateKeyEnv: 'KEY' } },
      chains: [{ chainId: 1, rpc, coordinator: `0x${'12'.repeat(20)}`, account: 'prover' }],
      api: { tokens: [{ name: 'a', sha256, scopes: ['read'] }] },
    })
    for (const json of [[], ['--json']]) {
      const run = await session.run(['serve', '--config', 'secret.json', '--print-config', '--port', '1', ...json])
      expect(run).to.deep.include({ code: 0, stderr: '' })
      for (const secret of ['SECRET', sha256]) expect(run.stdout).not.to.include(secret)
      const printed = JSON.parse(run.stdout) as { chains: { rpc: string[] }[]; api: { port: number } }
      expect(printed.chains[0]!.rpc).to.deep.equal([
        'https://one.example/***',
        'wss://two.example/***',
        'http://three.example',
      ])
      expect(printed.api.port).to.equal(1)
    }
  })

  it('says in a sentence what is wrong with a configuration', async () => {
    const cases: readonly (readonly [object | string, RegExp])[] = [
      [{ chain: [] }, /^zkml: chain is no setting; see docs\/operating\.md/],
      [{ api: { port: '8420' } }, /^zkml: api\.port: expected integer \(port; 0 for a free one\)/],
      [{ chains: [{ chainId: 1, rpc: ['http://a'] }] }, /^zkml: chain 1 has neither coordinator nor inferenceVerifier/],
      [{ api: { host: '0.0.0.0' } }, /^zkml: api\.host is 0\.0\.0\.0, which others can reach/],
      ['{"models": ', /^zkml: bad\.json cannot be read as JSON: /],
    ]
    for (const [content, message] of cases) {
      fixture.write('bad.json', typeof content === 'string' ? content : JSON.stringify(content))
      expectFailure(await session.run(['serve', '--config', 'bad.json']), message)
    }
    const missing = await session.run(['serve', '--config', 'none.json', '--json'])
    expect(missing.code).to.equal(1)
    expect(JSON.parse(missing.stdout)).to.have.nested.property('error.code', 'CONFIG_INVALID')
    expectFailure(await session.run(['serve', '--port', '65536']), /--port takes a whole number from 0 to 65535/, 2)
  })

  describe('when it is stopped', () => {
    it('ends cleanly on SIGTERM while a proof runs, which is made after the next start', async () => {
      const first = daemons[0]!
      // A prover that stands still works for ever.
      const [prover] = await first.provers()
      process.kill(prover!, 'SIGSTOP')
      const id = await first.ask('tiny', INPUT)
      first.child.kill('SIGTERM')
      expect(await first.ended).to.equal(0)
      expect(JSON.parse(first.stdout())).to.deep.equal({ stopped: 'SIGTERM' })
      expect(first.remarks()).to.deep.equal([])
      expect(existsSync(state('daemon.json'))).to.equal(false)

      const second = start('--config', 'patient.json')
      const client = await second.client()
      expect(await client.wait(id)).to.include({ id, state: 'done' })
      expect(await client.inferences({ state: 'done' }))
        .to.have.property('inferences')
        .with.length(2)
    })

    it('ends at once on a second SIGTERM', async () => {
      const daemon = daemons.at(-1)!
      const [prover] = await daemon.provers()
      process.kill(prover!, 'SIGSTOP')
      await daemon.ask('tiny', INPUT)
      daemon.child.kill('SIGTERM')
      await daemon.line('zkml stops; another signal ends it at once')
      daemon.child.kill('SIGTERM')
      expect(await daemon.ended).to.equal(SIGTERM_CODE)
      process.kill(prover!, 'SIGKILL')
    })
  })
})
