/**
 * The lines of the file driver. Snapshot: upstream's raw export, one key a line, `{k, v, t, w}` with `t` the expiry in epoch
 * milliseconds or -1. Journal: one commit a line, `{c: [[key, value|null, expiry]…], h}` with `h` a checksum.
 */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Change, StoreUnavailable } from './contract.ts'
import { checkChange } from './keys.ts'
import type { Table } from './table.ts'

/** Reads a snapshot into the table; answers its size in bytes (0 when there is none). */
export function loadSnapshot(path: string, table: Table): number {
  if (!existsSync(path)) return 0
  const bytes = readFileSync(path)
  let number = 0
  for (const line of linesOf(bytes, true)) {
    number++
    if (line.length === 0) continue
    const change = snapshotChange(line.toString())
    if (change === null)
      throw new StoreUnavailable(
        `line ${number} of ${path} is not a stored key: restore the file from a backup`,
      )
    table.apply([change])
  }
  return bytes.length
}

function snapshotChange(line: string): Change | null {
  try {
    const { k, v, t, w } = JSON.parse(line) as Record<string, unknown>
    if (typeof k !== 'string' || (w !== undefined && w !== 'string' && w !== 'counter')) return null
    if (typeof v !== 'string' && typeof v !== 'number') return null
    const change = { key: k, value: String(v), expiresAt: typeof t === 'number' && t > 0 ? t : 0 }
    checkChange(change)
    return change
  } catch {
    return null
  }
}

/** Replays a journal; answers how many bytes are whole commits. */
export function loadJournal(path: string, table: Table): number {
  if (!existsSync(path)) return 0
  let whole = 0
  for (const line of linesOf(readFileSync(path))) {
    const changes = journalChanges(line.toString())
    if (changes === null) break
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

/** Replaces the snapshot atomically; answers its size in bytes. */
export function writeSnapshot(path: string, table: Table): number {
  const draft = `${path}.new`
  const file = openSync(draft, 'w', 0o600)
  let size = 0
  try {
    let chunk = ''
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
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
  const directory = openSync(dirname(path), 'r')
  fsyncSync(directory)
  closeSync(directory)
  return size
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
