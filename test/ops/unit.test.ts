// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkConfig } from '../../prover/service/config'
import { OPS } from '../../scripts/ops/files'

/** Settings of a unit by name; those that stand more than once are a list. */
function settingsOf(unit: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, readonly string[]>()
  for (const line of unit.split('\n')) {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (name !== undefined) settings.set(name, [...(settings.get(name) ?? []), value!])
  }
  return settings
}

describe('ops/zkml.service', () => {
  const unit = settingsOf(readFileSync(join(OPS, 'zkml.service'), 'utf8'))
  const only = (name: string) => {
    expect(unit.get(name), name).to.have.length(1)
    return unit.get(name)![0]!
  }

  it('waits longer for the daemon than that waits for its work', () => {
    expect(Number(only('TimeoutStopSec'))).to.be.above(checkConfig({}).shutdownSeconds)
    expect(only('KillMode')).to.equal('mixed')
  })

  it('starts it again whenever it fails, but not after wrong usage', () => {
    expect(only('Restart')).to.equal('on-failure')
    expect(only('StartLimitIntervalSec')).to.equal('0')
    expect(only('RestartPreventExitStatus')).to.equal('2')
  })

  it('hands over configuration and keystore under the names that the example has', () => {
    expect(only('ExecStart')).to.match(/ serve --config \$\{CREDENTIALS_DIRECTORY\}\/zkml\.json$/)
    const example = JSON.parse(readFileSync(join(OPS, 'zkml.example.json'), 'utf8')) as {
      readonly accounts: { readonly prover: Readonly<Record<string, string>> }
    }
    expect(unit.get('LoadCredential')!.map((credential) => credential.split(':')[0])).to.deep.equal([
      'zkml.json',
      ...Object.values(example.accounts.prover),
    ])
  })

  it('shuts it in', () => {
    for (const name of ['DynamicUser', 'NoNewPrivileges', 'PrivateTmp', 'PrivateDevices', 'ProtectHome'])
      expect(only(name), name).to.equal('yes')
    expect(only('ProtectSystem')).to.equal('strict')
    expect(only('CapabilityBoundingSet')).to.equal('')
    expect(only('StateDirectory')).to.equal('zkml')
    expect(only('LimitCORE')).to.equal('0')
    expect(unit.get('Environment')).to.include('ZKML_STATE_DIR=%S/zkml')
  })
})
