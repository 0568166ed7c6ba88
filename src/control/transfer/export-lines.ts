/**
 * The raw export: every text the store holds below its root, one key a line as upstream writes it. Read while it is sent: keys
 * written meanwhile may be in it or not, each as it was at some moment. Values that are lists, sets or hashes (upstream's
 * own, in a store that is shared with it) are not in it, nor is the history.
 */
import type { EntityStore } from '../../store/entities.ts'
import { isHistoryKey } from '../history/history-keys.ts'
import { gathered } from './export-json.ts'

/** The lines in pieces. */
export function exportLines({ store, root }: Pick<EntityStore, 'store' | 'root'>): AsyncGenerator<string> {
  return gathered(lines())

  async function* lines(): AsyncGenerator<string> {
    for await (const batch of store.scan(`${root}:`)) {
      const expiries = await store.expiries?.(batch.map(({ key }) => key))
      for (const [i, { key: k, value: v }] of batch.entries()) {
        if (isHistoryKey(root, k)) continue
        const t = expiries?.[i] || -1
        yield `${JSON.stringify({ k, v, t, w: 'string' })}\n`
      }
    }
  }
}
