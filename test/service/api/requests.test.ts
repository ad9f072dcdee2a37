// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { Wallet } from 'ethers'
import {
  requestInputHash,
  requestInputMessage,
  requestOutputMessage,
  typedDataDigest,
  type TypedData,
} from '../../../prover/encodings'
import { closeApis, DEMO, HIDDEN, SALT, testApi, type TestApi } from './support'

const requester = new Wallet(`0x${'01'.repeat(32)}`)
const stranger = new Wallet(`0x${'02'.repeat(32)}`)
const REQUEST = {
  chainId: 31337,
  coordinator: '0x1111111111111111111111111111111111111111',
  requestId: `0x${'5a'.repeat(32)}`,
}
const REFERENCE = { ...REQUEST, chainId: 31337n }
const INTEGERS = [
  [1n, -2n],
  [3n, 4n],
]

const sign = (wallet: Wallet, { domain, types, value }: TypedData) => wallet.signTypedData(domain, types, value)

describe('/v1/requests/{id}', function () {
  this.timeout(20_000)
  let test: TestApi
  before(async () => {
    test = await testApi({ anonymousScopes: [], rate: { requests: 1000, proofs: 10, signed: 100 } })
  })
  beforeEach(() => {
    test.backend.inputs.length = 0
    test.backend.contractSays = false
    test.backend.requests.length = 0
    test.backend.requests.push({ ...REQUEST, jobId: 'job-1', requester: requester.address, model: HIDDEN })
  })
  after(closeApis)

  async function post(part: 'input' | 'output', payload: object, id = REQUEST.requestId): Promise<[number, string]> {
    const response = await test.api.inject({ method: 'POST', url: `/v1/requests/${id}/${part}`, payload })
    return [response.statusCode, response.json<{ code?: string }>().code ?? '']
  }

  describe('/input', () => {
    const body = {
      chainId: 31337,
      input_integers: INTEGERS.map((row) => row.map(String)),
      salts: [String(SALT)],
    }
    const signed = async (wallet = requester, change: Partial<typeof REFERENCE> = {}) => ({
      ...body,
      signature: await sign(wallet, requestInputMessage({ ...REFERENCE, ...change }, INTEGERS, [SALT])),
    })

    it('takes what the requester signed, without a token, as integers or as values', async () => {
      expect(await post('input', await signed())).to.deep.equal([202, ''])
      const { chainId, salts, signature } = await signed()
      const values = INTEGERS.map((row) => row.map((q) => Number(q) / 16))
      expect(await post('input', { chainId, salts, signature, input_data: values })).to.deep.equal([202, ''])
      for (const { input, salts: kept } of test.backend.inputs) {
        expect(input.map((row) => Array.from(row))).to.deep.equal([
          [1, -2],
          [3, 4],
        ])
        expect(kept).to.deep.equal([SALT])
      }
      expect(test.backend.inputs).to.have.length(2)
    })

    it('takes it from a contract that accepts the signature', async () => {
      test.backend.contractSays = true
      expect(await post('input', { ...(await signed()), signature: '0x1234' })).to.deep.equal([202, ''])
    })

    it('refuses signatures of others, for others, and over something else', async () => {
      const refused = [403, 'API_SIGNATURE_REFUSED']
      expect(await post('input', await signed(stranger))).to.deep.equal(refused)
      for (const change of [{ chainId: 1n }, { coordinator: stranger.address }, { requestId: `0x${'5b'.repeat(32)}` }])
        expect(await post('input', await signed(requester, change))).to.deep.equal(refused)
      const good = await signed()
      expect(
        await post('input', {
          ...good,
          input_integers: [
            ['1', '-2'],
            ['3', '5'],
          ],
        }),
      ).to.deep.equal(refused)
      expect(await post('input', { ...good, salts: ['1'] })).to.deep.equal(refused)
      expect(await post('input', { ...good, signature: `0x${'00'.repeat(65)}` })).to.deep.equal(refused)
      expect(test.backend.inputs).to.deep.equal([])
    })

    it('refuses what does not fit the model or is no request of ours', async () => {
      const good = await signed()
      expect(await post('input', { ...good, salts: [] })).to.deep.equal([422, 'API_INPUT_SHAPE'])
      expect(await post('input', { ...good, input_integers: [['1', '2']] })).to.deep.equal([422, 'API_INPUT_SHAPE'])
      expect(await post('input', { ...good, chainId: 1 })).to.deep.equal([404, 'API_REQUEST_UNKNOWN'])
      expect(await post('input', good, `0x${'5b'.repeat(32)}`)).to.deep.equal([404, 'API_REQUEST_UNKNOWN'])
      expect(await post('input', good, '0x12')).to.deep.equal([400, 'API_REQUEST_INVALID'])
      expect(await post('input', { ...good, signature: '0x' })).to.deep.equal([400, 'API_REQUEST_INVALID'])
      test.backend.requests[0] = { ...test.backend.requests[0]!, model: undefined }
      expect(await post('input', good)).to.deep.equal([404, 'API_MODEL_UNKNOWN'])
    })

    it('is limited by address and request', async () => {
      const limited = await testApi({ rate: { requests: 1000, proofs: 10, signed: 1 } })
      const ask = async (id = REQUEST.requestId) =>
        (
          await limited.api.inject({
            method: 'POST',
            url: `/v1/requests/${id}/input`,
            payload: await signed(),
          })
        ).statusCode
      const other = `0x${'5b'.repeat(32)}`
      expect([await ask(), await ask(), await ask(other)]).to.deep.equal([404, 429, 404])
      expect(await ask(`0x${'5B'.repeat(32)}`), 'the same in capitals').to.equal(429)
    })
  })

  describe('/output', () => {
    const now = () => Math.floor(Date.now() / 1000)
    const body = async (issuedAt: number, expiresAt: number, wallet = requester) => ({
      ...{ chainId: 31337, issuedAt, expiresAt },
      signature: await sign(
        wallet,
        requestOutputMessage(REFERENCE, { issuedAt: BigInt(issuedAt), expiresAt: BigInt(expiresAt) }),
      ),
    })
    const tensor = { commitment: '1', salt: '2', integers: ['3', '4'], values: [3, 4] }

    it('gives the requester the outputs, and only those', async () => {
      test.backend.stored.set('job-1', {
        ...{ format: 'zkml-secrets/1', modelHash: DEMO.file.modelHash },
        tensors: [
          { side: 'output', name: 'reason', ...tensor },
          { side: 'input', name: 'closed', ...tensor },
        ],
      })
      const payload = await body(now(), now() + 60)
      const response = await test.api.inject({
        method: 'POST',
        url: `/v1/requests/${REQUEST.requestId}/output`,
        payload,
      })
      expect(response.statusCode).to.equal(200)
      expect(response.headers['cache-control']).to.equal('no-store')
      expect(response.json<{ tensors: object[] }>().tensors).to.deep.equal([
        { side: 'output', name: 'reason', ...tensor },
      ])
    })

    it('refuses others, and signatures that do not count now or count for long', async () => {
      expect(await post('output', await body(now(), now() + 60, stranger))).to.deep.equal([
        403,
        'API_SIGNATURE_REFUSED',
      ])
      const good = await body(now(), now() + 60)
      expect(await post('output', { ...good, expiresAt: good.expiresAt + 1 })).to.deep.equal([
        403,
        'API_SIGNATURE_REFUSED',
      ])
      for (const [from, to] of [
        [-120, -1],
        [0, 601],
        [-1000, 60],
        [120, 180],
      ])
        expect(await post('output', await body(now() + from!, now() + to!))).to.deep.equal([400, 'API_REQUEST_INVALID'])
    })

    it('says when there is nothing to open', async () => {
      test.backend.stored.clear()
      expect(await post('output', await body(now(), now() + 60))).to.deep.equal([404, 'API_PART_ABSENT'])
    })
  })
})

