/**
 * Rules that rewrite values of header fields by regular expressions.
 *
 * Guarantees: patterns take linear time; what expressions insert into a replacement is literal text and never names a group; a
 * value stays one clean field.
 */
import { type GuardedRegex, guardedRegex, isConstant, partsOf } from '../../expression/index.ts'
import { checkField, type HeaderBlock } from '../../http/headers.ts'
import { type Exchange, type PluginServices, schema as v, type Template } from '../../plugin/index.ts'
import { expressionsOf, isClientChosen } from '../../expression/client-chosen.ts'
import { fieldValue } from '../field-value.ts'
import { setting, text } from '../settings.ts'

const rule = v.looseObject({
  name: setting(text, '', 'Name of the header field; may hold expressions'),
  pattern: setting(text, '', 'Regular expression; may hold expressions that only administrators decide'),
  replacement: setting(
    text,
    '',
    'What each match becomes; `$1` is a group of the pattern, expressions are evaluated',
  ),
  flags: setting(text, '', '`i`: case does not count; `m`, `s` and `u` make no difference in a header value'),
})

export const headerRewritingSettings = v.looseObject({
  rules: setting(v.array(rule), () => [], 'Rules `{name, pattern, replacement, flags}`, applied in order'),
})

type Rule = v.InferOutput<typeof rule>

/** Characters a value may grow to. */
const LONGEST = 65_536
const MOST_COMPILED = 100

/** Rewrites the fields of one message. */
export type HeaderRewriting = (headers: HeaderBlock, exchange: Exchange) => void

/** Compiles the rules. Throws on a name or pattern that cannot be used. */
export function headerRewriting(rules: readonly Rule[], services: PluginServices): HeaderRewriting {
  const compiled = rules.map((one, at) => {
    try {
      return compile(one, services)
    } catch (error) {
      throw new Error(`rules.${at}: ${error instanceof Error ? error.message : String(error)}`)
    }
  })
  return (headers, exchange) => {
    for (const apply of compiled) apply(headers, exchange)
  }
}

function compile(one: Rule, services: PluginServices): HeaderRewriting {
  const constantName = isConstant(one.name)
  if (constantName) checkField(one.name.trim(), '')
  const name = services.template(one.name)
  const pattern = patternOf(one, services)
  const replacement = replacementOf(one.replacement, services)
  // Throws here rather than at the first match.
  if (isConstant(one.pattern)) pattern(NOBODY).replaceAll('', probe(one.replacement))
  return (headers, exchange) => {
    const given = name(exchange).trim()
    if (!constantName && !/^[\w!#$%&'*+.^`|~-]+$/.test(given)) return
    const lower = given.toLowerCase()
    const values = headers.getAll(lower)
    if (values.length === 0) return
    const regex = pattern(exchange)
    const made = values.map(value => fieldValue(regex.replaceAll(value, replacement(exchange), LONGEST)))
    if (made.every((value, at) => value === values[at])) return
    headers.delete(lower)
    for (const value of made) headers.append(given, value)
  }
}

/** Patterns without expressions never look at the exchange. */
const NOBODY = null as unknown as Exchange

function patternOf({ pattern, flags }: Rule, services: PluginServices): (exchange: Exchange) => GuardedRegex {
  const start = flags.toLowerCase().includes('i') && !pattern.startsWith('(?i)') ? '(?i)' : ''
  if (isConstant(pattern)) {
    const regex = guardedRegex(start + pattern)
    return () => regex
  }
  const chosen = expressionsOf(pattern).find(isClientChosen)
  if (chosen !== undefined)
    throw new Error(`\${${chosen}} is decided by clients, so it cannot be a part of a pattern`)
  const template = services.template(pattern)
  const compiled = new Map<string, GuardedRegex>()
  return exchange => {
    const made = start + template(exchange)
    let regex = compiled.get(made)
    if (regex === undefined) {
      regex = guardedRegex(made)
      if (compiled.size >= MOST_COMPILED) compiled.clear()
      compiled.set(made, regex)
    }
    return regex
  }
}

/** The text between expressions may name groups; what expressions give may not. */
function replacementOf(given: string, services: PluginServices): Template {
  if (isConstant(given)) return () => given
  const parts = partsOf(given).map((part, at) => {
    if (at % 2 === 0) return part
    const template = services.template(part)
    return (exchange: Exchange) => template(exchange).replace(/[\\$]/g, '\\$&')
  })
  return exchange => {
    let out = ''
    for (const part of parts) out += typeof part === 'string' ? part : part(exchange)
    return out
  }
}

function probe(replacement: string): string {
  return partsOf(replacement)
    .filter((_part, at) => at % 2 === 0)
    .join('')
}
