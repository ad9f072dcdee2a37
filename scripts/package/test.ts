// SPDX-License-Identifier: GPL-3.0-or-later

import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { projectFolder } from '../../prover/project'
import { modelWithProof } from './model'

const ROOT = projectFolder()
const GUIDE = readFileSync(join(ROOT, 'docs', 'integrators.md'), 'utf8')
/** What the new project needs beside what the guide installs: the compiler, which the guide lets Hardhat download. */
const EXTRA = ['solc', '@types/mocha', '@types/chai', '@types/node', 'chai']

/** Packs the package, installs it in a new project made of the integrators' guide, and runs what the guide shows. */
function main(): void {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'zkml-package-')))
  try {
    const tarball = pack(folder)
    checkContent(folder, tarball)
    const project = join(folder, 'project')
    writeProject(project)
    install(project, tarball)
    run(project, 'npx', ['--no-install', 'hardhat', 'compile', '--quiet'])
    run(project, 'npx', ['--no-install', 'tsc', '--noEmit'])
    run(project, 'npx', ['--no-install', 'hardhat', 'test', '--no-compile'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function pack(folder: string): string {
  const [packed] = JSON.parse(
    run(
      ROOT,
      'npm',
      ['pack', '-w', 'contracts', '--pack-destination', folder, '--json', '--loglevel', 'error'],
      'pipe',
    ),
  ) as [{ filename: string }]
  for (const built of ['abi', 'typechain']) {
    if (existsSync(join(ROOT, 'contracts', built))) throw new Error(`packing left contracts/${built} behind`)
  }
  return join(folder, packed.filename)
}

/** Sources under MIT, mocks, ABIs and types are in; tests are not. */
function checkContent(folder: string, tarball: string): void {
  run(folder, 'tar', ['xzf', tarball])
  const root = join(folder, 'package')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  const needed = ['LICENSE', 'mocks/MockProofVerifier.sol', 'abi/InferenceVerifier.json', 'typechain/index.d.ts']
  for (const file of [...needed, 'typechain/index.js', 'README.md']) {
    if (!files.includes(file)) throw new Error(`the package lacks ${file}`)
  }
  const foreign = files.filter((file) => /(^|\/)(test|deployment|node_modules)\//.test(file) || file.endsWith('.map'))
  if (foreign.length > 0) throw new Error(`the package has ${foreign.join(', ')}`)
  for (const file of files.filter((name) => /\.(sol|js|ts)$/.test(name))) {
    const text = readFileSync(join(root, file), 'utf8')
    if (!text.startsWith('// SPDX-License-Identifier: MIT\n')) throw new Error(`${file} is not under MIT`)
    if (/\bGPL\b/.test(text)) throw new Error(`${file} mentions the GPL`)
  }
  const { license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { license: string }
  if (license !== 'MIT' || !readFileSync(join(root, 'LICENSE'), 'utf8').includes('MIT License')) {
    throw new Error('the package is not under MIT')
  }
}

/** Every code block of the guide whose first line names a file, and what a reader has anyway. */
function writeProject(project: string): void {
  const blocks = [...GUIDE.matchAll(/^```(?:ts|solidity)\n([^]*?)^```$/gm)].map((match) => match[1]!)
  for (const block of blocks) {
    const path = /^\/\/ (\S+\.(?:ts|sol))\n/.exec(block)?.[1]
    if (path === undefined) throw new Error(`a snippet of the guide names no file:\n${block}`)
    write(join(project, path), block.slice(block.indexOf('\n') + 1))
  }
  const config = join(project, 'hardhat.config.ts')
  write(config, `import './solc'\n${readFileSync(config, 'utf8')}`)
  copyFileSync(join(ROOT, 'scripts', 'tasks', 'solc.ts'), join(project, 'solc.ts'))
  copyFileSync(join(__dirname, 'consumer', 'real-verifier.test.ts'), join(project, 'test', 'real-verifier.test.ts'))
  write(join(project, 'test', 'model.json'), modelWithProof())
  const compilerOptions = {
    target: 'es2022',
    module: 'commonjs',
    esModuleInterop: true,
    resolveJsonModule: true,
    strict: true,
    skipLibCheck: true,
    types: ['node', 'mocha'],
  }
  write(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['test', 'hardhat.config.ts'] }))
}

/** The tarball is installed by npm; everything else is linked from here, so that nothing is downloaded. */
function install(project: string, tarball: string): void {
  const named = [...GUIDE.matchAll(/^npm install (?:--save-dev )?(.*)$/gm)].flatMap((match) => match[1]!.split(' '))
  const linked = [...new Set([...named, ...EXTRA])].filter((name) => name !== '@zkml/contracts')
  const dependencies = Object.fromEntries(linked.map((name) => [name, `file:${join(ROOT, 'node_modules', name)}`]))
  const manifest = { private: true, dependencies: { ...dependencies, '@zkml/contracts': `file:${tarball}` } }
  write(join(project, 'package.json'), JSON.stringify(manifest))
  run(project, 'npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'])
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function run(cwd: string, command: string, args: string[], stdout: 'inherit' | 'pipe' = 'inherit'): string {
  const output: string | null = execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
  })
  return output ?? ''
}

main()
