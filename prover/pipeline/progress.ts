// SPDX-License-Identifier: GPL-3.0-or-later

/** Reports how far a stage is; `fraction` is 0 to 1, or absent when it cannot be known. */
export type Progress = (stage: string, fraction?: number, detail?: string) => void

/** Runs a stage between two reports. */
export async function staged<T>(progress: Progress | undefined, stage: string, run: () => T | Promise<T>): Promise<T> {
  progress?.(stage, 0)
  const result = await run()
  progress?.(stage, 1)
  return result
}
