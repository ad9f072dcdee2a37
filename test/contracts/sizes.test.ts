// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { artifacts } from 'hardhat'
import { describeUninstrumented } from '../support/coverage'

/** EIP-170 and EIP-3860. */
const MAX_CODE = 24_576
const MAX_INIT_CODE = 2 * MAX_CODE

const bytes = (hex: string): number => (hex.length - 2) / 2

describeUninstrumented('contract sizes', () => {
  it('every deployable contract fits', async () => {
    const names = (await artifacts.getAllFullyQualifiedNames()).filter(
      (name) => name.startsWith('contracts/') && !name.startsWith('contracts/test/'),
    )
    const tooLarge: string[] = []
    let deployable = 0
    for (const name of names) {
      const { bytecode, deployedBytecode } = await artifacts.readArtifact(name)
      if (bytecode === '0x') continue
      deployable++
      const [code, initCode] = [bytes(deployedBytecode), bytes(bytecode)]
      if (code > MAX_CODE || initCode > MAX_INIT_CODE) tooLarge.push(`${name}: ${code} bytes, ${initCode} of init code`)
    }
    expect(tooLarge).to.deep.equal([])
    expect(deployable).to.be.greaterThan(8)
  })
})
