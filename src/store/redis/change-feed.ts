/**
 * What instances on one Redis tell each other: the keys of each commit, on a channel of their own.
 * Whoever may publish there can make others read again, nothing more: keys are told, never values.
 */
import { randomUUID } from 'node:crypto'
import { Cluster, type Redis } from 'ioredis'
import { maxKeyLength } from '../keys.ts'
import { type Client, openAt, openServer } from './clients.ts'
import { Link } from './link.ts'
import { placeOf, type RedisTarget } from './target.ts'

/** Keys in one notice: a great commit sends several. */
const keysPerNotice = 500

export interface FeedOptions {
  readonly target: RedisTarget
  readonly channel: string
  /** The main connection: a cluster knows its nodes. */
  readonly client: () => Promise<Client>
  readonly onKeys: (keys: readonly string[]) => void
  /** Notices may have been missed. */
  readonly onGap: () => void
}

export class ChangeFeed {
  /** Ours are told by the writer itself. */
  readonly #instance: string = randomUUID()
  readonly #channel: string
  readonly #link: Link<Redis>
  readonly #onKeys: (keys: readonly string[]) => void

  constructor({ target, channel, client, onKeys, onGap }: FeedOptions) {
    this.#channel = channel
    this.#onKeys = onKeys
    let nodes: readonly Redis[] = []
    this.#link = new Link<Redis>({
      place: placeOf(target),
      timeout: target.timeout,
      open: round => {
        client().then(
          found => {
            if (found instanceof Cluster) nodes = found.nodes('master')
          },
          () => {},
        )
        const { host, port } = nodes[round % Math.max(nodes.length, 1)]?.options ?? {}
        if (host !== undefined && port !== undefined) return openAt(target, { host, port })
        if (target.mode !== 'cluster') return openServer(target, round)
        return openAt(target, target.nodes[round % target.nodes.length]!)
      },
      prepare: async feed => {
        feed.on('message', (_channel: string, message: string) => this.#hear(message))
        await feed.subscribe(channel)
      },
      onUp: onGap,
    })
  }

  /** Rejects with `StoreUnavailable`. */
  start(): Promise<void> {
    return this.#link.start()
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  /** The messages that tell of a commit. */
  notices(keys: readonly string[]): string[] {
    const notices: string[] = []
    for (let i = 0; i < keys.length; i += keysPerNotice)
      notices.push(JSON.stringify({ from: this.#instance, keys: keys.slice(i, i + keysPerNotice) }))
    return notices
  }

  /** Tells nothing. Rejects where telling is not allowed. */
  async greet(client: Client): Promise<void> {
    await client.publish(this.#channel, JSON.stringify({ from: this.#instance, keys: [] }))
  }

  #hear(message: string): void {
    const notice = read(message)
    if (notice !== null && notice.from !== this.#instance) this.#onKeys(notice.keys)
  }
}

/** Null for what no instance of ours would have written. */
function read(message: string): { from: unknown; keys: readonly string[] } | null {
  // Characters of a key may be escaped in JSON.
  if (message.length > keysPerNotice * (maxKeyLength * 6 + 3) + 200) return null
  try {
    const notice: unknown = JSON.parse(message)
    if (typeof notice !== 'object' || notice === null) return null
    const { from, keys } = notice as { from?: unknown; keys?: unknown }
    if (!Array.isArray(keys) || keys.length > keysPerNotice) return null
    return keys.every(key => typeof key === 'string' && key.length <= maxKeyLength) ? { from, keys } : null
  } catch {
    return null
  }
}
