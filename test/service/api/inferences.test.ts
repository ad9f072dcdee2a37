// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { RpcUnavailableError } from '../../../prover/chain'
import { OverloadedError, SubmitUnavailableError } from '../../../prover/service/api'
import { hashRequest } from '../../../prover/service/api/idempotency'
import { ArtefactError } from '../../../prover/pipeline'
import { closeApis, demoProofFile, HIDDEN, IDEMPOTENCY_SECRET, SALT, testApi, until, type TestApi } from './support'

const RUN = { model: 'demo', input_data: [[0.5, -1, 2]] }
const CONTEXT = {
  chainId: '31337',
  caller: '0x1111111111111111111111111111111111111111',
  requestId: `0x${'5A'.repeat(32)}`,
  modelId: '77',
  prover: '0x2222222222222222222222222222222222222222',
}

type Body = Readonly<Record<string, unknown>>

describe('POST /v1/inferences', function () {
  this.timeout(20_000)
  let test: TestApi
  beforeEach(async () => {
    test = await testApi({ anonymousScopes: ['submit'] })
  })
  after(closeApis)

  const post = (body: unknown, headers: Record<string, string> = {}, query = '') =>
    test.api.inject({ method: 'POST', url: `/v1/inferences${query}`, headers, payload: body as object })

  async function refuses(body: unknown, status: number, code: string, detail?: RegExp): Promise<void> {
    const response = await post(body)
    const problem = response.json<Body>()
    expect([response.statusCode, problem['code']], JSON.stringify(problem)).to.deep.equal([status, code])
    expect(response.headers['content-type']).to.match(/^application\/problem\+json/)
    expect(problem).to.have.all.keys('type', 'title', 'status', 'code', 'detail', 'instance')
    expect(problem['instance']).to.equal(`urn:uuid:${String(response.headers['x-request-id'])}`)
    if (detail) expect(problem['detail']).to.match(detail)
  }

  describe('without a proof', () => {
    it('answers with the outputs in both forms, and touches no database', async () => {
      const response = await post(RUN)
      expect(response.statusCode).to.equal(200)
      expect(response.json()).to.deep.equal({
        model: 'demo',
        modelHash: test.backend.getModel('demo')!.file.modelHash,
        inputs: [{ name: 'x', shape: [1, 3], values: [0.5, -1, 2], integers: ['8', '-16', '32'], exponent: 4 }],
        // 0.5 − 1 + 2 = 1.5 in units of 2^-4 is 24, and as an output in units of 2^-2 it is 6.
        outputs: [{ name: 'y', shape: [1, 2], values: [6, 0], integers: ['24', '0'], exponent: 2 }],
      })
      expect(test.memory.transactions).to.equal(0)
    })

    it('shows what real values were rounded to', async () => {
      const response = await post({ ...RUN, input_data: [[0.51, -1, 2]] })
      expect(response.json<{ inputs: Body[] }>().inputs[0]).to.deep.include({ values: [0.5, -1, 2] })
    })

    it('takes integers as strings and numbers alike, and a model hash for its name', async () => {
      const { modelHash } = test.backend.getModel('demo')!.file
      const response = await post({ model: modelHash, input_integers: [['8', -16, '32']] })
      expect(response.json<{ outputs: Body[] }>().outputs[0]!['integers']).to.deep.equal(['24', '0'])
    })

    it('takes the ends of the range and nothing beyond', async () => {
      for (const row of [
        [-8, 8, 0],
        [-7.99, 7.9375, 0],
      ])
        expect((await post({ ...RUN, input_data: [row] })).statusCode).to.equal(200)
      await refuses({ ...RUN, input_data: [[-8.01, 0, 0]] }, 422, 'INPUT_RANGE', /"x"\[0\] = -8\.01/)
      await refuses({ model: 'demo', input_integers: [[0, 128, 0]] }, 422, 'INPUT_RANGE', /\[-128, 127\]/)
      await refuses({ model: 'demo', input_integers: [[0, `-${'9'.repeat(60)}`, 0]] }, 422, 'INPUT_RANGE')
    })

    it('refuses inputs of another shape', async () => {
      await refuses({ ...RUN, input_data: [[1, 2]] }, 422, 'API_INPUT_SHAPE', /takes 3/)
      await refuses({ ...RUN, input_data: [[1, 2, 3], [4]] }, 422, 'API_INPUT_SHAPE', /has 1 input/)
    })

    it('refuses what is not well-formed, saying where', async () => {
      await refuses({ model: 'demo' }, 400, 'API_REQUEST_INVALID', /exactly one/)
      await refuses({ ...RUN, input_integers: [[1, 2, 3]] }, 400, 'API_REQUEST_INVALID', /exactly one/)
      await refuses({ ...RUN, input_data: [['1', 2, 3]] }, 400, 'API_REQUEST_INVALID', /input_data\/0\/0/)
      await refuses({ ...RUN, input_data: [[null, 2, 3]] }, 400, 'API_REQUEST_INVALID')
      await refuses({ ...RUN, input: 1 }, 400, 'API_REQUEST_INVALID', /unknown member "input"/)
      await refuses({ model: 'demo', input_integers: [[1.5, 2, 3]] }, 400, 'API_REQUEST_INVALID')
      await refuses({ model: 'demo', input_integers: [['1e3', 2, 3]] }, 400, 'API_REQUEST_INVALID')
      await refuses({ model: 'demo', input_integers: [[2 ** 53, 2, 3]] }, 400, 'API_REQUEST_INVALID')
      await refuses({ ...RUN, prove: 'yes' }, 400, 'API_REQUEST_INVALID')
      await refuses({ ...RUN, context: CONTEXT }, 400, 'API_REQUEST_INVALID', /of a proof/)
      await refuses([RUN], 400, 'API_REQUEST_INVALID')
    })

    it('does not know other models', () => refuses({ ...RUN, model: 'other' }, 404, 'API_MODEL_UNKNOWN'))

    it('says by status whose fault it is, and nothing of the machine', async () => {
      test.backend.failRun = new ArtefactError('/secret-place/demo/model.json is damaged')
      await refuses(RUN, 503, 'ARTEFACT_INVALID', /^The log of the prover/)
      test.backend.failRun = new OverloadedError('The queue is full; try again in a moment.')
      const busy = await post(RUN)
      expect([busy.statusCode, busy.headers['retry-after']]).to.deep.equal([503, '5'])
      test.backend.failRun = new Error('boom at 0.123456789 of /secret-place')
      const response = await post(RUN)
      expect(response.statusCode).to.equal(500)
      expect(response.body)
        .to.include('API_INTERNAL')
        .and.not.match(/boom|secret-place|at /)
      expect(test.logged()).to.include('request failed').and.not.include('0.123456789')
    })
  })

  describe('with a proof', () => {
    it('answers with a job and where it is', async () => {
      const response = await post({ ...RUN, prove: true, context: CONTEXT })
      const job = response.json<Body>()
      expect(response.statusCode).to.equal(202)
      expect(response.headers.location).to.equal(`/v1/inferences/${String(job['id'])}`)
      expect(job).to.deep.include({ state: 'received', kind: 'api', model: 'demo', outputs: null, submitTo: null })
      const [request] = test.backend.created
      expect(Array.from(request!.input[0]!)).to.deep.equal([8, -16, 32])
      expect(request!.context).to.deep.equal({ ...CONTEXT, requestId: CONTEXT.requestId.toLowerCase() })
      expect(request).to.include({ client: 'anonymous', submission: null }).and.not.have.property('salts')
    })

    it('waits for the end when asked, by query or by preference', async () => {
      for (const ask of [
        () => post({ ...RUN, prove: true }, {}, '?wait=30'),
        () => post({ ...RUN, prove: true }, { prefer: 'respond-async, wait=30' }),
      ]) {
        const pending = ask()
        await until(() => test.backend.listeners.size > 0)
        const id = [...test.backend.jobs.keys()].at(-1)!
        test.backend.move(id, 'proving')
        test.backend.move(id, 'done', { proof: demoProofFile() })
        const response = await pending
        expect(response.statusCode).to.equal(201)
        const [output] = response.json<{ outputs: Body[] }>().outputs
        expect(output).to.deep.include({ integers: ['5', '-6'], values: [1.25, -1.5], commitment: null })
        expect(response.json<{ inputs: Body[] }>().inputs).to.deep.equal([
          {
            ...{ name: 'x', shape: [1, 3], integers: ['1', '2', '3'], values: [0.0625, 0.125, 0.1875] },
            ...{ exponent: 4, commitment: null },
          },
        ])
      }
      expect(test.backend.listeners.size).to.equal(0)
    })

    it('answers with the job as it is when the wait is over', async () => {
      const response = await post({ ...RUN, prove: true }, { prefer: 'wait=0' })
      expect(response.statusCode).to.equal(202)
      const late = await post({ ...RUN, prove: true }, {}, '?wait=1')
      expect([late.statusCode, late.json<Body>()['state']]).to.deep.equal([202, 'received'])
      expect((await post({ ...RUN, prove: true }, {}, '?wait=61')).statusCode).to.equal(400)
      expect((await post({ ...RUN, prove: true }, {}, '?wait=x')).statusCode).to.equal(400)
    })

    it('takes a salt for each hashed tensor', async () => {
      const body = { model: 'hidden', input_data: [HIDDEN, HIDDEN].map(() => [1, 2]), prove: true }
      expect((await post({ ...body, salts: ['1', String(SALT)] })).statusCode).to.equal(202)
      expect(test.backend.created[0]!.salts).to.deep.equal([1n, SALT])
      await refuses({ ...body, salts: ['1'] }, 422, 'API_INPUT_SHAPE', /1 salts for 2/)
      await refuses({ ...body, salts: ['1', '9'.repeat(78)] }, 422, 'API_INPUT_SHAPE', /field/)
      await refuses({ ...body, salts: ['1', '-2'] }, 400, 'API_REQUEST_INVALID')
    })

    it('is submitted under the model id that the client names, or the configured one', async () => {
      const submit = (change: object) => post({ ...RUN, submit: { chainId: 31337, ...change } })
      for (const change of [{}, { modelId: '0012' }]) expect((await submit(change)).statusCode).to.equal(202)
      expect(test.backend.created.map(({ submission }) => submission)).to.deep.equal([
        { chainId: 31337, modelId: '77' },
        { chainId: 31337, modelId: '12' },
      ])
      expect((await submit({ modelId: '9'.repeat(78) })).json<Body>()['detail']).to.match(/256 bits/)
      expect((await submit({ modelId: '0x12' })).statusCode).to.equal(400)
      expect((await submit({ modelId: 12 })).statusCode).to.equal(400)
    })

    it('is not begun when it could not be submitted, or the chain cannot be asked', async () => {
      const body = { ...RUN, submit: { chainId: 5 } }
      test.backend.failSubmit = new SubmitUnavailableError('There is no such model on chain 5.')
      await refuses(body, 422, 'API_SUBMIT_UNAVAILABLE', /chain 5/)
      test.backend.failSubmit = new RpcUnavailableError('eth_call', 'https://rpc.example/key does not answer')
      await refuses(body, 503, 'RPC_UNAVAILABLE', /^The log/)
      expect([test.backend.created.length, test.memory.transactions]).to.deep.equal([0, 0])
    })

    it('refuses contexts that mean nothing', async () => {
      const context = (change: object) => ({ ...RUN, prove: true, context: { ...CONTEXT, ...change } })
      await refuses(context({ chainId: '9'.repeat(78) }), 400, 'API_REQUEST_INVALID', /256 bits/)
      const wrong = `0x${'Ab'.repeat(20)}`
      await refuses(context({ caller: wrong }), 400, 'API_REQUEST_INVALID', /checksum/)
      await refuses(context({ requestId: '0x12' }), 400, 'API_REQUEST_INVALID')
      await refuses(context({ extra: 1 }), 400, 'API_REQUEST_INVALID')
    })
  })

  describe('with an Idempotency-Key', () => {
    const key = { 'idempotency-key': 'k1' }
    const proof = { ...RUN, prove: true }

    it('makes one job of the same request, however its members are ordered', async () => {
      const first = await post(proof, key)
      const again = await post({ prove: true, input_data: RUN.input_data, model: 'demo' }, key)
      expect(again.json()).to.deep.equal(first.json())
      expect(again.headers).to.include({ 'idempotency-replayed': 'true', location: first.headers.location })
      expect(first.headers).not.to.have.property('idempotency-replayed')
      expect(test.backend.created).to.have.length(1)
    })

    it('makes one job of many requests at once', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(proof, key)))
      expect(new Set(answers.map(({ body }) => body)).size).to.equal(1)
      expect(test.backend.created).to.have.length(1)
    })

    it('refuses the key for another request', async () => {
      await post(proof, key)
      const other = await post({ ...proof, input_data: [[1, 1, 1]] }, key)
      expect([other.statusCode, other.json<Body>()['code']]).to.deep.equal([422, 'API_IDEMPOTENCY_MISMATCH'])
      expect(test.backend.created).to.have.length(1)
    })

    it('says so while the first request is being answered elsewhere', async () => {
      const { idempotency } = test.memory.store
      test.memory.rows.set('127.0.0.1/k1', { requestHash: '' })
      Object.assign(idempotency, { claim: () => Promise.resolve({ outcome: 'busy' }) })
      const response = await post(proof, key)
      expect([response.statusCode, response.headers['retry-after']]).to.deep.equal([409, '1'])
    })

    it('does not keep a key whose request failed', async () => {
      test.backend.failCreate = new OverloadedError('The queue is full.')
      expect((await post(proof, key)).statusCode).to.equal(503)
      test.backend.failCreate = undefined
      expect((await post(proof, key)).statusCode).to.equal(202)
    })

    it('shows where the job is by now', async () => {
      const id = (await post(proof, key)).json<{ id: string }>().id
      test.backend.move(id, 'done', { proof: demoProofFile() })
      const again = await post(proof, key)
      expect([again.statusCode, again.json<Body>()['state']]).to.deep.equal([201, 'done'])
      test.backend.jobs.delete(id)
      expect((await post(proof, key)).json<Body>()['code']).to.equal('API_INFERENCE_UNKNOWN')
    })

    it('tells nested members by name, and another body by any value', async () => {
      const { chainId, ...rest } = CONTEXT
      await post({ ...proof, context: { chainId, ...rest } }, key)
      expect((await post({ ...proof, context: { ...rest, chainId } }, key)).statusCode).to.equal(202)
      expect((await post({ ...proof, context: { ...rest, chainId: '1' } }, key)).statusCode).to.equal(422)
      expect((await post({ ...proof, context: null }, key)).statusCode).to.equal(422)
      expect(test.backend.created).to.have.length(1)
    })

    it('keeps nothing of inputs and outputs in the database, not even a hash that could be guessed', async () => {
      const hidden = { model: 'hidden', input_data: [HIDDEN, HIDDEN].map(() => [1, 2]) }
      for (const [i, body] of [RUN, proof, hidden, { ...hidden, prove: true, salts: ['1', '2'] }].entries()) {
        const name = `k${i}`
        await post(body, { 'idempotency-key': name })
        const { requestHash, body: kept } = test.memory.rows.get(`127.0.0.1/${name}`)!
        expect(kept).to.deep.equal('prove' in body ? { id: [...test.backend.jobs.keys()].at(-1) } : null)
        expect(requestHash).to.equal(hashRequest(IDEMPOTENCY_SECRET, body))
        expect(requestHash).not.to.equal(hashRequest(Buffer.alloc(32, 8), body))
        expect(requestHash).not.to.equal(createHash('sha256').update(JSON.stringify(body)).digest('hex'))
      }
    })

    it('runs again for a run', async () => {
      const first = await post(RUN, key)
      const again = await post(RUN, key)
      expect([again.statusCode, again.body]).to.deep.equal([200, first.body])
      expect(again.headers).to.include({ 'idempotency-replayed': 'true' })
      expect(test.backend.runs).to.equal(2)
      expect((await post({ ...RUN, input_data: [[1, 1, 1]] }, key)).statusCode).to.equal(422)
    })
  })
})
