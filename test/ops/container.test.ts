// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { projectFolder } from '../../prover/project'
import { checkConfig, loadConfig } from '../../prover/service/config'
import { OPS } from '../../scripts/ops/files'

const ROOT = projectFolder()
const read = (...path: readonly string[]) => readFileSync(join(ROOT, ...path), 'utf8')
const DEFAULTS = checkConfig({})

/** An image by name: what stands before the first slash is no host. */
const IMAGE = /^(?:[a-z0-9-]+\/)?[a-z0-9-]+:[\w.-]+$/

type Mount = { readonly source: string; readonly target: string }

type Service = {
  readonly image: string
  readonly restart?: string
  readonly profiles?: readonly string[]
  readonly command?: readonly string[]
  readonly stop_grace_period?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly (string | Mount)[]
  readonly configs?: readonly Mount[]
  readonly networks?: readonly string[]
}

type Compose = {
  readonly services: Readonly<Record<string, Service>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly configs: Readonly<Record<string, { readonly file: string }>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
}

describe('ops/Dockerfile', () => {
  const lines = read('ops', 'Dockerfile')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const all = (instruction: string) =>
    lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1))
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))

  it('is made of images by name and version, the last one without a compiler', () => {
    for (const from of all('FROM')) expect(from.split(' ')[0]).to.match(IMAGE)
    expect(last.join('\n')).not.to.match(/npm|tsc/)
  })

  it('copies files that there are and that .dockerignore lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? line.slice(1).replace(/\/$/, '') : []))
    const copied = all('COPY')
      .filter((line) => !line.startsWith('--from'))
      .flatMap((line) => line.split(' ').slice(0, -1))
    for (const path of copied) {
      expect(existsSync(join(ROOT, path)), path).to.equal(true)
      expect(allowed).to.include(path)
    }
    expect(new Set(copied)).to.deep.equal(new Set(allowed))
  })

  it('runs as nobody in particular, by its own signals', () => {
    expect(last.find((line) => line.startsWith('USER '))).to.match(/^USER [1-9]\d+:[1-9]\d+$/)
    expect(last).to.include('STOPSIGNAL SIGTERM')
    expect(last.find((line) => line.startsWith('ENTRYPOINT '))).to.match(/^ENTRYPOINT \["node", .*main\.js"\]$/)
    expect(last).to.include('CMD ["serve"]')
  })

  it('exposes and asks the port that the daemon has by default', () => {
    expect(all('EXPOSE')).to.deep.equal([String(DEFAULTS.api.port)])
    const [check] = all('HEALTHCHECK')
    expect(check).to.include(`process.env.ZKML_PORT || ${DEFAULTS.api.port}`).and.include('/healthz')
    const command = JSON.parse(check!.slice(check!.indexOf('CMD ') + 4)) as string[]
    expect(command.slice(0, 2)).to.deep.equal(['node', '-e'])
    expect(() => new Function(command[2]!)).not.to.throw()
  })

  it('keeps the state in a volume of the user', () => {
    expect(all('ENV').join(' ')).to.include('ZKML_STATE_DIR=/var/lib/zkml')
    expect(all('VOLUME')).to.deep.equal(['["/var/lib/zkml"]'])
    expect(all('RUN').join('\n')).to.match(/install .*--owner=zkml .*--mode=0700 \/var\/lib\/zkml/)
  })
})

