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
