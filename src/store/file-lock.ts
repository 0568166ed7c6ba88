/**
 * A lock on a file name that the kernel drops when the process dies: no stale lock can stop a restart.
 * Node has no lock call of its own; an exclusive SQLite transaction on a side file takes the kernel's.
 */
import { chmodSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable } from './contract.ts'

/** Takes the lock and answers the way to drop it. Throws `StoreUnavailable` when another process has it. */
export function lockFile(path: string): () => void {
  const side = `${path}.lock`
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(side, { timeout: 1000 })
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    chmodSync(side, 0o600)
    const held = database
    return () => held.close()
  } catch (error) {
    database?.close()
    const busy = error instanceof Error && 'errcode' in error && Number(error.errcode) === 5
    throw busy
      ? new StoreUnavailable(`the data file ${path} is in use by another process`, error)
      : new StoreUnavailable(`the lock ${side} cannot be taken: ${String(error)}`, error)
  }
}
