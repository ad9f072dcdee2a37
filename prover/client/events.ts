// SPDX-License-Identifier: GPL-3.0-or-later

import { ProverUnreachableError } from './errors'

/** One server-sent event. */
export type ServerEvent = { readonly name: string; readonly data: string }

/** The events of a `text/event-stream`, as they arrive. Comments and other fields are skipped. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new ProverUnreachableError('The connection to the prover broke; ask again.', { cause })
      })
      if (done) return
      text += decoder.decode(value, { stream: true })
      const blocks = text.split(/\r?\n\r?\n/)
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const fields = block.split(/\r?\n/).map((line) => /^(event|data): ?(.*)$/.exec(line))
        const data = fields.flatMap((field) => (field?.[1] === 'data' ? [field[2]!] : []))
        const name = fields.findLast((field) => field?.[1] === 'event')?.[2] ?? 'message'
        if (data.length > 0) yield { name, data: data.join('\n') }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
