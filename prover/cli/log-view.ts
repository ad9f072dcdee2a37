// SPDX-License-Identifier: GPL-3.0-or-later

/** Where the fields of a line begin, unless its message is longer. */
const FIELDS_AT = 44
/** Longest field; the whole of it is in the JSON lines that come when stderr is no terminal. */
const MAX_FIELD = 160

type Line = Readonly<Record<string, unknown>> & { readonly level: string; readonly time: string; readonly msg: string }

/** A destination for a log of JSON lines that shows them to people: `12:00:00 zkml is ready    url=http://127.0.0.1:8420 …`. */
export class LogView {
  constructor(private readonly stream: { write(text: string): unknown }) {}

  /** Takes one line of JSON. */
  write(json: string): void {
    const { level, time, msg, ...fields } = JSON.parse(json) as Line
    const clock = new Date(time).toTimeString().slice(0, 8)
    const head = `${clock} ${level === 'info' ? '' : `${level.toUpperCase()}: `}${msg}`
    const shown = Object.entries(fields).map(([name, value]) => `${name}=${textOf(value)}`)
    this.stream.write(`${[head.padEnd(FIELDS_AT), ...shown].join(' ').trimEnd()}\n`)
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/@+#-]+$/.test(value)) return value
  // Quoted, so that what others wrote moves no cursor.
  const text = JSON.stringify(value).replace(/[\u007f-\u009f]/g, '?')
  return text.length > MAX_FIELD ? `${text.slice(0, MAX_FIELD)}…` : text
}
