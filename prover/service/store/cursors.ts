// SPDX-License-Identifier: GPL-3.0-or-later

import type { Cursor, CursorStore } from './store'
import { json } from './values'

/** Blocks kept: as deep as a reorganisation can be undone. */
const KEPT = 256

/** Cursors in the table `zkml.blocks`. */
export const cursorStore: CursorStore = {
  async get(tx, chainId) {
    const [cursor] = await tx.query<Cursor>(
      'SELECT number AS block, hash FROM zkml.blocks WHERE chain_id = $1 ORDER BY number DESC LIMIT 1',
      [chainId],
    )
    return cursor
  },

  async recent(tx, chainId) {
    return await tx.query<Cursor>(
      'SELECT number AS block, hash FROM zkml.blocks WHERE chain_id = $1 ORDER BY number DESC LIMIT $2',
      [chainId, KEPT],
    )
  },

  async advance(tx, chainId, blocks) {
    await tx.query(
      `INSERT INTO zkml.blocks (chain_id, number, hash)
       SELECT DISTINCT ON (block) $1::bigint, block, hash FROM json_to_recordset($2) AS b (block bigint, hash text)
       ON CONFLICT (chain_id, number) DO UPDATE SET hash = excluded.hash`,
      [chainId, json(blocks)],
    )
    await tx.query(
      `DELETE FROM zkml.blocks WHERE chain_id = $1 AND number IN (
         SELECT number FROM zkml.blocks WHERE chain_id = $1 ORDER BY number DESC OFFSET $2
       )`,
      [chainId, KEPT],
    )
  },

  async rewind(tx, chainId, block) {
    await tx.query('DELETE FROM zkml.blocks WHERE chain_id = $1 AND number > $2', [chainId, block])
  },
}
