/** Which routes use which stored backends, so that a change of one touches these routes alone. */
export class RouteUses {
  /** Router keys by backend. */
  readonly #users = new Map<string, Set<string>>()
  readonly #backendOf = new Map<string, string>()

  /** The route `key` uses this backend from now on; null for none. */
  backend(key: string, id: string | null): void {
    const before = this.#backendOf.get(key)
    if (before !== undefined) {
      const users = this.#users.get(before)
      users?.delete(key)
      if (users?.size === 0) this.#users.delete(before)
    }
    if (id === null) this.#backendOf.delete(key)
    else {
      this.#backendOf.set(key, id)
      let users = this.#users.get(id)
      if (users === undefined) this.#users.set(id, (users = new Set()))
      users.add(key)
    }
  }

  /** Router keys of the routes that use the backend. */
  usersOf(backend: string): Iterable<string> {
    return this.#users.get(backend) ?? []
  }
}
