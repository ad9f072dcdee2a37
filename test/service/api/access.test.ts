// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import type { InjectOptions } from 'fastify'
import type { ApiConfig } from '../../../prover/service/api'
import type { Scope } from '../../../prover/service/config'
import { bearer, closeApis, demoProofFile, testApi, tokenOf, type TestApi } from './support'

type Body = Readonly<Record<string, unknown>>

const TOKENS = [
  ...[tokenOf('reader', ['read']), tokenOf('runner', ['infer']), tokenOf('prover', ['prove'])],
  ...[tokenOf('sender', ['submit']), tokenOf('operator', ['admin'])],
]
const RUN = { model: 'demo', input_data: [[1, 2, 3]] }
const post = (payload: object, url = '/v1/inferences'): InjectOptions => ({ method: 'POST', url, payload })

describe('access to the API', function () {
  this.timeout(20_000)
  afterEach(closeApis)

  const status = async ({ api }: TestApi, request: InjectOptions, headers: Record<string, string> = {}) =>
    (await api.inject({ ...request, headers: { ...request.headers, ...headers } })).statusCode

  it('is by scopes, each of which includes those before it', async () => {
    const test = await testApi({ tokens: TOKENS, anonymousScopes: [] })
    const requests: readonly (readonly [string, InjectOptions])[] = [
      ['read', { url: '/v1/models' }],
      ['infer', post(RUN)],
      ['infer', post({ model: 'demo', proof: demoProofFile() }, '/v1/verify')],
      ['prove', post({ ...RUN, prove: true })],
      ['submit', post({ ...RUN, submit: { chainId: 31337 } })],
      ['admin', { url: '/v1/inferences' }],
    ]
    for (const [needed, request] of requests) {
      const level = TOKENS.findIndex(({ scopes }) => scopes.includes(needed as Scope))
      expect(await status(test, request)).to.equal(401)
      for (const [rank, { name }] of TOKENS.entries()) {
        const expected = rank < level ? [403] : [200, 202]
        expect(expected, `${name} ${needed}`).to.include(await status(test, request, bearer(name)))
      }
    }
    expect(test.backend.created.map(({ client, submission }) => [client, submission?.chainId])).to.deep.equal([
      ...['prover', 'sender', 'operator'].map((name) => [name, undefined]),
      ...['sender', 'operator'].map((name) => [name, 31337]),
    ])
  })

  it('without a token is what the operator allows, and a wrong token is never better than none', async () => {
    const test = await testApi({ tokens: TOKENS, anonymousScopes: ['infer'] })
    expect(await status(test, post(RUN))).to.equal(200)
    expect(await status(test, post({ ...RUN, prove: true }))).to.equal(401)
    const wrong = ['Bearer x', 'Bearer ', 'Bearer', '', 'Basic dG9rZW4=', 'Bearer token-of-reader x', 'token-of-reader']
    for (const authorization of wrong)
      expect(await status(test, post(RUN), { authorization }), authorization).to.equal(401)
    const response = await test.api.inject({ ...post(RUN), headers: { authorization: 'Bearer x' } })
    expect(response.headers['www-authenticate']).to.equal('Bearer realm="zkml"')
  })

  it('says what is lacking', async () => {
    const { api } = await testApi({ tokens: TOKENS })
    const response = await api.inject({ url: '/v1/inferences', headers: bearer('reader') })
    expect(response.headers['www-authenticate']).to.include('insufficient_scope')
    expect(response.json<Body>()['detail']).to.include('"admin"')
  })

  it('keeps keys of clients apart', async () => {
    const test = await testApi({ tokens: TOKENS })
    const headers = { 'idempotency-key': 'same' }
    await status(test, post({ ...RUN, prove: true }), { ...headers, ...bearer('prover') })
    await status(test, post({ ...RUN, prove: true }), { ...headers, ...bearer('sender') })
    expect(test.backend.created).to.have.length(2)
    const anonymous = (remoteAddress: string) =>
      test.api.inject({ ...post({ ...RUN, prove: true }), headers, remoteAddress })
    const [one, other, again] = [await anonymous('10.0.0.1'), await anonymous('10.0.0.2'), await anonymous('10.0.0.1')]
    expect(again.headers.location).to.equal(one.headers.location)
    expect(other.headers.location).not.to.equal(one.headers.location)
  })

  it('writes neither tokens, inputs nor queries to the log, and no other headers', async () => {
    const test = await testApi({ tokens: TOKENS })
    const headers = { ...bearer('prover'), cookie: 'sweet-cookie', 'idempotency-key': 'key-of-mine' }
    await status(
      test,
      { ...post({ ...RUN, input_data: [[1.0625, 2, 3]], prove: true }), url: '/v1/inferences' },
      headers,
    )
    await status(test, { ...post({ ...RUN, input_data: [[99.0625, 2, 3]] }) }, headers)
    await status(test, { url: '/v1/models?secret=abc' }, { authorization: 'Bearer guessed-token' })
    await status(
      test,
      { method: 'POST', url: '/v1/inferences', payload: '{"input_data": [[7.0625' },
      {
        'content-type': 'application/json',
      },
    )
    const log = test.logged()
    for (const secret of [
      'token-of',
      'guessed',
      '0625',
      'sweet',
      'key-of-mine',
      'secret=abc',
      tokenOf('prover', []).sha256,
    ])
      expect(log).not.to.include(secret)
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Body)
    expect(lines.map(({ route, status: code, client }) => [route, code, client])).to.deep.equal([
      ['/v1/inferences', 202, 'prover'],
      ['/v1/inferences', 422, 'prover'],
      ['/v1/models', 401, 'anonymous'],
      ['/v1/inferences', 400, 'anonymous'],
    ])
    for (const line of lines) expect(line).to.include.keys('requestId', 'method', 'milliseconds')
  })

  describe('by host name', () => {
    const hosts = async (config: Partial<ApiConfig>, names: readonly string[]) => {
      const test = await testApi(config)
      const results: number[] = []
      for (const host of names) results.push(await status(test, { url: '/healthz' }, { host }))
      return results
    }
    const LOCAL = ['localhost', 'LOCALHOST:8420', '127.0.0.1:80', '127.1.2.3', '[::1]:8420']
    const FOREIGN = [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'evil.example:8420',
      'a b',
      '@localhost',
    ]

    it('is only for this machine while bound to it', async () => {
      expect(await hosts({}, LOCAL)).to.deep.equal(LOCAL.map(() => 200))
      expect(await hosts({}, FOREIGN)).to.deep.equal(FOREIGN.map(() => 421))
    })

    it('is for listed names too', async () => {
      const names = ['prover.example', 'Prover.Example:443', 'other.example', 'localhost']
      expect(await hosts({ allowedHosts: ['prover.example'] }, names)).to.deep.equal([200, 200, 421, 200])
      const bound = { host: '0.0.0.0', allowedHosts: ['prover.example'], anonymousScopes: [] }
      expect(await hosts(bound, names)).to.deep.equal([200, 200, 421, 421])
      expect(await hosts({ host: '0.0.0.0' }, ['anything.example'])).to.deep.equal([200])
    })
  })

  describe('by rate', () => {
    it('is counted for each token, and for each address without one', async () => {
      const test = await testApi({ tokens: TOKENS, rate: { requests: 2, proofs: 10, signed: 10 } })
      const ask = (headers: Record<string, string>, remoteAddress = '10.0.0.1') =>
        test.api.inject({ url: '/v1/models', headers, remoteAddress })
      for (const who of [{}, bearer('reader'), bearer('runner')]) {
        expect((await ask(who)).statusCode).to.equal(200)
        expect((await ask(who)).statusCode).to.equal(200)
        const refused = await ask(who)
        expect([refused.statusCode, refused.json<Body>()['code']]).to.deep.equal([429, 'API_RATE_LIMITED'])
        expect(Number(refused.headers['retry-after'])).to.be.within(1, 60)
      }
      expect((await ask({}, '10.0.0.2')).statusCode).to.equal(200)
      expect((await ask({ 'x-forwarded-for': '10.9.9.9' })).statusCode).to.equal(429)
    })

    it('is counted for the address that a known proxy names', async () => {
      const test = await testApi({ trustProxy: ['10.0.0.0/24'], rate: { requests: 1, proofs: 10, signed: 10 } })
      const ask = async (forwarded: string, remoteAddress = '10.0.0.1') =>
        (await test.api.inject({ url: '/v1/models', headers: { 'x-forwarded-for': forwarded }, remoteAddress }))
          .statusCode
      expect([await ask('1.1.1.1'), await ask('1.1.1.1'), await ask('1.1.1.2')]).to.deep.equal([200, 429, 200])
      // What is to the left of the proxy's own entry is only claimed, and so is all that a stranger sends.
      expect(await ask('9.9.9.9, 1.1.1.2')).to.equal(429)
      expect([await ask('2.2.2.2', '10.9.9.9'), await ask('2.2.2.3', '10.9.9.9')]).to.deep.equal([200, 429])
    })

    it('limits guesses of tokens and paths', async () => {
      const test = await testApi({ tokens: TOKENS, rate: { requests: 3, proofs: 10, signed: 10 } })
      const guesses: number[] = []
      for (let i = 0; i < 5; i++)
        guesses.push(await status(test, { url: '/v1/models' }, { authorization: `Bearer ${i}` }))
      expect(guesses).to.deep.equal([401, 401, 401, 429, 429])
      expect(await status(test, { url: '/nothing' })).to.equal(429)
    })

    it('is lower for proofs and their verification', async () => {
      const test = await testApi({ rate: { requests: 100, proofs: 2, signed: 10 } })
      const verify = post({ model: 'demo', proof: demoProofFile() }, '/v1/verify')
      const proofs: number[] = []
      for (const request of [post({ ...RUN, prove: true }), verify, post({ ...RUN, prove: true }), verify])
        proofs.push(await status(test, request))
      expect(proofs).to.deep.equal([202, 200, 429, 429])
      expect(await status(test, post(RUN))).to.equal(200)
    })
  })

  describe('from web pages', () => {
    const preflight = { method: 'OPTIONS' as const, url: '/v1/inferences' }
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }

    it('is off by default', async () => {
      const { api } = await testApi()
      const response = await api.inject({ ...preflight, headers })
      expect(response.statusCode).to.equal(404)
      const run = await api.inject({ ...post(RUN), headers: { origin: 'https://app.example' } })
      expect(run.headers).not.to.have.property('access-control-allow-origin')
    })

    it('is for the origins that are listed', async () => {
      const { api } = await testApi({ corsOrigins: ['https://app.example'], tokens: TOKENS, anonymousScopes: [] })
      const allowed = await api.inject({ ...preflight, headers })
      expect(allowed.headers['access-control-allow-origin']).to.equal('https://app.example')
      const other = await api.inject({ ...preflight, headers: { ...headers, origin: 'https://evil.example' } })
      expect(other.headers['access-control-allow-origin']).not.to.equal('https://evil.example')
    })
  })
})
