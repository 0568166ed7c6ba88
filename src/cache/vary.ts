/** Which requests an answer was selected for (RFC 9111, 4.1). */
import { type Field, type Fields, members } from './fields.ts'

/** Most fields an answer may vary by. */
const MOST_NAMES = 20

/** Fields whose members mean the same in any case and order, as long as none is preferred by its place. */
const UNORDERED = new Set(['accept-encoding', 'accept-language'])

/** Lower-case names and values of the fields the answer was selected by; null when nothing else may be served with it. */
export function selectedBy(answer: Fields, request: Fields): readonly Field[] | null {
  const names = new Set(members(answer.getAll('vary')).map(name => name.toLowerCase()))
  if (names.has('*') || names.size > MOST_NAMES) return null
  return [...names].sort().map(name => [name, selecting(request, name)])
}

/** True when a request selects the answer. */
export function selects(selected: readonly Field[], request: Fields): boolean {
  return selected.every(([name, value]) => selecting(request, name) === value)
}

/** A field in a form that does not change with lines and spaces; one that is missing differs from an empty one. */
function selecting(request: Fields, name: string): string {
  const lines = request.getAll(name)
  if (lines.length === 0) return '-'
  const list = members(lines)
  if (!UNORDERED.has(name)) return `+${list.join(',')}`
  return `+${list
    .map(member => member.toLowerCase().replaceAll(/\s/g, ''))
    .sort()
    .join(',')}`
}
