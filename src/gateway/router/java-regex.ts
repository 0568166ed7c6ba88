/**
 * Java regular expressions, matched against whole texts, run by the engine of JavaScript.
 *
 * Guarantees: an expression means here what it means in Java, or it is refused with a sentence that says why; nothing is
 * silently read another way. A text longer than `MAX_TESTED` never matches. An expression that backtracks too much is
 * finished by V8's linear engine, so `(a+)+` costs milliseconds.
 * Not guaranteed: linear time for what that engine does not know (lookaround, backreferences, counted repetitions above
 * some tens): there only the bound on the length holds.
 */
import { setFlagsFromString } from 'node:v8'
import { TranslationFault, translate } from './java-regex-translation.ts'

// Concerns expressions compiled from here on, in the whole process. Without it one header value can hold a thread for hours.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')

/** Longest text an expression is tried on, in UTF-16 units. */
export const MAX_TESTED = 4096

/** Longest expression accepted, in UTF-16 units. */
const MAX_SOURCE = 4096

export type WholeMatch = (text: string) => boolean
export type CompiledRegex =
  | { readonly ok: true; readonly matches: WholeMatch }
  | { readonly ok: false; readonly message: string }

/** Compiles a Java regular expression. Never throws. */
export function compileJavaRegex(source: string): CompiledRegex {
  if (source.length > MAX_SOURCE) return refused(source, `it is longer than ${MAX_SOURCE} characters`)
  try {
    const { pattern, flags } = translate(source)
    // Without u: the linear engine does not know it. The translation only writes what both modes read alike.
    const regex = new RegExp(`^(?:${pattern})$`, flags)
    // Code is generated at the first use: an expression that is too large must fail here, not in a request.
    regex.test('')
    return { ok: true, matches: text => text.length <= MAX_TESTED && regex.test(text) }
  } catch (error) {
    if (error instanceof TranslationFault) return refused(source, error.message)
    return refused(source, error instanceof Error ? lastPart(error.message) : 'it cannot be compiled')
  }
}

function refused(source: string, why: string): CompiledRegex {
  const shown = source.length > 100 ? `${source.slice(0, 100)}…` : source
  return { ok: false, message: `Invalid regular expression ${JSON.stringify(shown)}: ${why}` }
}

/** V8 repeats the expression before its complaint. */
function lastPart(message: string): string {
  const at = message.lastIndexOf(': ')
  return (at < 0 ? message : message.slice(at + 2)).toLowerCase()
}
