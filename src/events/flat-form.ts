/**
 * Projections that do no more than name fields, as most access logs: written field by field, with no object made of them first.
 * What is written is what `JSON.stringify` of the projection would be.
 */
import { own } from './lazy-event.ts'
import { isObject } from './match.ts'
import { shownText } from './shown-entity.ts'

interface Field {
  /** Name in the event. */
  readonly from: string
  /** What stands in front of the value: a comma, but for the first, and the name in the outcome. */
  readonly head: string
}

/** The writer of a projection; null for one that does more. */
export function flatForm(projection: unknown): ((event: unknown) => string) | null {
  const fields = fieldsOf(projection)
  if (fields === null) return null
  return event => {
    let text = '{'
    for (const { from, head } of fields)
      text += head + valueText(isObject(event) ? own(event, from) : undefined)
    return `${text}}`
  }
}

function fieldsOf(projection: unknown): readonly Field[] | null {
  if (!isObject(projection)) return null
  const fields: Field[] = []
  const names = new Set<string>()
  for (const [from, rule] of Object.entries(projection)) {
    const name = rule === true ? from : rule
    // Objects put names that are numbers first, and one name stands there once.
    if (typeof name !== 'string' || from.startsWith('$') || /^(?:\d+|__proto__)$/.test(name)) return null
    if (from === '__proto__' || names.has(name)) return null
    names.add(name)
    fields.push({ from, head: `${fields.length === 0 ? '' : ','}${JSON.stringify(name)}:` })
  }
  return fields.length === 0 ? null : fields
}

/** JSON of a value; `null` for what has none. */
function valueText(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null'
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      return shownText(value) ?? JSON.stringify(value)
    default:
      return JSON.stringify(value) ?? 'null'
  }
}
