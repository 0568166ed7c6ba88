/**
 * Java regular expressions looked for in the bodies of health answers.
 *
 * Guarantees: looking takes no more than `BUDGET`, whatever the expressions and whatever a backend answers: V8 is
 * interrupted, and what was not decided by then counts as not found. An expression that means something else here than in
 * Java is refused.
 */
import { createContext, type Context, Script } from 'node:vm'
import { TranslationFault, translate } from '../router/java-regex-translation.ts'

/** Longest part of a body that is looked at, UTF-16 units: what a probe reads. */
export const MOST_TEXT = 65_536

/** Time for all expressions of one check, milliseconds. */
const BUDGET = 50
const MOST_PATTERNS = 100
const MOST_SOURCE = 4096

/** For each expression whether it was found; null when time ran out first. */
export type Found = readonly (boolean | null)[]

export type CompiledPatterns =
  | { readonly ok: true; readonly patterns: readonly RegExp[] }
  | { readonly ok: false; readonly message: string }

/** Compiles expressions. Never throws. */
export function compilePatterns(sources: readonly string[]): CompiledPatterns {
  if (sources.length > MOST_PATTERNS)
    return { ok: false, message: `more than ${MOST_PATTERNS} regular expressions` }
  const patterns: RegExp[] = []
  for (const source of sources) {
    try {
      if (source.length > MOST_SOURCE) throw new TranslationFault(`longer than ${MOST_SOURCE} characters`)
      const { pattern, flags } = translate(source)
      patterns.push(new RegExp(pattern, flags))
    } catch (error) {
      const why = error instanceof TranslationFault ? error.message : 'it cannot be compiled'
      const shown = source.length > 100 ? `${source.slice(0, 100)}…` : source
      return { ok: false, message: `invalid regular expression ${JSON.stringify(shown)}: ${why}` }
    }
  }
  return { ok: true, patterns }
}

interface Search {
  patterns: readonly RegExp[]
  text: string
  found: (boolean | null)[]
}

/** The only way to stop a running expression is the time limit of a script; made when the first check needs it. */
let search: { readonly script: Script; readonly context: Context & Search } | null = null

function theSearch(): { readonly script: Script; readonly context: Context & Search } {
  return (search ??= {
    script: new Script('for (let i = 0; i < patterns.length; i++) found[i] = patterns[i].test(text)'),
    context: createContext({ patterns: [], text: '', found: [] }) as Context & Search,
  })
}

/** Looks for each of the expressions in the text. Never throws. */
export function findPatterns(patterns: readonly RegExp[], text: string): Found {
  const found: (boolean | null)[] = patterns.map(() => null)
  if (patterns.length === 0) return found
  const { script, context } = theSearch()
  Object.assign(context, { patterns, text: text.slice(0, MOST_TEXT), found })
  try {
    script.runInContext(context, { timeout: BUDGET })
  } catch {
    // Out of time, or of stack: the rest stays undecided.
  }
  // The body is not kept until the next check.
  Object.assign(context, { patterns: [], text: '', found: [] })
  return found
}
