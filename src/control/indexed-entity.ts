import type { EntityDefinition } from '../model/entity.ts'
import { readEntityText } from '../model/read.ts'
import { isObject } from '../model/types/shape.ts'
import type { Parsed } from '../schema/index.ts'

/** An entity as the store has it: text, parsed only by whoever looks inside. Never changes. */
export class IndexedEntity {
  readonly definition: EntityDefinition
  readonly id: string
  /** Key in the store. */
  readonly key: string
  /** Text in the store. */
  readonly json: string
  /** The revision it was last written in (of kinds that are not served: the one that would have been next). */
  readonly revision: number
  // Known to hold every default already, so that reading needs no schema.
  #complete: boolean

  /** `complete`: the text was made from a validated entity. */
  constructor(
    definition: EntityDefinition,
    id: string,
    key: string,
    json: string,
    revision: number,
    complete = false,
  ) {
    this.definition = definition
    this.id = id
    this.key = key
    this.json = json
    this.revision = revision
    this.#complete = complete
  }

  get isComplete(): boolean {
    return this.#complete
  }

  /** The validated entity, or its faults. */
  read(): Parsed<unknown> {
    return readEntityText(this.definition, this.json)
  }

  /**
   * A fresh JSON object of the entity with its defaults filled. An entity that is not valid any more is given as it is
   * stored, so that it can be looked at and repaired.
   */
  view(): Record<string, unknown> {
    if (this.#complete) return JSON.parse(this.json) as Record<string, unknown>
    const parsed = this.read()
    if (parsed.ok && isObject(parsed.value)) {
      this.#complete = JSON.stringify(parsed.value) === this.json
      return parsed.value
    }
    const raw = jsonOf(this.json)
    return isObject(raw) ? raw : { [this.definition.idField]: this.id }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
