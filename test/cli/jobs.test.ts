// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../service/pool/fixture'
import { startServe, type ServeProcess } from './daemon'
import { INPUT, makeFixture, type Fixture } from './fixture'
import { expectFailure, openSession, parseResult, SILENT_PORT, type Run, type Session } from './support'

const UNKNOWN = '00000000-0000-4000-8000-000000000000'

describe('zkml jobs', function () {
  this.timeout(120_000)
  let fixture: Fixture
  let session: Session
  let daemon: ServeProcess
  let done: string
  let stuck: string
  let prover: number
  const nobody = `http://127.0.0.1:${SILENT_PORT}`
  const jobs = (...args: readonly string[]): Promise<Run> => session.run(['jobs', ...args])
  const listed = async (...args: readonly string[]) => {
    const { inferences } = parseResult(await jobs('list', ...args, '--json'))
    return (inferences as { id: string }[]).map(({ id }) => id)
  }

  before(async () => {
    fixture = makeFixture()
    session = openSession(fixture.main, fixture.folder)
    await fixture.must('compile', 'model.onnx', '--samples', 'samples.json', '--out', 'tiny')
    await fixture.must('setup', 'tiny', '--dev')
    const config = { models: ['tiny'], api: { port: 0 }, prover: { processes: 1 }, log: { level: 'debug' } }
    fixture.write('zkml.json', JSON.stringify(config))
    daemon = startServe(fixture.main, fixture.folder, ['--config', 'zkml.json'])
    await daemon.line('zkml is ready')
  })
  after(() => {
    daemon.child.kill('SIGKILL')
    if (prover !== undefined && isAlive(prover)) process.kill(prover, 'SIGKILL')
    session.close()
    fixture.remove()
  })

  it('says that there are none', async () => {
    expect(await jobs('list')).to.include({ code: 0, stdout: 'no jobs\n' })
    expect(parseResult(await jobs('list', '--json'))).to.deep.equal({ inferences: [], next: null })
  })

  it('lists them, newest first, as a table or as JSON', async () => {
    done = (await (await daemon.client()).prove('tiny', INPUT)).id
    // A prover that stands still works for ever.
    ;[prover] = (await daemon.provers()) as [number]
    process.kill(prover, 'SIGSTOP')
    stuck = await daemon.ask('tiny', INPUT)
    expect(await listed()).to.deep.equal([stuck, done])
    const [head, rule, ...rows] = (await jobs('list')).stdout.trimEnd().split('\n')
    expect(head).to.match(/^job +for +model +state +created +changed after +reason$/)
    expect(rule).to.match(/^[─ ]+$/)
    expect(rows[0]).to.match(
      new RegExp(`^${stuck} +api +tiny +proving +\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z +\\d+\\.\\d s$`),
    )
    expect(rows[1]).to.match(new RegExp(`^${done} +api +tiny +done +`))
  })

  it('lists some', async () => {
    expect(await listed('--state', 'done')).to.deep.equal([done])
    expect(await listed('--state', 'failed')).to.deep.equal([])
    expect(await listed('--kind', 'api', '--limit', '1')).to.deep.equal([stuck])
    expect(await listed('--kind', 'market')).to.deep.equal([])
    expect(await listed('--chain-id', '1')).to.deep.equal([])
    expect((await jobs('list', '--limit', '1')).stdout).to.match(/\n… and older ones; raise --limit, or choose with/)
  })

  it('shows one', async () => {
    const shown = parseResult(await jobs('show', done, '--json'))
    expect(shown).to.deep.include({ id: done, kind: 'api', model: 'tiny', state: 'done', error: null })
    const { code, stdout } = await jobs('show', done)
    expect(code).to.equal(0)
    expect(stdout).to.match(new RegExp(`^id: ${done}\nkind: api\nmodel: tiny\nstate: done\n`))
    expect(stdout).to.match(/\noutputs:\n {2}y: \[-?\d[\d.]*, -?\d[\d.]*\]\n/)
    expect(stdout).not.to.match(/null|undefined|\[object/)
  })

  it('cancels one', async () => {
    expect(parseResult(await jobs('cancel', stuck, '--json'))).to.include({ id: stuck, state: 'cancelled' })
    expect(parseResult(await jobs('cancel', stuck, '--json'))).to.include({ state: 'cancelled' })
    expect((await jobs('show', stuck)).stdout).to.match(/\nstate: cancelled\n/)
  })

  it('refuses what cannot be done', async () => {
    expectFailure(await jobs('retry', done), /is done; only one that ended skipped, failed, expired can be tried again/)
    expectFailure(await jobs('cancel', done), /is done, and can be cancelled while received or proving only/)
    expectFailure(await jobs('show', UNKNOWN), /There is no such inference/)
    const refused = await jobs('retry', done, '--json')
    expect(refused.code).to.equal(1)
    expect(JSON.parse(refused.stdout)).to.have.nested.property('error.code', 'API_RETRY_REFUSED')
  })

  it('refuses what makes no sense', async () => {
    expectFailure(await jobs('remove', done), /takes list, show, retry, cancel, not "remove"/, 2)
    expectFailure(await jobs('list', done), /jobs list takes no id/, 2)
    expectFailure(await jobs('show'), /jobs show needs the id of a job; "zkml jobs list" shows them/, 2)
    expectFailure(await jobs('show', '../../healthz'), /is no id of a job/, 2)
    expectFailure(await jobs('list', '--state', 'gone'), /--state takes received, .*, not "gone"/, 2)
    expectFailure(await jobs('list', '--limit', '201'), /--limit takes a whole number from 1 to 200/, 2)
    expectFailure(await jobs('list', '--url', 'here'), /--url takes the address of a daemon/, 2)
    expectFailure(await jobs('list', '--url', nobody), /needs the token of an operator/, 2)
  })

  it('finds a daemon elsewhere by address and token', async () => {
    const { url } = await daemon.line('zkml is ready')
    const at = (token: string, address: unknown) =>
      fixture.run(['jobs', 'list', '--url', String(address)], { env: { ZKML_TOKEN: token } })
    expectFailure(await at('somebody', url), /does not know the token; ask its operator/)
    expectFailure(await at('somebody', nobody), /The prover at http:\/\/127\.0\.0\.1:\d+ does not answer/)
  })

  it('says that no daemon runs', async () => {
    expectFailure(await jobs('list', '--state-dir', 'nowhere'), /no daemon runs on the state folder nowhere; start "zk/)
    daemon.child.kill('SIGKILL')
    await daemon.ended
    expectFailure(await jobs('list'), /does not answer; check its address and whether it runs/)
    rmSync(join(fixture.folder, 'zkml-state', 'daemon.json'))
    expectFailure(await jobs('list'), /no daemon runs/)
  })
})
