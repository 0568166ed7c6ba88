/**
 * Databases of MaxMind's format, held in memory: one copy for all routes of a thread.
 *
 * Guarantees: no request waits for a file; one that changes is read anew within a minute of being used; while it is read, and
 * when it cannot be, the one before counts.
 */
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { Reader, type Response } from 'mmdb-lib'

/** Bytes of the largest database that is read. */
const LARGEST = 536_870_912
/** Milliseconds between two looks whether the file has changed. */
const LOOK = 60_000

export class GeoDatabase {
  readonly #path: string
  #reader: Reader<Response>
  #version: string
  #lookedAt = Date.now()

  private constructor(path: string, reader: Reader<Response>, version: string) {
    this.#path = path
    this.#reader = reader
    this.#version = version
  }

  /** Rejects with a sentence when the file is none of these databases. */
  static async open(path: string): Promise<GeoDatabase> {
    const version = await versionOf(path)
    return new GeoDatabase(path, await read(path), version)
  }

  /** The record of the address, or null. */
  find(ip: string): unknown {
    const now = Date.now()
    if (now - this.#lookedAt > LOOK) {
      this.#lookedAt = now
      void this.#refresh()
    }
    return isIP(ip) === 0 ? null : this.#reader.get(ip)
  }

  async #refresh(): Promise<void> {
    try {
      const version = await versionOf(this.#path)
      if (version === this.#version) return
      this.#reader = await read(this.#path)
      this.#version = version
    } catch {
      // Being replaced just now: the next look finds it.
    }
  }
}

const opened = new Map<string, Promise<GeoDatabase>>()

/** The database of this path, opened once for the thread. */
export function geoDatabase(path: string): Promise<GeoDatabase> {
  let database = opened.get(path)
  if (database === undefined) {
    database = GeoDatabase.open(path)
    opened.set(path, database)
    database.catch(() => opened.delete(path))
  }
  return database
}

async function versionOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path)
  if (size > LARGEST) throw new Error(`${path} is longer than ${LARGEST} bytes`)
  return `${size} ${mtimeMs}`
}

async function read(path: string): Promise<Reader<Response>> {
  const bytes = await readFile(path)
  try {
    const reader = new Reader<Response>(bytes)
    // A broken tree is found by the first look, not by the first client.
    reader.get('192.0.2.1')
    return reader
  } catch (error) {
    throw new Error(`${path} is no MaxMind database: ${(error as Error).message}`)
  }
}