describe('messages to a prover', () => {
  it('are typed data that do not change', () => {
    expect(requestInputHash(INTEGERS, [SALT])).to.equal(
      '0x5282f6d667a0ec895f24633796f237387f3caa6e6e65e71f38e782283d927228',
    )
    expect(typedDataDigest(requestInputMessage(REFERENCE, INTEGERS, [SALT]))).to.equal(
      '0xb1c6a984b04dca6b6b06468cfb5e029d13ae98caf28ef3b1be0becb43a0d4dbb',
    )
    const validity = { issuedAt: 1_700_000_000n, expiresAt: 1_700_000_060n }
    expect(typedDataDigest(requestOutputMessage(REFERENCE, validity))).to.equal(
      '0xd44f30a85d259e1f4aedbea98356fffde4a50f1651e4fff3b2b6fdddfd49c618',
    )
  })

  it('tell rows, order and salts apart', () => {
    const hashes = [
      requestInputHash([[1n, 2n], [3n]], [4n]),
      requestInputHash([[1n], [2n, 3n]], [4n]),
      requestInputHash([[1n, 2n, 3n]], [4n]),
      requestInputHash([[1n, 2n], [3n]], [5n]),
      requestInputHash([[1n, 2n], [3n]], []),
      requestInputHash([[-1n, 2n], [3n]], [4n]),
    ]
    expect(new Set(hashes).size).to.equal(hashes.length)
  })
})
