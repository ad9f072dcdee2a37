// SPDX-License-Identifier: GPL-3.0-or-later

/** Gas by name of the call. */
export type GasSnapshot = Readonly<Record<string, number>>

/** One line for each figure that is not what it was. */
export function compareSnapshots(old: GasSnapshot, measured: GasSnapshot): string[] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(measured)])].sort()
  return names.flatMap((name) => {
    const [before, after] = [old[name], measured[name]]
    if (before === after) return []
    if (before === undefined) return [`${name}: new → ${after}`]
    if (after === undefined) return [`${name}: ${before} → gone`]
    const percent = ((after - before) / before) * 100
    return [`${name}: ${before} → ${after} (${percent > 0 ? '+' : ''}${percent.toFixed(2)}%)`]
  })
}

/** A document with its table of gas filled in: what an integrator calls or waits for. */
export function withGasTable(document: string, snapshot: GasSnapshot): string {
  const marked = /(<!-- gas: [^]*?-->\n)[^]*?(<!-- \/gas -->)/
  if (!marked.test(document)) throw new Error('There is no gas table.')
  const rows = Object.entries(snapshot)
    .filter(([name]) => /^Inference/.test(name))
    .map(([name, gas]) => `| ${name} | ${gas.toLocaleString('en-US')} |\n`)
  return document.replace(marked, (_, open: string, close: string) =>
    [open, '\n| transaction | gas |\n|---|---|\n', ...rows, '\n', close].join(''),
  )
}
