// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'

import { BACKEND_NAMES, chooseBackend, selectBackend } from '../../prover/groth16/select-backend'
import { nativeStatus } from '../../prover/native'
import { thrown } from '../support/rejection'

const BINARY = process.execPath
const isBuilt = nativeStatus().addon !== undefined

describe('groth16: choice of a backend', () => {
  it('takes the one that was named, before what the environment says', () => {
    const env = { ZKML_BACKEND: 'snarkjs', ZKML_RAPIDSNARK: BINARY }
    expect(chooseBackend('rapidsnark', env).name).to.equal('rapidsnark')
    expect(chooseBackend(undefined, env)).to.deep.equal({ name: 'snarkjs', why: 'ZKML_BACKEND names it' })
    expect(chooseBackend(undefined, { ZKML_RAPIDSNARK: BINARY }).name).to.equal('rapidsnark')
    for (const name of BACKEND_NAMES.filter((name) => name !== 'native' || isBuilt))
      expect(chooseBackend(name, env).name).to.equal(name)
  })

  it('takes native without being told to, else snarkjs', () => {
    const { name, why } = chooseBackend(undefined, { ZKML_BACKEND: '', ZKML_RAPIDSNARK: '' })
    expect(name).to.equal(isBuilt ? 'native' : 'snarkjs')
    expect(why).to.include(isBuilt ? 'the addon loads' : 'native is not there')
  })

  it('opens what it chose', async () => {
    const backend = selectBackend(undefined, { threads: 1 }, { ZKML_RAPIDSNARK: BINARY })
    expect(backend.name).to.equal('rapidsnark')
    await backend.close()
    expect(selectBackend('snarkjs', {}, { ZKML_RAPIDSNARK: '/nowhere' }).name).to.equal('snarkjs')
  })

  it('meets no wish by another backend', () => {
    for (const [name, env, words] of [
      ['groth17', {}, 'none of'],
      ['toString', {}, 'none of'],
      [undefined, { ZKML_BACKEND: 'snark' }, 'ZKML_BACKEND is "snark"'],
      ['rapidsnark', {}, 'set ZKML_RAPIDSNARK'],
      [undefined, { ZKML_BACKEND: 'rapidsnark' }, 'set ZKML_RAPIDSNARK'],
    ] as const) {
      const error = thrown(() => selectBackend(name, {}, env))
      expect(thrown(() => chooseBackend(name, env)).message).to.equal(error.message)
      expect(error).to.have.property('code', 'BACKEND_UNAVAILABLE')
      expect(error.message).to.include(words)
    }
    expect(thrown(() => selectBackend(undefined, {}, { ZKML_RAPIDSNARK: '/nowhere' }))).to.have.property(
      'code',
      'RAPIDSNARK_MISSING',
    )
  })
})
