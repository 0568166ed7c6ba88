/**
 * Cache directives of a request or an answer (RFC 9111, 5.2).
 *
 * Guarantees: names are read without case, text in quotes is no directive; of a directive with a number that is given
 * several times the smallest counts, and one whose number cannot be read is zero, so that doubt never makes an answer last.
 */

/** Longest time that is told apart, seconds (RFC 9111, 1.2.2). */
export const MOST_SECONDS = 2_147_483_648

export interface Directives {
  has(name: string): boolean
  /** Seconds of `max-age` and the like; null when it is not given. */
  seconds(name: string): number | null
  /** Names of header fields in `private="…"` or `no-cache="…"`, lower case; null for the directive without any. */
  fields(name: string): readonly string[] | null
}

class DirectiveSet implements Directives {
  readonly #values: Map<string, string | null>

  constructor(values: Map<string, string | null>) {
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  seconds(name: string): number | null {
    const value = this.#values.get(name)
    return value === undefined ? null : deltaSeconds(value ?? '')
  }

  fields(name: string): readonly string[] | null {
    const value = this.#values.get(name)
    if (value === undefined || value === null) return null
    const names = value.split(',').map(field => field.trim().toLowerCase())
    return names.filter(field => field !== '')
  }
}

export const noDirectives: Directives = new DirectiveSet(new Map())

/** One directive and the comma behind it. What cannot be read is passed over up to the next comma. */
const DIRECTIVE = /[\s,]*([^\s,="]*)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?[^,]*(?:,|$)/y

/** Reads the lines of a `Cache-Control` field. */
export function readDirectives(lines: readonly string[]): Directives {
  return lines.length === 0 ? noDirectives : new DirectiveSet(valuesOf(lines))
}

function valuesOf(lines: readonly string[]): Map<string, string | null> {
  const values = new Map<string, string | null>()
  for (const line of lines) {
    DIRECTIVE.lastIndex = 0
    while (DIRECTIVE.lastIndex < line.length) {
      const found = DIRECTIVE.exec(line)
      if (found === null) break
      const name = found[1]!.toLowerCase()
      if (name === '') continue
      const value = found[2] ?? found[3] ?? null
      values.set(name, values.has(name) ? stricter(values.get(name)!, value) : value)
    }
  }
  return values
}

/** Members of a dictionary of structured fields (RFC 9651, 3.2), lists aside. */
const BARE = String.raw`(?:-?\d{1,15}(?:\.\d{1,3})?|"(?:[ !#-[\]-~]|\\["\\])*"|[A-Za-z*][\w!#$%&'*+\-.^|~:/\`]*|:[\w+/=]*:|\?[01])`
const KEY = '[a-z*][a-z0-9_.*-]*'
const PARAMETERS = `(?:; *${KEY}(?:=${BARE})?)*`
const MEMBER = `${KEY}(?:=${BARE})?${PARAMETERS}`
const DICTIONARY = new RegExp(`^ *${MEMBER}(?:[ \\t]*,[ \\t]*${MEMBER})*[ \\t]*$`)
const EACH = new RegExp(`(${KEY})(?:=(${BARE}))?${PARAMETERS}`, 'g')
/** Directives whose value is a whole number. */
const COUNTED = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'])

/** Reads the lines of a field for caches of one kind (RFC 9213); null when it cannot be read or says nothing. */
export function readTargeted(lines: readonly string[]): Directives | null {
  const text = lines.join(', ')
  if (text === '' || !DICTIONARY.test(text)) return null
  const values = new Map<string, string | null>()
  for (const [, name, value] of text.matchAll(EACH)) {
    if (COUNTED.has(name!) && !/^\d+$/.test(value ?? '')) continue
    values.set(name!, value === undefined ? null : value.replaceAll('"', ''))
  }
  return values.size === 0 ? null : new DirectiveSet(values)
}

/** Of two values of one directive the one that allows less. */
function stricter(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return null
  if (/^\d+$/.test(one) && /^\d+$/.test(other)) return Number(one) < Number(other) ? one : other
  return /^[-\d.]/.test(one) ? '0' : `${one},${other}`
}

/** Zero for what is no number of seconds. */
function deltaSeconds(value: string): number {
  return /^\d+$/.test(value) ? Math.min(Number(value), MOST_SECONDS) : 0
}
