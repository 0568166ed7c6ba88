/**
 * Conditions on headers, query parameters and cookies: `Exists()`, `IsDefined()`, `NotDefined()`, `Regex(…)`,
 * `Wildcard(…)`; anything else is the wanted value itself.
 */
import { compileWildcard } from '../balancing/wildcard.ts'
import { compileJavaRegex } from './java-regex.ts'

/** Condition on the value of one name. */
export interface ValueMatcher {
  /** The name as configured, for explanations. */
  readonly label: string
  /** The name to look up; lower case where names compare without case. */
  readonly name: string
  readonly kind: 'present' | 'absent' | 'value'
  /** Asked only for `value`. */
  readonly matches: (value: string) => boolean
}

export type CompiledValueMatcher =
  | { readonly ok: true; readonly matcher: ValueMatcher }
  | { readonly ok: false; readonly message: string }

const always = () => true

/** Compiles one condition. Never throws. */
export function compileValueMatcher(label: string, name: string, text: string): CompiledValueMatcher {
  if (text === 'Exists()' || text === 'IsDefined()')
    return { ok: true, matcher: { label, name, kind: 'present', matches: always } }
  if (text === 'NotDefined()') return { ok: true, matcher: { label, name, kind: 'absent', matches: always } }
  const regex = argument(text, 'Regex(')
  if (regex !== null) {
    const compiled = compileJavaRegex(regex)
    if (!compiled.ok) return compiled
    return { ok: true, matcher: { label, name, kind: 'value', matches: compiled.matches } }
  }
  const wildcard = argument(text, 'Wildcard(')
  const matches = wildcard === null ? (value: string) => value === text : compileWildcard(wildcard)
  return { ok: true, matcher: { label, name, kind: 'value', matches } }
}

function argument(text: string, opening: string): string | null {
  return text.startsWith(opening) && text.endsWith(')') ? text.slice(opening.length, -1) : null
}
