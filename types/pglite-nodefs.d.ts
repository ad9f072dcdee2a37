// SPDX-License-Identifier: GPL-3.0-or-later

// The package names this file under "exports" only, which the CommonJS resolution of TypeScript does not read.
declare module '@electric-sql/pglite/nodefs' {
  export { NodeFS } from '@electric-sql/pglite/dist/fs/nodefs'
}
