// SPDX-License-Identifier: GPL-3.0-or-later
import type { lookup, LookupAddress } from 'node:dns'
import type { LookupOptions } from 'node:dns'
import { expect } from 'chai'
import {
  checkLiteral,
  configuredHost,
  guardedLookup,
  isPublicAddress,
  listedHosts,
} from '../../../prover/service/artefacts/hosts'

const refuses = (run: () => unknown, what: string) =>
  expect(run, what).to.throw().with.property('code', 'ARTEFACT_ADDRESS_REFUSED')

describe('artefacts: which hosts are contacted', () => {
  it('tells public addresses from those that only this machine or its network should reach', () => {
    for (const address of ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])
      expect(isPublicAddress(address), address).to.equal(true)
    for (const address of [
      ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.0.1', '169.254.169.254'],
      ...['172.16.0.1', '172.31.255.255', '192.0.0.192', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
      ...['168.63.129.16', '::', '::1', 'fe80::1', 'fd00:ec2::254', 'ff02::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8'],
      ...['64:ff9b::7f00:1', '2002:7f00:1::', '2001::1', '2001:db8::1', 'host.example', ''],
    ])
      expect(isPublicAddress(address), address).to.equal(false)
  })

  it('lets a registry entry lead to listed hosts only, and with * to public ones at their usual port', () => {
    const rule = listedHosts(['models.example', 'other.example:8443', '10.0.0.5'])
    expect(rule(new URL('https://models.example/x'))).to.equal('any')
    expect(rule(new URL('http://MODELS.example:81/x'))).to.equal('any')
    expect(rule(new URL('https://other.example:8443/x'))).to.equal('any')
    expect(rule(new URL('http://10.0.0.5/'))).to.equal('any')
    for (const url of ['https://other.example/', 'https://x.models.example/', 'https://models.example.evil/'])
      refuses(() => rule(new URL(url)), url)
    const anywhere = listedHosts(['*', 'own.example'])
    expect(anywhere(new URL('https://models.example/x'))).to.equal('public')
    expect(anywhere(new URL('http://own.example:25/'))).to.equal('any')
    for (const url of ['http://models.example:25/', 'https://models.example:22/', 'https://models.example:80/'])
      refuses(() => anywhere(new URL(url)), url)
    refuses(() => listedHosts([])(new URL('https://models.example/')), 'none')
  })

  it('refuses addresses in any spelling', () => {
    for (const url of [
      'http://127.1/',
      'http://2130706433/',
      'http://0x7f.0.0.1/',
      'http://[::1]/',
      'http://[::ffff:a00:1]/',
    ])
      refuses(() => checkLiteral(new URL(url), 'public'), url)
    checkLiteral(new URL('http://127.0.0.1/'), 'any')
    checkLiteral(new URL('http://models.example/'), 'public')
  })

  it('lets a configured mirror redirect within its host and to public ones', () => {
    const rule = configuredHost(new URL('http://localhost:8080/ipfs/'), ['10.0.0.5'])
    expect(rule(new URL('http://localhost:8080/x'))).to.equal('any')
    expect(rule(new URL('http://bafy.ipfs.localhost:8080/'))).to.equal('any')
    expect(rule(new URL('http://10.0.0.5/'))).to.equal('any')
    expect(rule(new URL('http://localhost:2375/'))).to.equal('public')
    expect(rule(new URL('http://evillocalhost:8080/'))).to.equal('public')
  })

  describe('as names resolve', () => {
    const resolvesTo = (...addresses: string[]) =>
      ((_: string, __: LookupOptions, done: (error: null, found: LookupAddress[]) => void) =>
        done(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        )) as unknown as typeof lookup
    const ask = (reach: 'any' | 'public', options: { all: boolean }, ...addresses: string[]) =>
      new Promise((resolve, reject) =>
        guardedLookup(reach, resolvesTo(...addresses))('models.example', options, (error, address) =>
          error ? reject(error) : resolve(address),
        ),
      )

    it('connects to public addresses, in both forms that Node asks for', async () => {
      expect(await ask('public', { all: false }, '1.1.1.1')).to.equal('1.1.1.1')
      expect(await ask('public', { all: true }, '1.1.1.1', '2606:4700::1111')).to.have.length(2)
      expect(await ask('any', { all: false }, '127.0.0.1')).to.equal('127.0.0.1')
    })

    it('refuses names that lead inside, even among others', async () => {
      for (const addresses of [['127.0.0.1'], ['1.1.1.1', '169.254.169.254'], ['1.1.1.1', '::1']]) {
        const error = await ask('public', { all: true }, ...addresses).catch((reason: unknown) => reason)
        expect(error).to.have.property('code', 'ARTEFACT_ADDRESS_REFUSED')
      }
    })
  })
})
