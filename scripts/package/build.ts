// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import hre from 'hardhat'
import { runTypeChain } from 'typechain'
import * as ts from 'typescript'
import { projectFolder } from '../../prover/project'

const CONTRACTS = join(projectFolder(), 'contracts')
const BUILT = ['abi', 'typechain'].map((folder) => join(CONTRACTS, folder))
const HEADER = '// SPDX-License-Identifier: MIT\n'

/** Folders that the package leaves out: what is for the repository's own use. */
function leftOut(): string[] {
  const { files } = JSON.parse(readFileSync(join(CONTRACTS, 'package.json'), 'utf8')) as { files: string[] }
  return files.flatMap((pattern) => /^!(\w+\/)\*\*$/.exec(pattern)?.[1] ?? [])
}

/** Artifacts of what the package holds. */
function packedArtifacts(): string[] {
  const root = join(hre.config.paths.artifacts, 'contracts')
  const skipped = leftOut()
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json') && !path.endsWith('.dbg.json'))
    .filter((path) => !skipped.some((folder) => path.startsWith(folder)))
    .map((path) => join(root, path))
    .filter((path) => abiOf(path).length > 0)
    .sort()
}

function abiOf(artifact: string): readonly unknown[] {
  return (JSON.parse(readFileSync(artifact, 'utf8')) as { abi: readonly unknown[] }).abi
}

/** One `abi/<Contract>.json` a contract, interface or library with an ABI. */
function writeAbis(artifacts: readonly string[]): void {
  const folder = join(CONTRACTS, 'abi')
  mkdirSync(folder)
  for (const artifact of artifacts) {
    writeFileSync(join(folder, basename(artifact)), `${JSON.stringify(abiOf(artifact), null, 2)}\n`, { flag: 'wx' })
  }
}

/** Types and factories for ethers 6, as JavaScript with declarations. */
async function writeTypes(artifacts: string[]): Promise<void> {
  const sources = join(CONTRACTS, 'typechain', 'sources')
  const outDir = join(CONTRACTS, 'typechain')
  await runTypeChain({
    cwd: projectFolder(),
    filesToProcess: artifacts,
    allFiles: artifacts,
    outDir: sources,
    target: 'ethers-v6',
  })
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  const program = ts.createProgram(
    files.map((path) => join(sources, path)),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      moduleResolution: ts.ModuleResolutionKind.Node10,
      declaration: true,
      strict: true,
      skipLibCheck: true,
      types: [],
      rootDir: sources,
      outDir: join(outDir, 'built'),
    },
  )
  const { diagnostics } = program.emit(undefined, (path, text) => {
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, HEADER + text)
  })
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, formatHost))
  rmSync(sources, { recursive: true })
  for (const entry of readdirSync(join(outDir, 'built'))) renameSync(join(outDir, 'built', entry), join(outDir, entry))
  rmSync(join(outDir, 'built'), { recursive: true })
}

const formatHost: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (path) => path,
  getCurrentDirectory: projectFolder,
  getNewLine: () => '\n',
}

/** Removes what a build leaves in contracts/. */
function clean(): void {
  for (const folder of BUILT) rmSync(folder, { recursive: true, force: true })
}

/** Builds what the package holds beside its sources. */
async function build(): Promise<void> {
  clean()
  await hre.run('compile', { quiet: true })
  const artifacts = packedArtifacts()
  writeAbis(artifacts)
  await writeTypes(artifacts)
}

if (process.argv[2] === 'clean') clean()
else
  build().catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
