// SPDX-License-Identifier: GPL-3.0-or-later

/** What the process that works tells the one that owns the terminal. */
export type Message =
  | { readonly kind: 'progress'; readonly stage: string; readonly fraction?: number; readonly detail?: string }
  /** Text for stdout, as it is. */
  | { readonly kind: 'print'; readonly text: string }
  /** A line for stderr: a remark between stages, or why the one that runs failed. */
  | { readonly kind: 'note' | 'failure'; readonly text: string }
  /** A temporary file or folder that must not outlive an interruption. */
  | { readonly kind: 'temporary'; readonly path: string; readonly exists: boolean }
  | { readonly kind: 'done'; readonly code: number }

/** Exit codes; 128 + number for a signal. */
export const EXIT = { success: 0, failure: 1, usage: 2 } as const

/** The error object that `--json` prints. */
export function errorJson(code: string, message: string): { readonly error: { code: string; message: string } } {
  return { error: { code, message } }
}
