// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync, statSync } from 'node:fs'
import { FIELD_R } from '../../prover/encodings'
import { INPUT, inputJson, makeFixture, type Fixture } from './fixture'
import { expectFailure, listing, openSession, parseResult, type Session } from './support'

type Json = Record<string, unknown>
type Secrets = Json & { tensors: Json[] }

describe('cli: openings', function () {
  this.timeout(60_000)
  let fixture: Fixture
  let session: Session
  const read = <T = Json>(name: string): T => JSON.parse(readFileSync(fixture.path(name), 'utf8')) as T
  const change = <T = Json>(from: string, to: string, edit: (value: T) => void) => {
    const value = read<T>(from)
    edit(value)
    fixture.write(to, JSON.stringify(value))
  }

  before(async function () {
    this.timeout(180_000)
    fixture = makeFixture()
    session = openSession(fixture.main, fixture.folder)
    const { must } = fixture
    const visibility = ['--input', 'hashed', '--output', 'hashed']
    await must('compile', 'model.onnx', '--samples', 'samples.json', '--out', 'secret', ...visibility)
    await must('setup', 'secret', '--dev')
    await must('prove', 'secret', '--input', 'input.json', '--out', 'p.json')
    await must('prove', 'secret', '--input', 'input.json', '--out', 'again.json')
    await must('open', 'secret', '--proof', 'p.json', '--tensor', 'y', '--out', 'y.json')
    await must('open', 'secret', '--proof', 'p.json', '--tensor', 'input:x', '--out', 'x.json')
    await must('compile', 'model.onnx', '--samples', 'samples.json', '--out', 'plain', '--input-bits', 'x=5')
    await must('setup', 'plain', '--dev')
    await must('prove', 'plain', '--input', 'input.json', '--out', 'plain.json')
  })
  after(() => {
    session.close()
    fixture.remove()
  })

  it('writes an opening of one tensor, readable by its owner, with a warning', async () => {
    const run = await fixture.run(['open', 'secret', '--proof', 'p.json', '--tensor', 'y', '--out', 'y.json', '--json'])
    const { publicSignals } = read<{ publicSignals: string[] }>('p.json')
    expect(parseResult(run)).to.deep.equal({ out: 'y.json', side: 'output', name: 'y', commitment: publicSignals[0] })
    expect(run.stderr).to.match(/warning: whoever reads y\.json learns the output "y"/)
    expect(statSync(fixture.path('y.json')).mode & 0o777).to.equal(0o600)
    const salts = read<Secrets>('p.json.secrets.json').tensors.map(({ salt }) => salt as string)
    const text = readFileSync(fixture.path('y.json'), 'utf8')
    expect([text.includes(salts[0]!), text.includes(salts[1]!)]).to.deep.equal([true, false])
    const help = await session.run(['open', '--help'])
    expect(help.stdout).to.match(/An opening reveals its tensor/)
  })

  it('verifies an opening, and prints the real values and what a contract takes', async () => {
    const args = ['open', 'secret', '--proof', 'p.json', '--opening', 'y.json']
    const result = parseResult(await session.run([...args, '--tensor', 'y', '--json']))
    const { output } = parseResult(await session.run(['check', 'secret', '--input', 'input.json', '--json']))
    expect(result).to.include({ valid: true, reason: null, portable: true, side: 'output', name: 'y' })
    expect([result.values]).to.deep.equal(output)
    const { salt, commitment } = read('y.json')
    expect(result.call).to.include({ isInput: false, index: 0, salt, commitment }).and.to.have.property('words')
    const { stdout } = await session.run(args)
    expect(stdout).to.match(/^valid, of a portable proof: opens the commitment \d+$/m)
    expect(stdout).to.include(`output y: [${(result.values as number[]).join(', ')}]`)
  })

  it('proves a hashed input again under the same commitment, from its opening', async () => {
    const chain = ['prove', 'secret', '--opening', 'x=x.json']
    parseResult(await session.run([...chain, '--out', 'chained.json', '--json']))
    fixture.write('exact.json', inputJson(read<{ values: number[] }>('x.json').values))
    parseResult(await session.run([...chain, '--input', 'exact.json', '--out', 'both.json', '--json']))
    const signals = (name: string) => read<{ publicSignals: string[] }>(name).publicSignals
    const [first, second] = [signals('p.json'), signals('chained.json')]
    expect(second[1]).to.equal(first[1])
    expect(second[0]).not.to.equal(first[0])
    expect(signals('both.json')[1]).to.equal(first[1])
    expect(signals('again.json')[1]).not.to.equal(first[1])
  })

  describe('are refused', () => {
    before(() => {
      change('y.json', 'salt.json', (opening) => (opening.salt = '5'))
      change(
        'y.json',
        'alias.json',
        (opening) => (opening.salt = (BigInt(opening.salt as string) + FIELD_R).toString()),
      )
      change('y.json', 'values.json', (opening) => (opening.values = [1, 2]))
      change('y.json', 'integers.json', (opening) => (opening.integers = ['1', '2']))
      change('y.json', 'far.json', (opening) => (opening.integers = ['1', (1n << 60n).toString()]))
      change('y.json', 'shape.json', (opening) => (opening.shape = [3]))
      change('y.json', 'exponent.json', (opening) => {
        opening.exponent = (opening.exponent as number) - 1
        opening.values = (opening.values as number[]).map((value) => 2 * value)
      })
      change('y.json', 'renamed.json', (opening) => (opening.name = 'z'))
      change('y.json', 'moved.json', (opening) => Object.assign(opening, { side: 'input', name: 'x' }))
      change('y.json', 'other-model.json', (opening) => (opening.modelHash = `0x${'1'.repeat(64)}`))
      change('y.json', 'format.json', (opening) => (opening.format = 'zkml-opening/2'))
      change('p.json', 'forged.json', (proof) => {
        const signals = proof.publicSignals as string[]
        signals[0] = (BigInt(signals[0]!) + 1n).toString()
      })
      change<Secrets>('p.json.secrets.json', 'changed.secrets.json', ({ tensors }) => (tensors[0]!.salt = '7'))
      fixture.write('far-input.json', inputJson(INPUT.map((value) => -value)))
      fixture.write('text.json', 'no JSON')
    })
    const verify = 'open secret --proof p.json --opening'
    const write = 'open secret --out new.json --proof p.json'
    for (const [what, args, message, code = 1] of [
      ['another salt', `${verify} salt.json`, /do not give its commitment/],
      ['a salt with another name in the field', `${verify} alias.json`, /"salt" is no field element/],
      ['values for people that are others', `${verify} values.json`, /"values" are not those/],
      ['other integers', `${verify} integers.json`, /do not give its commitment/],
      ['integers out of range', `${verify} far.json`, /it opens nothing: Element 1/],
      ['another shape', `${verify} shape.json`, /\[3\] has not as many elements/],
      ['another scale', `${verify} exponent.json`, /another format than the model/],
      ['a tensor that is not there', `${verify} renamed.json`, /no hashed output "z"/],
      ['the opening of another tensor', `${verify} moved.json`, /another (format|commitment)/],
      ['the opening of another model', `${verify} other-model.json`, /of another model/],
      ['the opening of another proof', 'open secret --proof again.json --opening y.json', /of another commitment/],
      ['a proof that does not hold', 'open secret --proof forged.json --opening y.json', /pairing equation/],
      ['another tensor than asked for', `${verify} y.json --tensor x`, /of the output "y", not of "x"/, 2],
      ['another format', `${verify} format.json`, /format is not zkml-opening\/1/],
      ['text', `${verify} text.json`, /not valid JSON/],
      ['secrets in place of an opening', `${verify} p.json.secrets.json`, /format is not zkml-opening\/1/],
      ['two tensors to choose from', write, /output:y, input:x; choose one/],
      ['an unknown tensor', `${write} --tensor z`, /"z" is not one of them/],
      ['changed secrets', `${write} --tensor y --secrets changed.secrets.json`, /does not open its commitment/],
      ['secrets of another proof', `${write} --tensor y --secrets again.json.secrets.json`, /another commitment/],
      [
        'a proof without secrets',
        'open plain --out new.json --proof plain.json',
        /plain\.json\.secrets\.json does not exist/,
      ],
      ['neither direction', 'open secret --proof p.json', /give --out .* or --opening/, 2],
      ['both directions', `${verify} y.json --out new.json`, /not both/, 2],
      ['secrets for a verifier', `${verify} y.json --secrets p.json.secrets.json`, /--secrets goes with --out/, 2],
      ['an opening for no input', 'prove secret --opening z=x.json --out new.json', /no input "z"/],
      [
        'an opening for an open input',
        'prove plain --opening x=x.json --out new.json',
        /"x" is public; only a hashed one/,
      ],
      [
        'an opening of another format',
        'prove secret --opening x=y.json --out new.json',
        /their commitments never agree/,
      ],
      [
        'an opening and other values',
        'prove secret --opening x=x.json --input far-input.json --out new.json',
        /other values than its opening/,
      ],
      ['a broken opening as an input', 'prove secret --opening x=text.json --out new.json', /not valid JSON/],
      ['no input', 'prove secret --out new.json', /--input is missing/, 2],
      ['an opening without a name', 'prove secret --opening x.json --out new.json', /write --opening name=file/, 2],
    ] as const) {
      it(what, async () => {
        const before = listing(fixture.folder)
        expectFailure(await session.run(args.split(' ')), message, code)
        expect(listing(fixture.folder)).to.deep.equal(before)
      })
    }

    it('with the reason in JSON', async () => {
      const { stdout, code } = await session.run(`${verify} exponent.json --json`.split(' '))
      expect(code).to.equal(1)
      expect(JSON.parse(stdout)).to.deep.include({ valid: false, values: [] }).and.to.have.property('error')
    })
  })
})
