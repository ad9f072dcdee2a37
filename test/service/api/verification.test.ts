// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { closeApis, commitmentTo, demoProofFile, SALT, testApi, type TestApi } from './support'

type Body = Readonly<Record<string, unknown>>

describe('verification by the API', function () {
  this.timeout(20_000)
  let test: TestApi
  before(async () => {
    test = await testApi()
  })
  beforeEach(() => {
    test.backend.valid = true
  })
  after(closeApis)

  async function post(url: string, payload: object): Promise<[number, Body]> {
    const response = await test.api.inject({ method: 'POST', url, payload })
    return [response.statusCode, response.json<Body>()]
  }

  describe('POST /v1/verify', () => {
    const verify = (proof: Body, model = 'demo') => post('/v1/verify', { model, proof })

    it('tells what a valid proof proves', async () => {
      const [status, body] = await verify(demoProofFile())
      expect(status).to.equal(200)
      expect(body).to.deep.equal({
        ...{ valid: true, reason: null, portable: true },
        outputs: [
          { name: 'y', shape: [1, 2], values: [1.25, -1.5], integers: ['5', '-6'], exponent: 2, commitment: null },
        ],
      })
    })

    it('tells why a proof is not valid, and nothing of its outputs', async () => {
      test.backend.valid = false
      const [, body] = await verify(demoProofFile())
      expect(body).to.deep.equal({ valid: false, reason: 'the proof is not good', portable: true, outputs: [] })
    })

    it('does not take a proof whose readable parts say something else', async () => {
      const proof = demoProofFile()
      const [output] = proof['outputs'] as Body[]
      const [, body] = await verify({ ...proof, outputs: [{ ...output, values: [9, 9] }] })
      expect(body).to.deep.include({ valid: false, outputs: [] })
      expect(body['reason']).to.include('outputs')
    })

    it('refuses what is no proof', async () => {
      const proof = demoProofFile()
      for (const [change, expected, code] of [
        [{ format: 'other' }, 400, 'API_REQUEST_INVALID'],
        [{ publicSignals: ['x'] }, 422, 'PROOF_FILE_INVALID'],
        [{ proof: { pi_a: ['1'], pi_b: [], pi_c: [] } }, 400, 'API_REQUEST_INVALID'],
        [{ vkHash: '0x12' }, 400, 'API_REQUEST_INVALID'],
        [{ context: { chainId: '1' } }, 400, 'API_REQUEST_INVALID'],
      ] as const) {
        const [status, body] = await verify({ ...proof, ...change })
        expect([status, body['code']], JSON.stringify(change)).to.deep.equal([expected, code])
      }
      expect((await verify(proof, 'other'))[0]).to.equal(404)
    })
  })

  describe('POST /v1/commitments/open', () => {
    const opening = {
      ...{ model: 'hidden', tensor: 'reason', commitment: String(commitmentTo([16n, -8n])), salt: String(SALT) },
      integers: ['16', -8],
    }
    const opens = async (change: object) => {
      const [status, { opens: result, code }] = await post('/v1/commitments/open', { ...opening, ...change })
      return status === 200 ? result : code
    }

    it('says whether salt and tensor open it', async () => {
      expect(await opens({})).to.equal(true)
      expect(await opens({ integers: undefined, values: [1, -0.5] })).to.equal(true)
      expect(await opens({ tensor: 'closed' })).to.equal(true)
      expect(await opens({ integers: [16, -7] })).to.equal(false)
      expect(await opens({ salt: '1' })).to.equal(false)
      expect(await opens({ commitment: '1' })).to.equal(false)
    })

    it('refuses tensors that cannot be', async () => {
      expect(await opens({ integers: [16] })).to.equal('API_INPUT_SHAPE')
      expect(await opens({ tensor: 'other' })).to.equal('API_INPUT_SHAPE')
      expect(await opens({ integers: [16, 128] })).to.equal('ENCODING_PACKING')
      expect(await opens({ integers: undefined, values: [1, 1e300] })).to.equal('API_INPUT_SHAPE')
      expect(await opens({ values: [1, 2] })).to.equal('API_REQUEST_INVALID')
      expect(await opens({ integers: undefined })).to.equal('API_REQUEST_INVALID')
      expect(await opens({ salt: '9'.repeat(78) })).to.equal('API_INPUT_SHAPE')
    })
  })
})
