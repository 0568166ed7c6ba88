/**
 * The servers of a module, asked in turn, over connections that are kept.
 *
 * Guarantees: connections and those who wait for one are bounded; a server that was down a moment ago is asked last; unused
 * connections are closed.
 */
import type { ConnectionOptions } from 'node:tls'
import { TooManyPasswords } from '../../bcrypt/passwords.ts'
import { Connection, DirectoryDown } from './connection.ts'
import { openSocket, type ServerAddress } from './secure-socket.ts'

const MOST_CONNECTIONS = 8
const MOST_WAITING = 64
/** Milliseconds a connection is kept unused, and a server that was down is left alone. */
const KEPT = 30_000
const REST = 10_000

interface Idle {
  readonly connection: Connection
  readonly server: ServerAddress
  readonly timer: NodeJS.Timeout
}

export class Directory {
  readonly #servers: readonly ServerAddress[]
  readonly #tls: () => ConnectionOptions
  readonly #timeout: number
  readonly #downUntil = new Map<ServerAddress, number>()
  readonly #idle = new Set<Idle>()
  readonly #waiting: (() => void)[] = []
  #used = 0

  /** `timeout`: milliseconds for each operation, connecting included. */
  constructor(servers: readonly ServerAddress[], tls: () => ConnectionOptions, timeout: number) {
    this.#servers = servers
    this.#tls = tls
    this.#timeout = timeout
  }

  /**
   * What `work` makes of a connection to the first server that answers; with `DirectoryDown` it goes to the next. Rejects with
   * `DirectoryDown` when none does, with `TooManyPasswords` when too many wait.
   */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    await this.#turn()
    try {
      return await this.#tryAll(work)
    } finally {
      // Whoever waits takes the place.
      const next = this.#waiting.shift()
      if (next === undefined) this.#used--
      else next()
    }
  }

  async #turn(): Promise<void> {
    if (this.#used < MOST_CONNECTIONS) {
      this.#used++
      return
    }
    if (this.#waiting.length >= MOST_WAITING) throw new TooManyPasswords()
    await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  async #tryAll<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const now = performance.now()
    const resting = (server: ServerAddress): boolean => now < (this.#downUntil.get(server) ?? 0)
    const inTurn = [...this.#servers.filter(s => !resting(s)), ...this.#servers.filter(resting)]
    const faults: string[] = []
    for (const server of inTurn) {
      try {
        return await this.#try(server, work)
      } catch (error) {
        if (!(error instanceof DirectoryDown)) throw error
        this.#downUntil.set(server, performance.now() + REST)
        faults.push(`${server.host}:${server.port}: ${error.message}`)
      }
    }
    throw new DirectoryDown(`Missing LDAP server URLs or all down; ${faults.join('; ')}`)
  }

  async #try<T>(server: ServerAddress, work: (connection: Connection) => Promise<T>): Promise<T> {
    const kept = this.#take(server)
    if (kept !== null) {
      try {
        return await this.#with(server, kept, work)
      } catch (error) {
        // The server may have closed it meanwhile.
        if (!(error instanceof DirectoryDown)) throw error
      }
    }
    return this.#with(server, await this.#open(server), work)
  }

  async #with<T>(
    server: ServerAddress,
    connection: Connection,
    work: (connection: Connection) => Promise<T>,
  ) {
    try {
      const result = await work(connection)
      this.#downUntil.delete(server)
      return result
    } finally {
      this.#keep(server, connection)
    }
  }

  async #open(server: ServerAddress): Promise<Connection> {
    try {
      return await Connection.over(await openSocket(server, this.#tls(), this.#timeout), this.#timeout)
    } catch (error) {
      throw new DirectoryDown(error instanceof Error ? error.message : String(error))
    }
  }

  #take(server: ServerAddress): Connection | null {
    for (const idle of this.#idle) {
      if (idle.server !== server) continue
      this.#idle.delete(idle)
      clearTimeout(idle.timer)
      if (!idle.connection.usable) continue
      idle.connection.hold(true)
      return idle.connection
    }
    return null
  }

  #keep(server: ServerAddress, connection: Connection): void {
    if (!connection.usable) {
      connection.close()
      return
    }
    connection.hold(false)
    const timer = setTimeout(() => {
      this.#idle.delete(idle)
      connection.close()
    }, KEPT).unref()
    const idle: Idle = { connection, server, timer }
    this.#idle.add(idle)
  }
}
