// SPDX-License-Identifier: GPL-3.0-or-later

/** The error a promise rejects with; fails when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('the promise was expected to reject')
}

/** The error a function throws; fails when it returns. */
export function thrown(action: () => unknown): Error {
  try {
    action()
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('the function was expected to throw')
}
