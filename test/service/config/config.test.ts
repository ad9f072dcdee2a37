// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import {
  checkConfig,
  ConfigError,
  formatAmount,
  isLoopback,
  loadConfig,
  maskConfig,
  maskUrl,
  openAccount,
  parseAmount,
} from '../../../prover/service/config'

const ADDRESS = `0x${'12'.repeat(20)}`
const KEY = `0x${'34'.repeat(32)}`
const token = (name: string) => ({ name, sha256: 'ab'.repeat(32), scopes: ['read'] })
const chain = (more: object = {}) => ({ chainId: 1, rpc: ['http://127.0.0.1:8545'], coordinator: ADDRESS, ...more })

describe('configuration of the daemon', () => {
  let folder: string
  before(() => (folder = mkdtempSync(join(tmpdir(), 'zkml-config-'))))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const file = (value: unknown, name = 'zkml.json') => {
    const path = join(folder, name)
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
    return path
  }

  it('has a default for everything', () => {
    const config = loadConfig({}, {})
    expect(config.api).to.deep.include({ host: '127.0.0.1', port: 8420, corsOrigins: [] })
    expect(config.chains).to.deep.equal([])
    expect(checkConfig({ chains: [chain()] }).chains[0]!.market).to.deep.include({ enabled: true, models: 'local' })
  })

  it('takes flags over environment over file, and file paths relative to the file', () => {
    const path = file({
      stateDir: 'state',
      models: ['a', '/b'],
      api: { port: 1, host: '127.0.0.2' },
      log: { level: 'warn' },
    })
    const fromFile = loadConfig({ file: path }, {})
    expect(fromFile.stateDir).to.equal(join(folder, 'state'))
    expect(fromFile.models).to.deep.equal([join(folder, 'a'), '/b'])
    const env = { ZKML_PORT: '2', ZKML_HOST: '127.0.0.3', ZKML_MODELS: '/x:/y' }
    const all = loadConfig({ file: path, port: 3 }, env)
    expect(all.api).to.deep.include({ port: 3, host: '127.0.0.3' })
    expect(all.models).to.deep.equal(['/x', '/y'])
    expect(all.log.level).to.equal('warn')
  })

  it('takes endpoints and the database from the environment', () => {
    const path = file({ chains: [chain(), chain({ chainId: 5 })] })
    const config = loadConfig({ file: path }, { ZKML_RPC_5: 'http://a, ws://b', DATABASE_URL: 'postgres://h/d' })
    expect(config.chains.map(({ rpc }) => rpc)).to.deep.equal([['http://127.0.0.1:8545'], ['http://a', 'ws://b']])
    expect(config.database.url).to.equal('postgres://h/d')
  })

  const refused: Readonly<Record<string, readonly [object, RegExp]>> = {
    'an unknown setting': [{ apii: {} }, /apii/],
    'a bad port': [{ api: { port: 99999 } }, /api\.port.*65535.*docs\/operating\.md/],
    'a bad address': [{ chains: [chain({ coordinator: '0x12' })] }, /chains\.0\.coordinator/],
    'an amount without a unit': [{ chains: [chain({ spendCap: '1' })] }, /spendCap/],
    'two chains of one id': [{ chains: [chain(), chain()] }, /twice/],
    'an account that is not there': [{ chains: [chain({ account: 'bob' })] }, /"bob"/],
    'a prototype for an account': [{ chains: [chain({ account: 'constructor' })] }, /constructor/],
    'websockets only': [{ chains: [chain({ rpc: ['ws://x'] })] }, /websocket/],
    'no URL': [{ chains: [chain({ rpc: ['nothing'] })] }, /http/],
    'a chain without a contract': [{ chains: [{ chainId: 1, rpc: ['http://x'] }] }, /coordinator/],
    'another database': [{ database: { url: 'mysql://x' } }, /postgres/],
    'two tokens of one name': [{ api: { tokens: [token('a'), token('a')] } }, /named "a"/],
    'a token named as clients without one': [{ api: { tokens: [token('anonymous')] } }, /reserved/],
    'a token named as that of the operator': [{ api: { tokens: [token('operator')] } }, /reserved/],
    'a token that may do nothing': [{ api: { tokens: [{ ...token('a'), scopes: [] }] } }, /scopes/],
    'a token in place of its hash': [{ api: { tokens: [{ ...token('a'), sha256: 'secret' }] } }, /sha256/],
    'strangers who submit': [
      { api: { host: '0.0.0.0', tokens: [token('a')], anonymousScopes: ['read', 'submit'] } },
      /"submit".*require a token/,
    ],
    'strangers who administer behind a proxy': [
      { api: { trustProxy: ['127.0.0.1'], anonymousScopes: ['admin'] } },
      /"admin".*require a token/,
    ],
    'strangers who administer under another name': [
      { api: { allowedHosts: ['prover.example'], anonymousScopes: ['admin'] } },
      /"admin".*require a token/,
    ],
    'every web page': [{ api: { corsOrigins: ['*'] } }, /origins/],
    ...Object.fromEntries(
      ['localhost', '10.0.0.0/33', '::1/129', '0.0.0.0/0', '10.0.0.1/8/8', '10.0.0.1/'].map((proxy) => [
        `a proxy at ${proxy}`,
        [{ api: { trustProxy: [proxy] } }, /api\.trustProxy/] as const,
      ]),
    ),
    'an open port without tokens': [{ api: { host: '0.0.0.0' } }, /tokens/],
  }
  for (const [name, [value, message]] of Object.entries(refused)) {
    it(`refuses ${name}`, () => expect(() => checkConfig(value)).to.throw(ConfigError, message))
  }

  it('takes what leaves nothing open', () => {
    const proxies = ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8']
    expect(checkConfig({ api: { trustProxy: proxies } }).api.trustProxy).to.deep.equal(proxies)
    expect(checkConfig({ api: { anonymousScopes: ['admin'] } }).api.anonymousScopes).to.deep.equal(['admin'])
    expect(checkConfig({ api: { host: '0.0.0.0', tokens: [token('a')] } }).api.host).to.equal('0.0.0.0')
  })

  it('refuses files that are missing, no JSON, or no object', () => {
    expect(() => loadConfig({ file: join(folder, 'none') }, {})).to.throw(ConfigError, /none/)
    expect(() => loadConfig({ file: file('{') }, {})).to.throw(ConfigError, /JSON/)
    expect(() => loadConfig({ file: file('[]') }, {})).to.throw(ConfigError, /object/)
    expect(() => loadConfig({ file: file({ api: 3 }), port: 1 }, {})).to.throw(ConfigError, /api/)
  })

  it('masks what may be secret', () => {
    const config = checkConfig({
      database: { url: 'postgres://user:geheim@db:5432/zkml' },
      chains: [chain({ rpc: ['https://rpc.example/v2/geheim', 'http://127.0.0.1:8545'] })],
      api: { tokens: [{ name: 'a', sha256: 'a'.repeat(64), scopes: ['read'] }] },
    })
    const shown = JSON.stringify(maskConfig(config))
    expect(shown).not.to.match(/geheim|user|aaaa/)
    expect(shown).to.include('https://rpc.example/***').and.include('http://127.0.0.1:8545"')
    expect(maskUrl('/a/folder')).to.equal('/a/folder')
  })

  it('reads amounts exactly', () => {
    expect(parseAmount('0.5 ether')).to.equal(5n * 10n ** 17n)
    expect(parseAmount('1.5 gwei')).to.equal(1_500_000_000n)
    expect(parseAmount('7 wei')).to.equal(7n)
    expect(() => parseAmount('0.5 wei')).to.throw(ConfigError)
    expect(formatAmount(5n * 10n ** 17n)).to.equal('0.5 ether')
  })

  it('knows loopback addresses', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) expect(isLoopback(host), host).to.equal(true)
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'localhost.evil'])
      expect(isLoopback(host), host).to.equal(false)
  })

  describe('accounts', () => {
    it('come from the environment or a keystore', async () => {
      const wallet = new Wallet(KEY)
      expect((await openAccount('a', { privateKeyEnv: 'K' }, { K: `${KEY}\n` })).address).to.equal(wallet.address)
      const keystore = file(await wallet.encrypt('geheim', undefined), 'keystore.json')
      const passwordFile = file('geheim\n', 'password')
      expect((await openAccount('a', { keystore, passwordFile }, {})).address).to.equal(wallet.address)
    })

    it('never show key or password when they do not open', async () => {
      const failures = [
        openAccount('a', { privateKeyEnv: 'K' }, {}),
        openAccount('a', { privateKeyEnv: 'K' }, { K: 'geheim' }),
        openAccount('a', { keystore: join(folder, 'none') }, {}),
        openAccount('a', { keystore: file('{"geheim":1}', 'bad.json'), passwordEnv: 'P' }, { P: 'geheim' }),
        openAccount('a', { keystore: file('{}', 'bad.json'), passwordEnv: 'P' }, {}),
        openAccount('a', { keystore: file('{}', 'bad.json') }, {}),
      ]
      for (const failure of failures) {
        const error = await failure.then(
          () => undefined,
          (reason: unknown) => reason,
        )
        expect(error).to.be.instanceOf(ConfigError)
        expect((error as Error).message)
          .to.include('account "a"')
          .and.not.include('geheim')
        expect((error as Error).cause).to.equal(undefined)
      }
    })
  })
})