describe('ops/compose.yaml', () => {
  const compose = parse(read('ops', 'compose.yaml'), { merge: true }) as Compose
  const { services } = compose
  const daemons = [services['zkml']!, services['worker']!]

  it('has the daemon, a fleet on PostgreSQL, Prometheus and Grafana', () => {
    expect(services).to.have.all.keys('zkml', 'worker', 'postgres', 'prometheus', 'grafana')
    const optional = Object.keys(services).filter((name) => services[name]!.profiles !== undefined)
    expect(optional).to.deep.equal(['worker', 'postgres'])
    for (const { image } of Object.values(services)) if (image !== 'zkml') expect(image).to.match(IMAGE)
  })

  it('publishes nothing but on this machine', () => {
    for (const { ports = [] } of Object.values(services))
      for (const port of ports) expect(port).to.match(/^127\.0\.0\.1:\d+:\d+$/)
    expect(services['postgres']!.networks).to.deep.equal(['database'])
    expect(compose.networks['database']).to.deep.equal({ internal: true })
  })

  it('gives the daemon time to stop, and few rights', () => {
    for (const daemon of daemons) {
      expect(parseInt(daemon.stop_grace_period!, 10)).to.be.above(DEFAULTS.shutdownSeconds)
      expect(daemon).to.include({ read_only: true, restart: 'unless-stopped' })
      expect(daemon.cap_drop).to.deep.equal(['ALL'])
    }
    for (const { security_opt } of Object.values(services)) expect(security_opt).to.include('no-new-privileges:true')
  })

  it('never lets a worker have a database of its own', () => {
    expect(services['worker']!.environment!['DATABASE_URL']).to.match(/^\$\{DATABASE_URL:-postgres:\/\/.+\}$/)
  })

  it('mounts files that there are, or that are the operator’s and stay out of the repository', () => {
    const ignored = read('.gitignore').split('\n')
    for (const { file } of [...Object.values(compose.secrets), ...Object.values(compose.configs)]) {
      const path = join('ops', file)
      expect(
        ignored.some((line) => path === line || (line.endsWith('/') && path.startsWith(line))),
        path,
      ).to.equal(true)
    }
    for (const { volumes = [] } of Object.values(services))
      for (const volume of volumes) {
        const [source] = volume.split(':')
        if (source!.startsWith('./')) expect(existsSync(join(OPS, source!)), volume).to.equal(true)
        else if (/^\w+$/.test(source!)) expect(compose.volumes).to.have.property(source!)
      }
    for (const { secrets = [] } of Object.values(services))
      for (const secret of secrets)
        expect(compose.secrets).to.have.property(typeof secret === 'string' ? secret : secret.source)
    expect(ignored).to.include('ops/.env')
  })

  it('puts keystore and password where the example configuration has them', () => {
    const example = join(OPS, 'zkml.example.json')
    const { accounts } = loadConfig({ file: example }, {})
    const files = Object.values(accounts['prover']!).map((path) => path.replace(OPS, '/etc/zkml'))
    for (const { secrets, configs, command } of daemons) {
      expect(secrets!.map((secret) => (secret as Mount).target)).to.deep.equal(files)
      expect(command).to.deep.equal(['serve', '--config', configs![0]!.target])
    }
  })

  it('is scraped by its names, with a token', () => {
    const prometheus = parse(read('ops', 'prometheus', 'prometheus.yaml')) as {
      readonly rule_files: readonly string[]
      readonly scrape_configs: readonly {
        readonly job_name: string
        readonly authorization: { readonly credentials_file: string }
        readonly dns_sd_configs: readonly { readonly names: readonly string[]; readonly port: number }[]
      }[]
    }
    const [job] = prometheus.scrape_configs
    expect(job!.job_name).to.equal('zkml')
    expect(job!.dns_sd_configs[0]).to.deep.include({ names: ['zkml', 'worker'], port: DEFAULTS.api.port })
    const [token] = services['prometheus']!.secrets as readonly Mount[]
    expect(job!.authorization.credentials_file).to.equal(token!.target)
    expect(prometheus.rule_files).to.deep.equal(['alerts.yaml'])
  })
})

describe('the example configuration', () => {
  it('is one that the daemon takes, on any address', () => {
    const config = loadConfig({ file: join(OPS, 'zkml.example.json'), host: '0.0.0.0' }, {})
    expect(config.chains).to.have.length(1)
    expect(config.api.tokens.map(({ scopes }) => scopes)).to.deep.equal([['read'], ['prove']])
  })
})
