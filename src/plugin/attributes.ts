/** Typed values that plugins of one request leave for each other. */
export interface AttributeKey<T> {
  readonly name: string
  readonly type?: T
}

/** Declares an attribute. The name is for whoever debugs; identity is the key. */
export function attribute<T>(name: string): AttributeKey<T> {
  return { name }
}

/** Few are set per request, so a short list is looked through faster than a map finds its place. */
export class Attributes {
  /** Keys and values in turn. */
  #list: unknown[] | null = null

  get<T>(key: AttributeKey<T>): T | undefined {
    const at = this.#at(key)
    return at < 0 ? undefined : (this.#list![at + 1] as T)
  }

  set<T>(key: AttributeKey<T>, value: T): void {
    const at = this.#at(key)
    if (at >= 0) this.#list![at + 1] = value
    else if (this.#list === null) this.#list = [key, value]
    else this.#list.push(key, value)
  }

  delete(key: AttributeKey<unknown>): void {
    const at = this.#at(key)
    if (at >= 0) this.#list!.splice(at, 2)
  }

  #at(key: AttributeKey<unknown>): number {
    const list = this.#list
    if (list !== null) for (let at = 0; at < list.length; at += 2) if (list[at] === key) return at
    return -1
  }
}
