/**
 * The memory driver: for tests, trials and cluster workers. Not durable: nothing outlives the process.
 */
import { type Store, StoreUnavailable } from './contract.ts'
import { checkChange, checkKey } from './keys.ts'
import { scanTable, Table } from './table.ts'
import { createWatchers } from './watchers.ts'

/** A fresh empty store. */
export function createMemoryStore(driver = 'inmemory'): Store {
  const table = new Table()
  const watchers = createWatchers()
  const sweeper = setInterval(() => table.sweep(), 30_000).unref()
  let open = true
  const usable = () => {
    if (!open) throw new StoreUnavailable('the store is closed')
  }
  return {
    driver,
    durable: false,
    async get(key) {
      usable()
      return table.get(key)
    },
    async *scan(prefix, from) {
      usable()
      yield* scanTable(table, prefix, from)
    },
    async commit(changes, preconditions = []) {
      usable()
      changes.forEach(checkChange)
      table.expect(preconditions)
      table.apply(changes)
      watchers.tell(changes.map(change => change.key))
    },
    async increment(key, by, ttl) {
      usable()
      checkKey(key)
      return table.increment(key, by, ttl)
    },
    watch: listener => watchers.add(listener),
    async expiries(keys) {
      usable()
      return keys.map(key => table.expiryOf(key))
    },
    async ping() {
      usable()
    },
    async close() {
      open = false
      clearInterval(sweeper)
      watchers.clear()
    },
  }
}
