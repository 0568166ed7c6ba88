/**
 * One connection to a directory, and who is bound on it.
 *
 * Guarantees: it is never opened again behind anybody's back, so nothing is ever asked with other rights than were meant;
 * referrals are not followed; entries and bytes of an answer are bounded.
 */
import type { Socket } from 'node:net'
import type { Client, Entry, SearchOptions } from 'ldapts'

export interface Binding {
  /** Empty with an empty password: anonymous. */
  readonly name: string
  readonly password: string
}

/** The server cannot be asked: another one may. */
export class DirectoryDown extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DirectoryDown'
  }
}

/** The server said no. `code`: result code of RFC 4511, 4.1.9. */
export class DirectoryRefused extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'DirectoryRefused'
    this.code = code
  }
}

const BUSY = 51
const UNAVAILABLE = 52
/** Bytes of all answers to one operation. */
const MOST_BYTES = 4_194_304

export class Connection {
  readonly #socket: Socket
  readonly #client: Client
  #bytes = 0
  /** Who is bound; null when that is not certain. A new connection is nobody's. */
  bound: Binding | null = { name: '', password: '' }

  private constructor(socket: Socket, client: Client) {
    this.#socket = socket
    this.#client = client
    socket.on('data', chunk => {
      this.#bytes += chunk.length
      if (this.#bytes > MOST_BYTES) socket.destroy(new Error('the answer is too long'))
    })
    // Node ends the process for an error nobody listens to.
    socket.on('error', () => {})
  }

  /** `timeout`: milliseconds for each operation. */
  static async over(socket: Socket, timeout: number): Promise<Connection> {
    const { Client: LdapClient } = await import('ldapts')
    let given = false
    const createConnection = () => {
      if (given) throw new Error('the connection is over')
      given = true
      return socket
    }
    return new Connection(socket, new LdapClient({ url: 'ldap://directory', timeout, createConnection }))
  }

  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.readyState === 'open'
  }

  /** Rejects with `DirectoryRefused` or `DirectoryDown`. */
  async bind(binding: Binding): Promise<void> {
    this.bound = null
    await this.#does(() => this.#client.bind(binding.name, binding.password))
    this.bound = binding
  }

  /** Entries, `most` at most. Rejects with `DirectoryRefused` or `DirectoryDown`. */
  async search(base: string, most: number, options: SearchOptions): Promise<readonly Entry[]> {
    const given = { ...options, sizeLimit: most, derefAliases: 'never' } as const
    const { searchEntries } = await this.#does(() => this.#client.search(base, given))
    return searchEntries.slice(0, most)
  }

  async #does<T>(work: () => Promise<T>): Promise<T> {
    this.#bytes = 0
    try {
      return await work()
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null
      const text = error instanceof Error ? error.message : String(error)
      if (typeof code !== 'number' || code === BUSY || code === UNAVAILABLE) {
        this.close()
        throw new DirectoryDown(text)
      }
      throw new DirectoryRefused(code, text)
    }
  }

  /** Whether the connection keeps the process alive. */
  hold(holds: boolean): void {
    if (holds) this.#socket.ref()
    else this.#socket.unref()
  }

  close(): void {
    this.#socket.destroy()
  }
}
