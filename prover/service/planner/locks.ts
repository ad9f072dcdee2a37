// SPDX-License-Identifier: GPL-3.0-or-later

/** Whether two 0x addresses are the same, whatever their checksum's case. */
export function isAddressEqual(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
