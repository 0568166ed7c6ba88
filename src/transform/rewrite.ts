/** Rewriting of texts by patterns, and of relative links. */
import { flaggedRegex } from '../expression/index.ts'
import type { Outcome, RewriteJob } from './job.ts'

const HREF = /(\bhref\s*=\s*)(["'])([^"'<>]*)\2/gi
/** What makes a text more than itself in a pattern. */
const SPECIAL = /[\\^$.|?*+()[\]{}]/
/** Empty, a fragment, a query, another host, or with a scheme. */
const NOT_RELATIVE = /^(?:$|[#?]|\/\/|[a-z][a-z\d+.-]*:)/i

export function rewrite({ rules, hrefPrefix, text }: RewriteJob, most: number): Outcome {
  let out = text
  try {
    for (const { pattern, flags, replacement } of rules) {
      const plain = flags === '' && !SPECIAL.test(pattern) && !/[$\\]/.test(replacement)
      out = plain
        ? out.replaceAll(pattern, () => replacement)
        : // The time is bounded where the thread is: see the workbench.
          flaggedRegex(pattern, flags, Number.POSITIVE_INFINITY).replaceAll(out, replacement, most)
      if (out.length > most) return { ok: false, fault: 'too_large', details: [] }
    }
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, fault: 'too_large', details: [error.message] }
    throw error
  }
  if (hrefPrefix !== null) out = out.replace(HREF, (...found) => linked(found as unknown as Link, hrefPrefix))
  return out.length > most ? { ok: false, fault: 'too_large', details: [] } : { ok: true, text: out }
}

type Link = readonly [whole: string, before: string, quote: string, value: string]

/** One slash between prefix and value, whatever each of them has. */
function linked([whole, before, quote, value]: Link, prefix: string): string {
  if (NOT_RELATIVE.test(value.trim())) return whole
  return `${before}${quote}${prefix.replace(/\/+$/, '')}/${value.trim().replace(/^\//, '')}${quote}`
}
