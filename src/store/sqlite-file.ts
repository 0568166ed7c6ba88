/** Opens the SQLite file of a data directory: permissions, lock, damage check, version. */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable } from './contract.ts'
import { flushDirectory, makeDirectory } from './directory.ts'

const version = 1

/** Name of the file inside the data directory. */
export const sqliteFileName = 'otoroshi.db'

/** Throws `StoreUnavailable` with a sentence that says what to do. */
export function openDatabase(directory: string): DatabaseSync {
  const path = join(directory, sqliteFileName)
  let database: DatabaseSync | undefined
  try {
    prepareFile(directory, path)
    const unclean = existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0
    database = new DatabaseSync(path, { timeout: 1000 })
    configure(database)
    if (unclean) checkDamage(database, path)
    createTables(database, path)
    return database
  } catch (error) {
    closeQuietly(database)
    throw explained(error, path)
  }
}

// Made here, and not by SQLite, so that nobody else can read it even for a moment; the log files follow its mode.
function prepareFile(directory: string, path: string): void {
  makeDirectory(directory)
  if (existsSync(path)) {
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
    return
  }
  closeSync(openSync(path, 'a', 0o600))
  flushDirectory(directory)
}

// The exclusive mode must come before the first use of the log: it keeps the kernel's lock for as long as we live.
function configure(database: DatabaseSync): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE')
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL')
  database.exec('PRAGMA trusted_schema = OFF')
  database.exec('BEGIN IMMEDIATE; COMMIT')
}

/** Bytes up to which a file is checked before it is used. Of a larger one, what is damaged is told when it is read. */
const MOST_CHECKED = 256 * 1024 * 1024

function checkDamage(database: DatabaseSync, path: string): void {
  if (statSync(path).size > MOST_CHECKED) return
  const row = database.prepare('PRAGMA quick_check(1)').get()
  const verdict = row === undefined ? 'no answer' : String(Object.values(row)[0])
  if (verdict !== 'ok')
    throw new StoreUnavailable(`the data file ${path} is damaged (${verdict}): restore it from a backup`)
}

function createTables(database: DatabaseSync, path: string): void {
  const found = Number(Object.values(database.prepare('PRAGMA user_version').get() ?? { v: 0 })[0])
  if (found > version)
    throw new StoreUnavailable(`the data file ${path} was written by a newer version of this program`)
  if (found === version) return
  database.exec(
    `BEGIN IMMEDIATE;
     CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
     CREATE INDEX IF NOT EXISTS entries_expiry ON entries (expires_at) WHERE expires_at > 0;
     PRAGMA user_version = ${version};
     COMMIT`,
  )
}

function closeQuietly(database: DatabaseSync | undefined): void {
  try {
    database?.close()
  } catch {
    // Already failing: the first error is the one worth telling.
  }
}

function explained(error: unknown, path: string): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  const reason = error instanceof Error ? error.message : String(error)
  if (code === 5) return new StoreUnavailable(`the data file ${path} is in use by another process`, error)
  if (code === 11 || code === 26)
    return new StoreUnavailable(`the data file ${path} is damaged or is not a data file (${reason})`, error)
  return new StoreUnavailable(`the data file ${path} cannot be opened: ${reason}`, error)
}
