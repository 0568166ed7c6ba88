/**
 * Reads a raw export: one stored key a line, `{"k", "v", "t", "w"}`, `t` the expiry and `w` what kind of value it is.
 *
 * Entities are validated like any other; other texts and counters are taken as they are. Lists, sets and hashes are
 * upstream's own working data: left out and counted.
 */
import { defaultJsonLimits } from '../../model/check-json.ts'
import { jsonCost } from '../../model/json-cost.ts'
import { definitionOf, storedDefinitions } from '../../model/registry.ts'
import { storageKeyOf, storagePrefix } from '../../model/storage-key.ts'
import type { EntityDefinition } from '../../model/entity.ts'
import { isObject } from '../../model/types/shape.ts'
import type { Incoming } from './incoming.ts'
import { NotAnExport, textOf } from './item-splitter.ts'
import { Turns } from '../turns.ts'

/** Bytes of one line. */
const maxLine = 32 * 1024 * 1024

/** Longer texts are looked at before they are parsed. */
const longText = 100_000

/** Up to here `t` is a time to live (three years), beyond it is a date. Upstream writes dates and reads times to live. */
const greatestLife = 1e11

/** Takes what the chunks hold. Rejects with `NotAnExport`, or what the chunks reject with. */
export async function readLinesExport(chunks: AsyncIterable<Uint8Array>, incoming: Incoming): Promise<void> {
  const turns = new Turns()
  const reader = new LineReader(incoming)
  let rest: Buffer[] = []
  let size = 0
  const line = () => {
    reader.take(textOf(rest.length === 1 ? rest[0]! : Buffer.concat(rest)))
    rest = []
    size = 0
  }
  const keep = (part: Buffer) => {
    size += part.length
    if (size > maxLine) throw new NotAnExport(`a line is longer than ${maxLine} bytes`)
    if (part.length > 0) rest.push(Buffer.from(part))
  }
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      keep(bytes.subarray(start, end))
      line()
      start = end + 1
    }
    keep(bytes.subarray(start))
    await turns.pause()
  }
  line()
  reader.end()
}

class LineReader {
  readonly #incoming: Incoming
  readonly #places: readonly { readonly definition: EntityDefinition; readonly prefix: string }[]
  readonly #now = Date.now()
  #number = 0

  constructor(incoming: Incoming) {
    this.#incoming = incoming
    this.#places = storedDefinitions.map(definition => ({
      definition,
      prefix: storagePrefix(incoming.root, definition),
    }))
  }

  take(text: string): void {
    this.#number++
    const trimmed = text.trim()
    if (trimmed === '') return
    const where = `line ${this.#number}`
    const { k, v, t, w } = this.#parsed(trimmed, where)
    if (typeof k !== 'string') throw new NotAnExport(`${where} has no key (k)`)
    const incoming = this.#incoming
    if (!k.startsWith(`${incoming.root}:`))
      incoming.fault(where, `The key is not below ${incoming.root}: see otoroshi.storageRoot`)
    else if (w === 'hash' || w === 'list' || w === 'set') incoming.leaveOut(w)
    else if ((typeof v !== 'string' && typeof v !== 'number') || !isKnown(w))
      incoming.fault(where, 'The value is of an unknown type')
    else this.#value(where, k, String(v), expiryOf(t, this.#now))
  }

  end(): void {
    const settings = definitionOf('GlobalConfig')
    const key =
      settings?.singleton === undefined ? '' : storageKeyOf(this.#incoming.root, settings, settings.singleton)
    if (!this.#incoming.entities.has(key) && !this.#incoming.isInvalidKey(key))
      throw new NotAnExport(`it has no global configuration (${key})`)
  }

  #parsed(text: string, where: string): Record<string, unknown> {
    const value = jsonOf(text)
    if (isObject(value)) return value
    throw new NotAnExport(`${where} is no JSON object`)
  }

  #value(where: string, key: string, value: string, expiresAt: number): void {
    const place = this.#place(key)
    if (place === null) {
      this.#incoming.addRaw(key, value, where, expiresAt)
      return
    }
    const entity = jsonOf(value)
    if (entity === undefined)
      this.#incoming.fault(where, `The value of a ${place.definition.kind} is not JSON`)
    else this.#incoming.add(place.definition, entity, where, { expected: place.id, expiresAt })
  }

  #place(key: string): { readonly definition: EntityDefinition; readonly id: string } | null {
    for (const { definition, prefix } of this.#places) {
      if (definition.singleton !== undefined) {
        if (key === prefix) return { definition, id: definition.singleton }
      } else if (key.length > prefix.length && key.startsWith(prefix)) {
        const rest = key.slice(prefix.length)
        // A scoped key ends in `<scope>:<id>`.
        const id = definition.scopeField === undefined ? rest : rest.slice(rest.indexOf(':') + 1)
        return { definition, id }
      }
    }
    return null
  }
}

/** Undefined when it is not JSON. An error would quote the text, which may be a secret. */
function jsonOf(text: string): unknown {
  const { maxDepth } = defaultJsonLimits
  // The parser keeps a hundred bytes for every bracket, and short texts have few.
  if (
    text.length > longText &&
    jsonCost(Buffer.from(text), maxDepth, Number.POSITIVE_INFINITY).depth > maxDepth
  )
    return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isKnown(type: unknown): boolean {
  return type === undefined || type === 'string' || type === 'counter'
}

/** Epoch milliseconds, 0 for never. */
function expiryOf(t: unknown, now: number): number {
  if (typeof t !== 'number' || !(t > 0)) return 0
  const at = Math.round(t < greatestLife ? now + t : t)
  return Number.isSafeInteger(at) ? at : 0
}
