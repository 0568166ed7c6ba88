/**
 * Archives by their address: downloaded once, kept in a folder for a while, then looked for anew while the old one goes on.
 *
 * Guarantees: whoever asks for what somebody downloads waits for that one download; a file in the folder is whole; the number
 * of archives held open is bounded.
 */
import { hash, randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CallFailed, type PluginServices } from '../../plugin/index.ts'
import { UnfitArchive, ZipArchive } from './zip-archive.ts'

/** Archives one slot of a route holds open. */
const MOST_OPEN = 8
/** Milliseconds a download may take. */
const PATIENCE = 120_000
/** Milliseconds before what failed is tried again. */
const PAUSE = 5_000

interface Held {
  archive: ZipArchive | null
  /** Epoch milliseconds until which it counts as fresh. */
  until: number
  loading: Promise<ZipArchive> | null
}

export interface ArchiveSettings {
  readonly dir: string
  readonly headers: ReadonlyArray<readonly [string, string]>
  /** Milliseconds an archive is fresh. */
  readonly ttl: number
  /** Bytes of the longest archive, and of the longest file in one. */
  readonly limit: number
}

export class ZipArchives {
  readonly #settings: ArchiveSettings
  readonly #services: Pick<PluginServices, 'calls' | 'log'>
  readonly #held = new Map<string, Held>()

  constructor(settings: ArchiveSettings, services: Pick<PluginServices, 'calls' | 'log'>) {
    this.#settings = settings
    this.#services = services
  }

  /** The archive at this address. Rejects when there has never been one. */
  async get(url: string): Promise<ZipArchive> {
    const held = this.#heldFor(url)
    const now = Date.now()
    if (held.archive !== null && now < held.until) return held.archive
    if (held.loading === null) {
      if (held.archive === null && now < held.until) throw new UnfitArchive('it failed a moment ago')
      held.loading = this.#load(url, held).finally(() => (held.loading = null))
      // Told below to whoever waits for it.
      held.loading.catch(() => {})
    }
    return held.archive ?? held.loading
  }

  close(): void {
    for (const { archive } of this.#held.values()) archive?.close()
    this.#held.clear()
  }

  #heldFor(url: string): Held {
    const known = this.#held.get(url)
    if (known !== undefined) return known
    if (this.#held.size >= MOST_OPEN) {
      const [oldest, { archive }] = this.#held.entries().next().value!
      this.#held.delete(oldest)
      archive?.close()
    }
    const held: Held = { archive: null, until: 0, loading: null }
    this.#held.set(url, held)
    return held
  }

  async #load(url: string, held: Held): Promise<ZipArchive> {
    const { ttl, limit } = this.#settings
    try {
      const path = await this.#fileOf(url)
      const { mtimeMs, size } = await stat(path)
      if (size > limit) throw new UnfitArchive(`it is longer than ${limit} bytes`)
      const archive = await ZipArchive.open(path, limit, mtimeMs)
      held.archive?.close()
      held.archive = archive
      held.until = Date.now() + ttl
      return archive
    } catch (error) {
      held.until = Date.now() + PAUSE
      this.#services.log('warn', `the archive ${withoutSecrets(url)}: ${(error as Error).message}`)
      throw error
    }
  }

  /** The archive on the disk: downloaded unless a fresh one is there. */
  async #fileOf(url: string): Promise<string> {
    if (url.startsWith('file:')) return localPath(url)
    const { dir, headers, ttl, limit } = this.#settings
    const path = join(dir, `${hash('sha256', url)}.zip`)
    const kept = await stat(path).catch(() => null)
    if (kept !== null && Date.now() - kept.mtimeMs < ttl) return path
    const { status, body } = await this.#services.calls.send({
      method: 'GET',
      url,
      headers,
      timeout: PATIENCE,
      maxBody: limit,
      repeatable: true,
    })
    if (status !== 200) throw new CallFailed('bad_answer', `its server answered ${status}`)
    await mkdir(dir, { recursive: true })
    const partial = `${path}.${randomUUID()}`
    try {
      await writeFile(partial, body, { mode: 0o600 })
      await rename(partial, path)
    } finally {
      await rm(partial, { force: true })
    }
    return path
  }
}

function localPath(url: string): string {
  const path = url.startsWith('file:///') ? fileURLToPath(url) : url.replace(/^file:(\/\/)?/, '')
  if (!isAbsolute(path)) throw new UnfitArchive('its path is not absolute')
  return path
}

function withoutSecrets(url: string): string {
  return url.split('?', 1)[0]!
}
