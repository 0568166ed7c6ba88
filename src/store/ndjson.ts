/**
 * The lines of the file driver. Snapshot: upstream's raw export, one key a line, `{k, v, t, w}` with `t` the expiry in epoch
 * milliseconds or -1 and `w` the kind of value; only texts and counters are read, lines of other kinds are kept as they are. Journal: one commit a line, `{c: [[key, value|null, expiry]…], h}` with `h` a checksum.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Change, StoreUnavailable } from './contract.ts'
import { flushDirectory } from './directory.ts'
import { checkChange } from './keys.ts'
import type { Table } from './table.ts'

/** What is known of a snapshot besides its entries. */
export interface Snapshot {
  /** Bytes. */
  readonly size: number
  /** Lines of values that are neither text nor counter (upstream's hashes, lists, sets). */
  readonly foreign: readonly string[]
}

/** Reads a snapshot into the table. A missing file is an empty snapshot. Throws `StoreUnavailable`. */
export function loadSnapshot(path: string, table: Table): Snapshot {
  if (!existsSync(path)) return { size: 0, foreign: [] }
  const bytes = readFileSync(path)
  const foreign: string[] = []
  let number = 0
  for (const line of linesOf(bytes, true)) {
    number++
    if (line.length === 0) continue
    const text = line.toString()
    const change = snapshotChange(text)
    if (change === 'foreign') {
      foreign.push(text)
      continue
    }
    if (change === null)
      throw new StoreUnavailable(
        `line ${number} of ${path} is not a stored key: restore the file from a backup`,
      )
    table.apply([change])
  }
  return { size: bytes.length, foreign }
}

function snapshotChange(line: string): Change | 'foreign' | null {
  try {
    const { k, v, t, w } = JSON.parse(line) as Record<string, unknown>
    if (typeof k !== 'string') return null
    if (w === 'hash' || w === 'list' || w === 'set') return 'foreign'
    if (w !== undefined && w !== 'string' && w !== 'counter') return null
    if (typeof v !== 'string' && typeof v !== 'number') return null
    const change = { key: k, value: String(v), expiresAt: typeof t === 'number' && t > 0 ? t : 0 }
    checkChange(change)
    return change
  } catch {
    return null
  }
}

/**
 * Replays a journal; answers how many bytes are whole commits. What a crash tore is the last commit alone, never
 * acknowledged: a bad line with good ones behind it is damage and throws `StoreUnavailable`.
 */
export function loadJournal(path: string, table: Table): number {
  if (!existsSync(path)) return 0
  let whole = 0
  let number = 0
  let torn = 0
  for (const line of linesOf(readFileSync(path))) {
    number++
    const changes = journalChanges(line.toString())
    if (changes === null) {
      torn ||= number
      continue
    }
    if (torn !== 0)
      throw new StoreUnavailable(`line ${torn} of ${path} is damaged: restore the file from a backup`)
    table.apply(changes)
    whole += line.length + 1
  }
  return whole
}

/** The journal line of a commit, line end included. */
export function journalLine(changes: readonly Change[]): string {
  const body = JSON.stringify(changes.map(c => [c.key, c.value, c.expiresAt ?? 0]))
  return `{"h":"${digest(body)}","c":${body}}\n`
}

const journalShape = /^\{"h":"([0-9a-f]{16})","c":(.*)\}$/s

function journalChanges(line: string): Change[] | null {
  const match = journalShape.exec(line)
  if (match === null || digest(match[2]!) !== match[1]) return null
  const rows = JSON.parse(match[2]!) as Array<[string, string | null, number]>
  return rows.map(([key, value, expiresAt]) => ({ key, value, expiresAt }))
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** Removes what a snapshot that did not come to its end has left. */
export function removeDraft(path: string): void {
  rmSync(draftOf(path), { force: true })
}

const draftOf = (path: string): string => `${path}.new`

/** Replaces the snapshot atomically. Nothing of the new one is left when it throws: it may be all the room there was. */
export function writeSnapshot(path: string, table: Table, foreign: readonly string[]): Snapshot {
  try {
    const size = writeDraft(draftOf(path), table, foreign)
    renameSync(draftOf(path), path)
    flushDirectory(dirname(path))
    return { size, foreign }
  } catch (error) {
    removeDraft(path)
    throw error
  }
}

function writeDraft(draft: string, table: Table, foreign: readonly string[]): number {
  const file = openSync(draft, 'w', 0o600)
  let size = 0
  try {
    let chunk = foreign.map(line => `${line}\n`).join('')
    for (const [key, slot] of table.entries()) {
      const t = slot.expiresAt === 0 ? -1 : slot.expiresAt
      chunk += `${JSON.stringify({ k: key, v: slot.value, t, w: 'string' })}\n`
      if (chunk.length > 1 << 20) {
        size += writeWhole(file, chunk)
        chunk = ''
      }
    }
    size += writeWhole(file, chunk)
    fsyncSync(file)
    return size
  } finally {
    closeSync(file)
  }
}

function writeWhole(file: number, text: string): number {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  return bytes.length
}

// `torn`: a last line without a line feed counts too (a snapshot made by hand; never a journal).
function* linesOf(bytes: Buffer, torn = false): Generator<Buffer> {
  let start = 0
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    yield bytes.subarray(start, end)
    start = end + 1
  }
  if (torn && start < bytes.length) yield bytes.subarray(start)
}
