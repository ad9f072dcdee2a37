// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { ZeroAddress } from 'ethers'
import { readdir } from 'node:fs/promises'
import { configFile, resolveConfig } from '../../scripts/deploy/config'
import { deployAll, planDeployment } from '../../scripts/deploy/deploy-all'
import { writeJson } from '../../scripts/deploy/json'
import { otherEnvironment } from '../support/public-chain'
import { GUARDIAN, OWNER, PROPOSER, PUBLIC, recordFolder, refusal, without } from './support'

const ACCOUNT = '0x4444444444444444444444444444444444444444'

const FILE = {
  $schema: './schema.json',
  timelock: { minDelay: 172_800, proposers: [PROPOSER], executors: [PROPOSER, GUARDIAN] },
  guardian: GUARDIAN,
  coordinatorOwner: OWNER,
}

describe('deployment configuration', () => {
  const folder = recordFolder()
  const resolve = (chainId: number, overrides = {}) => resolveConfig(folder(), chainId, ACCOUNT, overrides)

  it('gives every role to the first account on development chains', async () => {
    for (const chainId of [1337, 31337]) {
      expect(await resolve(chainId)).to.deep.equal({
        timelock: { minDelay: 0, proposers: [ACCOUNT], executors: [ACCOUNT] },
        guardian: ACCOUNT,
        coordinatorOwner: ACCOUNT,
        allowDev: false,
      })
    }
  })

  it('asks for every role on public chains, by file or flags, and says what to write', async () => {
    const file = configFile(folder(), 1)
    await refusal(
      resolve(1),
      'DEPLOY_CONFIG',
      /timelock\.minDelay, timelock\.proposers, timelock\.executors, guardian, coo/,
    )
    await refusal(resolve(1), 'DEPLOY_CONFIG', file, '"guardian":"0x…"')
    const flags = await resolve(1, PUBLIC)
    await writeJson(file, FILE)
    expect(await resolve(1)).to.deep.equal(flags)
    await writeJson(file, without(FILE, 'guardian'))
    await refusal(resolve(1), 'DEPLOY_CONFIG', /and guardian is not set/)
    expect(await resolve(1, { guardian: GUARDIAN })).to.deep.equal(flags)
    expect((await resolve(1, { guardian: OWNER })).guardian).to.equal(OWNER)
    expect((await resolve(1, { guardian: OWNER, minDelay: 86_400 })).timelock.minDelay).to.equal(86_400)
  })

  it('sends nothing and writes nothing without it', async () => {
    const hre = await otherEnvironment(5)
    const options = { models: [], directory: folder() }
    await refusal(deployAll(hre, options), 'DEPLOY_CONFIG')
    await refusal(planDeployment(hre, options), 'DEPLOY_CONFIG')
    expect(await hre.ethers.provider.getBlockNumber()).to.equal(0)
    expect(await readdir(folder())).to.deep.equal([])
  })

  it('refuses roles that nobody could hold and delays that protect nobody', async () => {
    for (const [change, says] of [
      [{ proposers: [] }, /proposers is empty/],
      [{ executors: [] }, /executors is empty/],
      [{ proposers: [ZeroAddress] }, /proposers has "0x0000/],
      [{ proposers: [PROPOSER, PROPOSER.toUpperCase().replace('X', 'x')] }, /names an address twice/],
      [{ guardian: ZeroAddress }, /guardian has/],
      [{ guardian: '0x12' }, /guardian has "0x12"/],
      [{ coordinatorOwner: 'vitalik.eth' }, /coordinatorOwner has/],
      [{ minDelay: 86_399 }, /minDelay is 86399; on chain 1 it is a number of seconds from 86400/],
      [{ minDelay: 2 ** 32 + 1 }, /minDelay/],
      [{ minDelay: -1, allowDev: true }, /minDelay/],
      [{ minDelay: 86_400.5 }, /minDelay/],
    ] as const) {
      await refusal(resolve(1, { ...PUBLIC, ...change }), 'DEPLOY_CONFIG', says)
    }
    expect((await resolve(1, { ...PUBLIC, executors: [ZeroAddress] })).timelock.executors).to.deep.equal([ZeroAddress])
    expect((await resolve(1, { ...PUBLIC, minDelay: 0, allowDev: true })).timelock.minDelay).to.equal(0)
  })

  it('refuses a file with fields it does not know or cannot read', async () => {
    for (const [change, says] of [
      [{ gaurdian: GUARDIAN }, /gaurdian is not a known field/],
      [{ timelock: { ...FILE.timelock, delay: 1 } }, /timelock\.delay is not a known field/],
      [{ timelock: { ...FILE.timelock, minDelay: '1' } }, /minDelay is not an integer/],
      [{ timelock: { ...FILE.timelock, proposers: PROPOSER } }, /proposers is not an array/],
      [{ allowDev: 'yes' }, /allowDev is not true or false/],
    ] as const) {
      await writeJson(configFile(folder(), 1), { ...FILE, ...change })
      await refusal(resolve(1), 'DEPLOY_FILE', says)
    }
  })
})
