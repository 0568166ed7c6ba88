/** The table of the file driver with its file, its journal and its lock. Synchronous; used by one queue. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { StoreUnavailable } from './contract.ts'
import type { Transactional } from './commit-queue.ts'
import { flushDirectory, makeDirectory } from './directory.ts'
import { lockFile } from './file-lock.ts'
import {
  journalLine,
  loadJournal,
  loadSnapshot,
  removeDraft,
  type Snapshot,
  writeSnapshot,
} from './ndjson.ts'
import { Table } from './table.ts'

/** The journal is folded into the file when it is larger than this and than the file, bytes. */
const smallestFold = 8 * 1024 * 1024

export class FileState implements Transactional {
  readonly table = new Table()
  readonly #path: string
  readonly #unlock: () => void
  #journal = -1
  #journalSize = 0
  /** Size of the journal at which the file is written anew, bytes. */
  #foldAt = smallestFold
  #snapshot: Snapshot = { size: 0, foreign: [] }
  /** Why nothing can be written any more, or null. */
  #broken: unknown = null

  private constructor(path: string, unlock: () => void) {
    this.#path = path
    this.#unlock = unlock
  }

  static open(path: string): FileState {
    let unlock: (() => void) | undefined
    try {
      makeDirectory(dirname(path))
      unlock = lockFile(path)
      const state = new FileState(path, unlock)
      state.#load()
      return state
    } catch (error) {
      unlock?.()
      if (error instanceof StoreUnavailable) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new StoreUnavailable(`the data file ${path} cannot be opened: ${reason}`, error)
    }
  }

  begin(): void {
    if (this.#broken !== null)
      throw new StoreUnavailable(`the journal of ${this.#path} could not be repaired: restart`, this.#broken)
    this.table.begin()
  }

  commit(): void {
    const written = this.table.written()
    if (written.length > 0) this.#append(journalLine(written))
    this.table.commit()
    if (this.#journalSize > this.#foldAt) this.#tryFold()
  }

  rollback(): void {
    this.table.rollback()
  }

  close(): void {
    try {
      if (this.#broken === null && this.#journalSize > 0) this.#tryFold()
    } finally {
      closeSync(this.#journal)
      this.#unlock()
    }
  }

  #load(): void {
    removeDraft(this.#path)
    this.#snapshot = loadSnapshot(this.#path, this.table)
    const journal = `${this.#path}.journal`
    const replayed = loadJournal(journal, this.table)
    this.#journal = openSync(journal, 'a', 0o600)
    this.#journalSize = fstatSync(this.#journal).size
    // What follows the last whole line was never acknowledged.
    if (replayed < this.#journalSize) this.#truncate(replayed)
    fsyncSync(this.#journal)
    flushDirectory(dirname(this.#path))
    this.#foldAt = Math.max(smallestFold, this.#snapshot.size)
  }

  #append(line: string): void {
    const bytes = Buffer.from(line)
    const before = this.#journalSize
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#journal, bytes, at)
      fsyncSync(this.#journal)
      this.#journalSize = before + bytes.length
    } catch (error) {
      this.#takeBack(before)
      throw error
    }
  }

  // What stays behind in the journal would hide every commit after it at the next start: then none is taken.
  #takeBack(size: number): void {
    try {
      this.#truncate(size)
      fsyncSync(this.#journal)
    } catch (error) {
      this.#broken = error
    }
  }

  #truncate(size: number): void {
    ftruncateSync(this.#journal, size)
    this.#journalSize = size
  }

  // The commit that led here is safe in the journal: a failure to fold is not its failure. What failed takes as long as
  // what succeeds, so not every commit tries again.
  #tryFold(): void {
    try {
      this.#fold()
    } catch (error) {
      this.#foldAt = this.#journalSize + smallestFold
      process.emitWarning(`the data file was not rewritten: ${String(error)}`, 'FileStore')
    }
  }

  // The order matters: until the new file is in place and flushed, the journal is the truth. Replaying it twice is harmless.
  #fold(): void {
    this.#snapshot = writeSnapshot(this.#path, this.table, this.#snapshot.foreign)
    this.#foldAt = Math.max(smallestFold, this.#snapshot.size)
    this.#truncate(0)
    fsyncSync(this.#journal)
  }
}
