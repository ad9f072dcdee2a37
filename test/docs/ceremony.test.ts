// SPDX-License-Identifier: GPL-3.0-or-later
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { keccak256 } from 'ethers'
import { zKey } from 'snarkjs'
import { readKeyMetadata, withSnarkjs } from '../../prover/groth16'
import { artefactPaths } from '../../prover/pipeline'
import { projectFolder } from '../../prover/project'
import { buildCli, parseResult, removeFolder, runCli, temporaryFolder } from '../cli/support'
import { QUIET } from '../support/circom-circuit'

const run = promisify(execFile)
const ROOT = projectFolder()
const DOCUMENT = readFileSync(join(ROOT, 'docs', 'ceremony.md'), 'utf8')
const snippets = [...DOCUMENT.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1]!)

describe('docs/ceremony.md', function () {
  this.timeout(120_000)
  let folder: string
  let main: string
  before(() => {
    folder = temporaryFolder()
    main = buildCli()
    mkdirSync(join(folder, '.bin'))
    symlinkSync(main, join(folder, '.bin', 'zkml'))
    symlinkSync(join(ROOT, 'models'), join(folder, 'models'))
  })
  after(() => removeFolder(folder))

  const zkml = (...args: string[]) => runCli(main, args, { cwd: folder })
  const powers = ['--ptau', 'trial.ptau', '--local']
  const paths = () => artefactPaths(join(folder, 'cancer'))

  for (const snippet of snippets) {
    it(snippet.split('\n')[0]!, async () => {
      const env = { ...process.env, PATH: `${join(folder, '.bin')}${delimiter}${process.env.PATH}` }
      await run('bash', ['-euo', 'pipefail', '-c', snippet], { cwd: folder, env })
    })
  }

  it('ends with a key that proves, snarkjs accepts, and metadata with the hash of the transcript', async () => {
    const metadata = readKeyMetadata(paths().keyMetadata)
    expect(metadata.kind).to.equal('ceremony')
    expect(metadata.setupHash).to.equal(keccak256(readFileSync(paths().transcript)))
    expect(metadata.ptau).to.include({ source: 'local', power: 10, contributions: 1 })
    const accepted = await withSnarkjs(() =>
      zKey.verifyFromR1cs(paths().r1cs, join(folder, 'trial.ptau'), paths().zkey, QUIET),
    )
    expect(accepted).to.equal(true)
    const samples = JSON.parse(readFileSync(join(ROOT, 'models/breast-cancer/samples.json'), 'utf8')) as {
      input_data: number[][]
    }
    writeFileSync(join(folder, 'input.json'), JSON.stringify({ input_data: samples.input_data.slice(0, 1) }))
    const proof = parseResult(await zkml('prove', 'cancer', '--input', 'input.json', '--out', 'proof.json', '--json'))
    expect(proof.vkHash).to.equal(metadata.vkHash)
  })

  it('finalises no key that is not finished, and leaves the one that was there', async () => {
    const before = readFileSync(paths().keyMetadata)
    const initial = await zkml('ceremony', 'finalize', 'cancer', ...powers, '--zkey', 'circuit_0000.zkey', '--json')
    expect(initial.code).to.equal(1)
    expect(initial.stdout).to.include('GROTH16_CEREMONY_INVALID').and.include('nobody contributed')
    const unfinished = parseResult(
      await zkml('ceremony', 'verify', 'cancer', ...powers, '--zkey', 'circuit_0000.zkey', '--json'),
    )
    expect(unfinished.unfinished).to.match(/nobody contributed/)
    const judged = await zkml('setup', 'verify', 'cancer', '--ptau', 'trial.ptau', '--zkey', 'circuit_0000.zkey')
    expect(judged.code).to.equal(1)
    const good = await zkml('setup', 'verify', 'cancer', '--ptau', 'trial.ptau', '--json')
    expect(parseResult(good).consistent).to.equal(true)
    const unknown = await zkml('ceremony', 'init', 'cancer', '--ptau', 'trial.ptau', '--json')
    expect(unknown.code).to.equal(1)
    expect(unknown.stdout).to.include('GROTH16_PTAU_UNKNOWN')
    expect(readFileSync(paths().keyMetadata).equals(before)).to.equal(true)
  })

  it('does not accept a transcript that says something else, or another key', async () => {
    const transcript = readFileSync(paths().transcript, 'utf8')
    writeFileSync(paths().transcript, transcript.replace('Grace', 'Alice'))
    const verify = ['ceremony', 'verify', 'cancer', ...powers, '--json']
    expect((await zkml(...verify)).stdout).to.include('ARTEFACT_INVALID')
    writeFileSync(paths().transcript, transcript)
    copyFileSync(join(folder, 'circuit_0001.zkey'), paths().zkey)
    expect((await zkml(...verify)).code).to.equal(1)
  })

  it('forgets the transcript with the next key of one party', async () => {
    expect((await zkml('setup', 'cancer', '--ptau', 'trial.ptau')).code).to.equal(0)
    expect(readKeyMetadata(paths().keyMetadata).kind).to.equal('ptau-single-party')
    const result = await zkml('ceremony', 'verify', 'cancer', ...powers, '--json')
    expect(result.code).to.equal(1)
  })
})
