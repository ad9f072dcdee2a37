// SPDX-License-Identifier: GPL-3.0-or-later

/** The process in which one foreign model is rebuilt; started by `rebuildApart` only. */
import { FileWriteError } from '../../binfile'
import { ZkmlError } from '../../errors'
import { writeError } from './partial-file'
import { rebuildModel, type RebuildTask } from './rebuild-model'

/** Nothing when the model was rebuilt, and else why not. */
export type RebuildReply = { readonly failure?: { readonly code: string; readonly message: string } }

function failureOf(error: unknown): NonNullable<RebuildReply['failure']> {
  if (error instanceof FileWriteError) error = writeError(error.path, error.cause)
  if (error instanceof ZkmlError) return { code: error.code, message: error.message }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) }
}

process.on('disconnect', () => process.exit())
process.once('message', (task) => {
  rebuildModel(task as RebuildTask)
    .then((): RebuildReply => ({}))
    .catch((error: unknown): RebuildReply => ({ failure: failureOf(error) }))
    .then((reply) => process.send!(reply, () => process.exit()))
    .catch(() => process.exit(1))
})
