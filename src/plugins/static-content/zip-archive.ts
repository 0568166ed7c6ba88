/**
 * A ZIP archive on the disk whose files are served without being unpacked.
 *
 * Guarantees: a file is decompressed as the client takes it; one that is longer than it says, longer than allowed, encrypted or
 * compressed in another way than by DEFLATE is not served; the number of names kept is bounded; nothing is written.
 */
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { mediaType } from './media-types.ts'
import type { ServedContent } from './served-content.ts'

/** Files of one archive that are known. */
const MOST_FILES = 100_000

/** An archive that is not served as it is. */
export class UnfitArchive extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnfitArchive'
  }
}

export class ZipArchive {
  readonly #zip: ZipFile
  readonly #files: ReadonlyMap<string, Entry>
  readonly #modified: number

  private constructor(zip: ZipFile, files: ReadonlyMap<string, Entry>, modified: number) {
    this.#zip = zip
    this.#files = files
    this.#modified = modified
  }

  /** Reads the list of files. `limit`: bytes of the longest one that is served. Rejects with `UnfitArchive`. */
  static async open(path: string, limit: number, modified: number): Promise<ZipArchive> {
    let zip: ZipFile
    try {
      zip = await openPromise(path, { autoClose: false, lazyEntries: true, validateEntrySizes: true })
    } catch (error) {
      throw new UnfitArchive((error as Error).message)
    }
    try {
      const files = new Map<string, Entry>()
      for await (const entry of zip.eachEntry()) {
        if (files.size >= MOST_FILES) throw new UnfitArchive(`it holds more than ${MOST_FILES} files`)
        if (isServed(entry, limit)) files.set(entry.fileName, entry)
      }
      return new ZipArchive(zip, files, modified)
    } catch (error) {
      zip.close()
      throw error instanceof UnfitArchive ? error : new UnfitArchive((error as Error).message)
    }
  }

  /** Null when there is no file of this name. */
  find(name: string): ServedContent | null {
    const entry = this.#files.get(name)
    if (entry === undefined) return null
    const last = name.slice(name.lastIndexOf('/') + 1)
    return {
      size: entry.uncompressedSize,
      type: mediaType(name) ?? (last.includes('.') ? 'text/plain' : 'text/html'),
      tag: `"${entry.crc32.toString(36)}-${entry.uncompressedSize.toString(36)}"`,
      modified: this.#modified,
      ranges: false,
      read: () => this.#read(entry),
    }
  }

  /** No file is found any more; those that are being sent are sent to their end. */
  close(): void {
    this.#zip.close()
  }

  async *#read(entry: Entry): AsyncGenerator<Uint8Array, void> {
    const stream = await this.#zip.openReadStreamPromise(entry)
    // Leaving the loop early destroys the stream.
    for await (const piece of stream) yield piece as Buffer
  }
}

function isServed(entry: Entry, limit: number): boolean {
  const { fileName, uncompressedSize, compressionMethod } = entry
  const readable = compressionMethod === 0 || compressionMethod === 8
  return !fileName.endsWith('/') && readable && !entry.isEncrypted() && uncompressedSize <= limit
}
