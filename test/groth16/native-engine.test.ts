// SPDX-License-Identifier: GPL-3.0-or-later
import { loadNative, NATIVE_LEVELS } from '../../prover/native'
import { nativeEngine } from '../../prover/groth16/native-engine'
import { describeEngine } from '../support/engine-cases'

for (const level of NATIVE_LEVELS) {
  const status = loadNative(level)
  const { addon } = status
  if (addon !== undefined) describeEngine(`native ${level}`, () => nativeEngine(addon))
  else describe(`point engine: native, ${level}`, () => it.skip(`is not here: ${status.reason}`))
}
