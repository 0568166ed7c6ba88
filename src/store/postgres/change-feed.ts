/**
 * Listens to what other instances tell of their commits, on a connection of its own.
 *
 * Guarantees: a connection that is lost, or silent for longer than it may be, is replaced, with growing pauses; after that
 * `onGap` is called, since notices may have been missed. Nothing here is thrown at anybody once `start` has resolved.
 */
import type { Client, Notification } from 'pg'
import { quoted } from './table.ts'

const firstPause = 50
const longestPause = 1_000

export interface ChangeFeedOptions {
  /** A new connection, not yet connected. */
  readonly client: () => Client
  readonly channel: string
  /** Milliseconds between two questions whether the connection is alive. */
  readonly probeEvery: number
  readonly onNotice: (text: string) => void
  readonly onGap: () => void
}

export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  #client: Client | null = null
  #timer: NodeJS.Timeout | null = null
  #failures = 0
  #closed = false

  constructor(options: ChangeFeedOptions) {
    this.#options = options
  }

  /** Rejects when PostgreSQL cannot be listened to. */
  async start(): Promise<void> {
    await this.#listen()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => {})
  }

  async #listen(): Promise<void> {
    const { client: create, channel, onNotice } = this.#options
    const client = create()
    client.on('notification', (notice: Notification) => {
      if (notice.channel === channel) onNotice(notice.payload ?? '')
    })
    try {
      await client.connect()
      await client.query(`LISTEN ${quoted(channel)}`)
    } catch (error) {
      client.end().catch(() => {})
      throw error
    }
    if (this.#closed) {
      client.end().catch(() => {})
      return
    }
    this.#client = client
    this.#failures = 0
    client.on('end', () => this.#lose(client))
    client.on('error', () => this.#lose(client))
    this.#probeLater(client)
  }

  #probeLater(client: Client): void {
    this.#later(this.#options.probeEvery, () => {
      client.query("SELECT 'listening'").then(
        () => {
          if (this.#client === client) this.#probeLater(client)
        },
        () => this.#lose(client),
      )
    })
  }

  #lose(client: Client): void {
    if (this.#client !== client) return
    this.#client = null
    client.end().catch(() => {})
    this.#listenLater()
  }

  #listenLater(): void {
    const pause = Math.min(longestPause, firstPause * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 10)
    this.#later(pause * (0.5 + Math.random() / 2), () => {
      this.#listen().then(
        () => {
          if (!this.#closed) this.#options.onGap()
        },
        () => this.#listenLater(),
      )
    })
  }

  #later(pause: number, work: () => void): void {
    if (this.#closed) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(work, pause).unref()
  }
}
