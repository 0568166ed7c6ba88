/**
 * A file that lines are appended to. It stays open; what comes while something is being written goes out together. It is opened
 * anew when its name changes, and when somebody moved or removed it: that is noticed within `LOOK`.
 */
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { LineBuffer } from './line-buffer.ts'

/** Milliseconds for which it is believed that the file is still there. */
const LOOK = 250

interface Waiting {
  readonly lines: readonly string[]
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

interface OpenFile {
  readonly name: string
  readonly handle: FileHandle
  readonly inode: number
  /** Not a pipe or a device. */
  readonly regular: boolean
  size: number
  lookedAt: number
}

export class GrowingFile {
  readonly #nameAt: (now: Date) => string
  readonly #mostSize: number
  readonly #keep: number
  readonly #buffer = new LineBuffer()
  #waiting: Waiting[] = []
  #writing: Promise<void> | null = null
  #file: OpenFile | null = null
  /** Epoch milliseconds. */
  #lastAside = 0

  /** `mostSize`: bytes, beyond them the file is set aside; the newest `keep` of those stay, all when 0. */
  constructor(nameAt: (now: Date) => string, mostSize: number, keep: number) {
    this.#nameAt = nameAt
    this.#mostSize = mostSize
    this.#keep = keep
  }

  /** Resolves when the lines are written. */
  append(lines: readonly string[]): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ lines, done, failed })
      this.#writing ??= this.#writeAll()
    })
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#shut()
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      try {
        await this.#write(this.#buffer.fill(waiting.flatMap(({ lines }) => lines)))
        for (const { done } of waiting) done()
      } catch (error) {
        await this.#shut()
        for (const { failed } of waiting) failed(error)
      }
    }
    this.#writing = null
  }

  async #write(bytes: Buffer): Promise<void> {
    const file = await this.#opened()
    await file.handle.appendFile(bytes)
    file.size += bytes.length
    if (!file.regular || file.size <= this.#mostSize) return
    await this.#shut()
    // Two that are full in one millisecond must not take the place of each other.
    this.#lastAside = Math.max(Date.now(), this.#lastAside + 1)
    // What was to be written is: it must not be written again because there is no better place for it.
    await setAside(file.name, this.#lastAside, this.#keep).catch(() => {})
  }

  async #opened(): Promise<OpenFile> {
    const name = this.#nameAt(new Date())
    const known = this.#file
    if (known !== null) {
      if (known.name === name && (await isThere(known))) return known
      await this.#shut()
    }
    const handle = await openMade(name)
    const found = await handle.stat()
    return (this.#file = {
      name,
      handle,
      inode: found.ino,
      regular: found.isFile(),
      size: found.size,
      lookedAt: performance.now(),
    })
  }

  async #shut(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.handle.close().catch(() => {})
  }
}

async function isThere(file: OpenFile): Promise<boolean> {
  if (performance.now() - file.lookedAt < LOOK) return true
  file.lookedAt = performance.now()
  const found = await stat(file.name).catch(() => null)
  return found?.ino === file.inode
}

async function openMade(name: string): Promise<FileHandle> {
  try {
    return await open(name, 'a', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await makeFolder(dirname(name))
    return open(name, 'a', 0o600)
  }
}

/** Step by step: Node's own recursive `mkdir` never ends below folders that refuse new ones with ENOENT (`/proc`). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    await makeFolder(dirname(folder))
    await mkdir(folder)
  }
}

async function setAside(file: string, time: number, keep: number): Promise<void> {
  const ending = extname(file)
  const name = basename(file, ending)
  const folder = dirname(file)
  await rename(file, join(folder, `${name}.${time}${ending}`))
  if (keep <= 0) return
  const aside = new RegExp(`^${literally(name)}\\.(\\d{13,})${literally(ending)}$`)
  const old = (await readdir(folder))
    .map(entry => ({ entry, time: Number(aside.exec(entry)?.[1] ?? Number.NaN) }))
    .filter(({ time }) => !Number.isNaN(time))
    .sort((a, b) => b.time - a.time)
    .slice(keep)
  for (const { entry } of old) await unlink(join(folder, entry))
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
