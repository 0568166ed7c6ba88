/** Typed values that plugins of one request leave for each other. */
export interface AttributeKey<T> {
  readonly name: string
  readonly type?: T
}

/** Declares an attribute. The name shows in debug reports; identity is the key. */
export function attribute<T>(name: string): AttributeKey<T> {
  return { name }
}

export class Attributes {
  #values: Map<AttributeKey<unknown>, unknown> | null = null

  get<T>(key: AttributeKey<T>): T | undefined {
    return this.#values === null ? undefined : (this.#values.get(key) as T | undefined)
  }

  set<T>(key: AttributeKey<T>, value: T): void {
    this.#values ??= new Map()
    this.#values.set(key, value)
  }

  delete(key: AttributeKey<unknown>): void {
    this.#values?.delete(key)
  }

  entries(): Iterable<[AttributeKey<unknown>, unknown]> {
    return this.#values ?? []
  }
}
