/** Who keeps which server marked: several routes may check one server and not agree. One thread's. */
import type { SharedCells } from '../../limits/cells.ts'
import { HealthMark } from './marks.ts'

interface Server {
  readonly mark: HealthMark
  /** Routes that check the server. */
  readonly checkers: Set<string>
  /** Those whose last check marked it. */
  readonly blamers: Set<string>
}

export class Blame {
  readonly #cells: SharedCells
  /** By `CompiledTarget.key`. */
  readonly #servers = new Map<string, Server>()

  constructor(cells: SharedCells) {
    this.#cells = cells
  }

  /** The route checks the server from now on. */
  watch(targetKey: string, routeId: string): void {
    let server = this.#servers.get(targetKey)
    if (server === undefined) {
      server = { mark: new HealthMark(this.#cells, targetKey), checkers: new Set(), blamers: new Set() }
      this.#servers.set(targetKey, server)
    }
    server.checkers.add(routeId)
  }

  /** Marks the server until then, epoch milliseconds. */
  mark(targetKey: string, routeId: string, until: number): void {
    const server = this.#servers.get(targetKey)
    if (server === undefined || !server.checkers.has(routeId)) return
    server.blamers.add(routeId)
    server.mark.set(until)
  }

  /** The route has nothing against the server any more; its mark goes with the last blame, or stays for its time. */
  clear(targetKey: string, routeId: string, keepMark: boolean): void {
    const server = this.#servers.get(targetKey)
    if (server?.blamers.delete(routeId) && server.blamers.size === 0 && !keepMark) server.mark.remove()
  }

  /** The route checks the server no more: what it said is forgotten. */
  unwatch(targetKey: string, routeId: string): void {
    const server = this.#servers.get(targetKey)
    if (server === undefined) return
    this.clear(targetKey, routeId, false)
    server.checkers.delete(routeId)
    if (server.checkers.size > 0) return
    server.mark.close()
    this.#servers.delete(targetKey)
  }

  /** Lets go of the marks; they stand as long as they were set for and somebody else holds them. */
  close(): void {
    for (const { mark } of this.#servers.values()) mark.close()
    this.#servers.clear()
  }
}
