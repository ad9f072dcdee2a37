// SPDX-License-Identifier: GPL-3.0-or-later
import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { loadNative, NATIVE_LEVELS, nativeStatus } from '../../prover/native'
import { nativeEngine } from '../../prover/groth16/native-engine'
import { describeEngine } from '../support/engine-cases'

for (const level of NATIVE_LEVELS) {
  const status = loadNative(level)
  const { addon } = status
  if (addon !== undefined) describeEngine(`native ${level}`, () => nativeEngine(addon))
  else describe(`point engine: native, ${level}`, () => it.skip(`is not here: ${status.reason}`))
}

describe('native prover', () => {
  it('is here wherever there is a compiler, so that its tests are not skipped unseen', function () {
    try {
      execFileSync('c++', ['--version'], { stdio: 'ignore' })
    } catch {
      this.skip()
    }
    expect(nativeStatus()).to.have.property('level')
  })
})
