// SPDX-License-Identifier: GPL-3.0-or-later

/** Prints what the demo does: one line a stage with its time, and pictures of digits. */
const started = performance.now()
let isQuiet = false

/** Runs something and shows nothing of it. */
export async function quietly<T>(run: () => Promise<T>): Promise<T> {
  const wasQuiet = isQuiet
  isQuiet = true
  try {
    return await run()
  } finally {
    isQuiet = wasQuiet
  }
}

/** Runs a stage and prints how long it took; returns its result and its milliseconds. */
export async function stage<T>(
  label: string,
  run: () => Promise<T>,
): Promise<{ readonly result: T; readonly ms: number }> {
  const terminal = process.stdout.isTTY && !isQuiet
  if (terminal) process.stdout.write(`  … ${label}`)
  const start = performance.now()
  const result = await run()
  const ms = performance.now() - start
  const line = `  ✓ ${label.padEnd(58)} ${seconds(ms).padStart(8)}`
  if (!isQuiet) process.stdout.write(terminal ? `\r${line}\n` : `${line}\n`)
  return { result, ms }
}

export function heading(text: string): void {
  if (!isQuiet) console.log(`\n${text}   (${seconds(performance.now() - started)} since start)`)
}

export function note(text: string): void {
  if (!isQuiet) console.log(`      ${text}`)
}

export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** A grey-scale image, two pixels to a character cell. */
export function picture(pixels: readonly number[], width: number): string {
  const shades = ' ░▒▓█'
  const lines: string[] = []
  for (let y = 0; y * width < pixels.length; y += 2) {
    let line = ''
    for (let x = 0; x < width; x++) {
      const value = ((pixels[y * width + x] ?? 0) + (pixels[(y + 1) * width + x] ?? 0)) / 2
      line += shades[Math.min(4, Math.floor(value / 52))]
    }
    if (line.trim() !== '') lines.push(`      ${line}`)
  }
  return lines.join('\n')
}
