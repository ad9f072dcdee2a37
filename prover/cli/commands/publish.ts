// SPDX-License-Identifier: GPL-3.0-or-later

import type { Command } from 'commander'
import { FileError } from '../errors'
import { checkModelFolder, statOf } from '../files'
import type { Shell } from '../shell'

const EXAMPLES = `
Examples:
  zkml publish my-model --to public --base-url https://models.example.org
  zkml publish my-model --to public
  zkml publish my-model --to public --base-url ipfs://bafybei… --json

Writes the ONNX file, recipe and keys, by hash, for any static web server: whoever knows the address can read them. Register
the model with the uri that is printed, and provers can serve it.`

type Flags = { readonly to: string; readonly baseUrl?: string }

/** `zkml publish DIR`. */
export function publishCommand(command: Command, shell: Shell): void {
  command
    .description('lay out the files of a model for others to serve it')
    .argument('<folder>', 'the folder that "zkml compile" wrote and "zkml setup" made keys for')
    .requiredOption('--to <folder>', 'folder to write to; may hold other models')
    .option('--base-url <url>', 'where that folder will be found: https://… or ipfs://<cid>')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, flags: Flags) => publish(folder, flags, shell))
}

async function publish(folder: string, { to, baseUrl }: Flags, shell: Shell): Promise<void> {
  checkModelFolder(folder)
  if (statOf(to)?.isDirectory() === false) throw new FileError(`--to ${to} is a file; give the name of a folder`)
  const { staged } = await import('../../pipeline')
  const { publishFolder } = await import('../../service/artefacts/publish')
  const { manifest, sha256, uri, bytes } = await staged(shell.progress, 'publish', () =>
    publishFolder(folder, to, baseUrl),
  )
  const files = Object.fromEntries(Object.entries(manifest.files).map(([key, file]) => [key, file.sha256]))
  shell.result({ name: manifest.name, out: to, uri, manifest: sha256, files, bytes }, () =>
    [
      `wrote ${manifest.name} to ${to}, ${Object.keys(files).length + 1} files, ${(bytes / 2 ** 20).toFixed(1)} MiB`,
      `uri ${uri}`,
      baseUrl === undefined
        ? 'with --base-url, the uri says where the files are; as it is, provers need a mirror that has them'
        : `next: make ${to} available there, and register the model with this uri`,
    ].join('\n'),
  )
}
