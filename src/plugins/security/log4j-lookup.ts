/**
 * Finds look-ups of Log4j that load code (CVE-2021-44228), also where they are put together from others:
 * `${jndi:…}`, `${${lower:j}ndi:…}`, `${${env:NONE:-j}ndi:…}`.
 *
 * Guarantees: time in proportion to the text.
 */
import { readings } from './decoded-text.ts'

/** Results of look-ups that are looked through again. */
const MOST_PASSES = 3
/** Look-ups within each other; more are an attack, whatever they give. */
const MOST_NESTED = 64
const DANGEROUS = /\$\{\s*jndi\s*:/i

/** True when some reading of the text holds, or makes, such a look-up. */
export function holdsJndi(text: string): boolean {
  if (!text.includes('$') && !/[%\\]/.test(text)) return false
  return readings(text).some(makesJndi)
}

function makesJndi(text: string): boolean {
  let now = text
  for (let pass = 0; pass < MOST_PASSES && now.includes('${'); pass++) {
    if (DANGEROUS.test(now)) return true
    const next = resolved(now)
    if (next === null) return true
    if (next === now) return false
    now = next
  }
  return DANGEROUS.test(now)
}

/** The text with look-ups replaced by what they give, inner ones first; null when one is dangerous. */
function resolved(text: string): string | null {
  const open: string[] = ['']
  for (const part of text.split(/(\$\{|\})/)) {
    if (part === '${') {
      // Each level copies what is inside of it: nobody nests like that but to make work.
      if (open.length > MOST_NESTED) return null
      open.push('')
    } else if (part === '}' && open.length > 1) {
      const name = open.pop()!
      if (isJndi(name)) return null
      open[open.length - 1] += resultOf(name)
    } else open[open.length - 1] += part
  }
  if (open.slice(1).some(isJndi)) return null
  // Look-ups without an end stay as they are.
  return open.join('${')
}

function isJndi(name: string): boolean {
  return /^\s*jndi\s*:/i.test(name)
}

/** What Log4j makes of a look-up that says its own value; nothing of others, whose values nobody here knows. */
function resultOf(name: string): string {
  const colon = name.indexOf(':')
  const kind = (colon < 0 ? name : name.slice(0, colon)).trim().toLowerCase()
  const rest = colon < 0 ? '' : name.slice(colon + 1)
  if (kind === 'lower') return rest.toLowerCase()
  if (kind === 'upper') return rest.toUpperCase()
  if (kind === 'date') return rest.replaceAll("'", '')
  if (kind === 'base64') return Buffer.from(rest, 'base64').toString('utf8')
  const fallback = name.indexOf(':-')
  return fallback < 0 ? '' : name.slice(fallback + 2)
}
