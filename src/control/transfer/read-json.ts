/** Reads a JSON export: upstream's, or ours. */
import { defaultJsonLimits } from '../../model/check-json.ts'
import { definitionOf } from '../../model/registry.ts'
import { isObject } from '../../model/types/shape.ts'
import type { Incoming } from './incoming.ts'
import { ItemSplitter, NotAnExport, type Part } from './item-splitter.ts'
import { extensionSectionNamed, notes, sectionNamed, sections } from './sections.ts'
import { Turns } from '../turns.ts'

/** Bytes of one entity. */
const maxPart = 32 * 1024 * 1024

/** Takes what the chunks hold. Rejects with `NotAnExport`, or what the chunks reject with. */
export async function readJsonExport(chunks: AsyncIterable<Uint8Array>, incoming: Incoming): Promise<void> {
  // The entity stands two levels deep, that of an extension four.
  const limits = { maxPart, maxDepth: defaultJsonLimits.maxDepth + 4 }
  const turns = new Turns()
  const reader = new PartReader(incoming)
  const splitter = new ItemSplitter(part => reader.take(part), limits)
  let bytes = 0
  for await (const chunk of chunks) {
    try {
      splitter.push(chunk)
    } catch (error) {
      // Chunks are small: their beginning is near enough.
      throw error instanceof NotAnExport ? new NotAnExport(`${error.message} (after byte ${bytes})`) : error
    }
    bytes += chunk.length
    await turns.pause()
  }
  splitter.end()
  reader.end()
}

/** Takes an export that is there as a value. Throws `NotAnExport`. */
export function readExportValue(value: Readonly<Record<string, unknown>>, incoming: Incoming): void {
  const reader = new PartReader(incoming)
  for (const [section, content] of Object.entries(value)) {
    if (Array.isArray(content))
      content.forEach((item, place) => {
        reader.take({ section, place, value: item })
      })
    else if (section === 'extensions' && isObject(content))
      for (const [place, kinds] of Object.entries(content)) reader.take({ section, place, value: kinds })
    else reader.take({ section, place: null, value: content })
  }
  reader.end()
}

class PartReader {
  readonly #incoming: Incoming
  readonly #unknown = new Set<string>()
  #configured = false

  constructor(incoming: Incoming) {
    this.#incoming = incoming
  }

  take({ section, place, value }: Part): void {
    if (notes.has(section)) return
    if (section === 'stats') {
      if (isObject(value)) this.#incoming.keepStats(value)
    } else if (section === 'config') this.#config(place, value)
    else if (section === 'extensions') this.#extension(place, value)
    else this.#item(section, place, value)
  }

  end(): void {
    // Whatever has no configuration is no export: it must not wipe everything.
    if (!this.#configured) throw new NotAnExport('it has no config')
  }

  #config(place: Part['place'], value: unknown): void {
    const definition = definitionOf('GlobalConfig')
    if (definition === null || place !== null || !isObject(value))
      throw new NotAnExport('config is no object')
    this.#configured = true
    this.#incoming.add(definition, value, 'config')
  }

  #item(section: string, place: Part['place'], value: unknown): void {
    const definition = sectionNamed(section)
    if (definition === null) {
      if ((place === null && isNothing(value)) || this.#unknown.has(section)) return
      this.#unknown.add(section)
      this.#incoming.fault(
        clip(section),
        `Unknown section; known are ${sections.map(s => s.name).join(', ')}`,
      )
    } else if (typeof place === 'number') this.#incoming.add(definition, value, `${section}.${place}`)
    else if (value !== null) this.#incoming.fault(section, 'Expected a list')
  }

  #extension(extension: Part['place'], value: unknown): void {
    if (isNothing(value)) return
    if (typeof extension !== 'string' || !isObject(value)) {
      this.#incoming.fault('extensions', 'Expected an object of extensions and their kinds')
      return
    }
    for (const [plural, list] of Object.entries(value))
      if (!isNothing(list)) this.#kindOfExtension(extension, plural, list)
  }

  #kindOfExtension(extension: string, plural: string, list: unknown): void {
    const where = `extensions.${clip(extension)}.${clip(plural)}`
    const definition = extensionSectionNamed(extension, plural)
    if (!Array.isArray(list)) this.#incoming.fault(where, 'Expected a list')
    else if (definition === null) this.#incoming.keep(extension, plural, list, where)
    else for (const [i, item] of list.entries()) this.#incoming.add(definition, item, `${where}.${i}`)
  }
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

function clip(name: string): string {
  return name.length <= 80 ? name : `${name.slice(0, 80)}…`
}
