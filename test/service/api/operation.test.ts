// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import Ajv from 'ajv'
import { expect } from 'chai'
import { OPENAPI } from '../../../scripts/generate-openapi'
import { bearer, closeApis, DEMO, testApi, tokenOf } from './support'

type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly tags: readonly string[]
  readonly security: readonly object[]
  readonly parameters?: readonly { readonly schema: object; readonly description?: string }[]
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> }
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content: Record<string, object> }>
  >
}
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

describe("the API's models and operation", function () {
  this.timeout(20_000)
  afterEach(closeApis)

  it('describes models by what a stranger needs to use them', async () => {
    const { api } = await testApi()
    const list = (await api.inject({ url: '/v1/models' })).json<{ models: { id: string }[] }>()
    expect(list.models.map(({ id }) => id)).to.deep.equal(['demo', 'hidden'])
    const { modelHash } = DEMO.file
    const model = (await api.inject({ url: `/v1/models/${modelHash}` })).json<object>()
    expect(model).to.deep.include({
      ...{ id: 'demo', modelHash, source: 'local', constraints: 12, proveMilliseconds: 120 },
      registrations: [{ chainId: 31337, modelId: '77' }],
      inputs: [
        {
          ...{ name: 'x', shape: [1, 3], elements: 3, visibility: 'public', exponent: 4, bits: 8 },
          integers: { min: '-128', max: '127' },
          range: { min: -8, max: 7.9375 },
        },
      ],
    })
    expect(JSON.stringify(model)).not.to.include('secret-place')
    for (const id of ['other', '..%2f..%2fetc', '%00'])
      expect((await api.inject({ url: `/v1/models/${id}` })).statusCode).to.equal(404)
    expect((await api.inject({ url: `/v1/models/${'a'.repeat(200)}` })).statusCode).to.be.oneOf([400, 404, 414])
  })

  it('is alive always, and ready when its parts are', async () => {
    const { api, backend } = await testApi({ anonymousScopes: [] })
    backend.ready = false
    expect((await api.inject({ url: '/healthz' })).json()).to.deep.equal({ status: 'ok' })
    const response = await api.inject({ url: '/readyz' })
    expect(response.statusCode).to.equal(503)
    expect(response.json()).to.deep.equal({
      ready: false,
      parts: [{ name: 'database', ready: false, detail: 'answers' }],
    })
    backend.ready = true
    expect((await api.inject({ url: '/readyz' })).statusCode).to.equal(200)
  })

  it('counts requests and errors by route', async () => {
    const { api } = await testApi()
    await api.inject({ url: '/v1/models/demo' })
    await api.inject({ url: '/v1/models/other' })
    await api.inject({ url: '/nothing/at/all' })
    const { body, headers } = await api.inject({ url: '/metrics' })
    expect(headers['content-type']).to.match(/^text\/plain/)
    expect(body).to.include('zkml_http_requests_total{method="GET",route="/v1/models/:id",status="200"} 1')
    expect(body).to.include('zkml_http_requests_total{method="GET",route="unknown",status="404"} 1')
    expect(body).to.include('zkml_errors_total{code="API_MODEL_UNKNOWN",module="api"} 1')
    expect(body).to.include('zkml_http_seconds_count{method="GET",route="/v1/models/:id"} 2')
  })

  it('shows metrics to anybody only while bound to this machine', async () => {
    const config = { anonymousScopes: [], tokens: [tokenOf('scraper', ['read'])] }
    const local = await testApi(config)
    expect((await local.api.inject({ url: '/metrics' })).statusCode).to.equal(200)
    for (const change of [
      { host: '0.0.0.0' },
      { trustProxy: ['127.0.0.1'] },
      // Requests for another name come from elsewhere, through something on this machine.
      { allowedHosts: ['prover.example'] },
    ]) {
      const { api } = await testApi({ ...config, ...change })
      expect((await api.inject({ url: '/metrics' })).statusCode).to.equal(401)
      expect((await api.inject({ url: '/metrics', headers: bearer('scraper') })).statusCode).to.equal(200)
    }
  })

  describe('GET /openapi.json', () => {
    const committed = JSON.parse(readFileSync(OPENAPI, 'utf8')) as Document
    const operations = Object.entries(committed.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
    )

    it('serves the committed document', async () => {
      const { api } = await testApi({ anonymousScopes: [], tokens: [tokenOf('a', ['read'])] })
      expect((await api.inject({ url: '/openapi.json' })).json()).to.deep.equal(committed)
    })

    it('describes every route, with its answers and problems', () => {
      expect(operations.length).to.be.at.least(17)
      expect(new Set(operations.map(([, { operationId }]) => operationId)).size).to.equal(operations.length)
      for (const [name, operation] of operations) {
        for (const field of ['summary', 'description'] as const)
          expect(operation[field], name).to.be.a('string').and.not.empty
        expect(operation.tags, name).to.have.length(1)
        expect(operation.security, name).to.be.an('array')
        for (const { description } of operation.parameters ?? []) expect(description, name).to.be.a('string')
        const statuses = Object.keys(operation.responses)
        expect(statuses, name).to.include.members(['400', '421', '429'])
        expect(
          statuses.some((status) => status.startsWith('2')),
          name,
        ).to.equal(true)
        for (const [status, { description, content }] of Object.entries(operation.responses)) {
          expect(description, name).to.be.a('string').and.not.equal('Default Response')
          const problem = Number(status) >= 400 && name !== 'get /readyz'
          if (problem) expect(Object.keys(content), name).to.deep.equal(['application/problem+json'])
        }
      }
    })

    it('has schemas that a validator takes', () => {
      const ajv = new Ajv({ unknownFormats: ['uuid', 'date-time'] })
      ajv.addSchema({ ...committed, $id: 'api' })
      for (const name of Object.keys(committed.components.schemas))
        ajv.compile({ $ref: `api#/components/schemas/${name}` })
      for (const [, { requestBody }] of operations)
        for (const { schema } of Object.values(requestBody?.content ?? {}))
          ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object)
    })

    it('gives schemas that answers keep to', async () => {
      const { api } = await testApi()
      const ajv = new Ajv({ unknownFormats: ['uuid', 'date-time'] }).addSchema({ ...committed, $id: 'api' })
      const keeps = (name: string, value: unknown) =>
        expect(ajv.validate(`api#/components/schemas/${name}`, value), ajv.errorsText()).to.equal(true)
      keeps('Model', (await api.inject({ url: '/v1/models/demo' })).json())
      keeps('Problem', (await api.inject({ url: '/v1/models/other' })).json())
      const post = (payload: object) => api.inject({ method: 'POST', url: '/v1/inferences', payload })
      keeps('Run', (await post({ model: 'demo', input_data: [[1, 2, 3]] })).json())
      keeps('Inference', (await post({ model: 'demo', input_data: [[1, 2, 3]], prove: true })).json())
    })
  })
})
