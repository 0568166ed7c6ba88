/** `item.…`, `params.…`, `token.…`, `ctx.…`: the context map, and the JWTs of the request. */
import type { ExpressionContext, ExpressionToken } from '../context.ts'
import { compileLookup } from '../json-path/lookup.ts'
import { at, atPointer, own, textOf } from '../json.ts'
import { guardedRegex } from '../regex/index.ts'
import { BAD, exactly, named, type Part, type Rule } from './rule.ts'

const REPLACE = /^(token|ctx)\.(.*)\.(replace|replaceAll)\('(.*)', ?'(.*)'\)$/
/** Longest text a pattern is applied to: replacing may cost the square of it. */
const LONGEST_REPLACED = 4096
const LONGEST_RESULT = 65_536

const replaced: Rule = expression => {
  const form = REPLACE.exec(expression)
  if (form === null) return null
  const [, source, key, how, from, to] = form as unknown as [string, string, string, string, string, string]
  const missing = `no-${source}-${key}`
  const change = how === 'replace' ? plainReplace(from, to) : patternReplace(from, to)
  return context => {
    const value = context.value(key)
    return value === undefined ? missing : change(value)
  }
}

function plainReplace(from: string, to: string): (text: string) => string {
  return text => text.split(from, LONGEST_RESULT).join(to)
}

function patternReplace(from: string, to: string): (text: string) => string {
  const pattern = guardedRegex(from)
  return text => {
    if (text.length > LONGEST_REPLACED) throw new RangeError('the text is too long for a pattern')
    return pattern.replaceAll(text, to, LONGEST_RESULT)
  }
}

/** `<source>.<f>|<source>.<g>[:<default>]`, `<source>.<f>:<default>` and, for tokens, `<source>.<f>`. */
function mapped(source: 'token' | 'ctx', plain: boolean): Rule {
  const prefix = `${source}.`
  return expression => {
    if (!expression.startsWith(prefix)) return null
    const bar = expression.lastIndexOf(`|${prefix}`)
    const colon = expression.lastIndexOf(':')
    const hasDefault = colon > bar
    if (bar < 0 && !hasDefault && !plain) return null
    const end = hasDefault ? colon : expression.length
    const first = expression.slice(prefix.length, bar < 0 ? end : bar)
    const second = bar < 0 ? null : expression.slice(bar + 1 + prefix.length, end)
    const fallback = hasDefault
      ? expression.slice(colon + 1)
      : `no-${source}-${first}${second === null ? '' : `-${second}`}`
    return context =>
      context.value(first) ?? (second === null ? undefined : context.value(second)) ?? fallback
  }
}

/** `ctx.<name>.<field>` of an attribute; without the attribute the plain form answers. */
function attributed(name: string, read: (context: ExpressionContext) => unknown): Rule {
  const prefix = `ctx.${name}.`
  return expression => {
    if (!expression.startsWith(prefix)) return null
    const field = expression.slice(prefix.length)
    return context => {
      const attribute = read(context)
      if (typeof attribute !== 'object' || attribute === null)
        return context.value(`${name}.${field}`) ?? `no-ctx-${name}.${field}`
      const value = own(attribute as Record<string, unknown>, field)
      return scalar(value) ?? `no-ctx-${field}`
    }
  }
}

function scalar(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

function claims(prefix: string, read: (context: ExpressionContext) => ExpressionToken | null): Rule {
  return named({
    prefix,
    find: (context, name) => {
      const token = read(context)
      if (token === null) return null
      const value = at(token.claims, name)
      return value === undefined ? undefined : textOf(value)
    },
    missing: name => `no-jwt-${name}`,
  })
}

function rawToken(name: string, read: (context: ExpressionContext) => ExpressionToken | null): Rule {
  return exactly(name, context => read(context)?.raw ?? BAD)
}

const apikeyClaims: Rule = expression => {
  const prefix = 'apikeyjwt.'
  if (!expression.startsWith(prefix)) return null
  const path = expression.slice(prefix.length)
  const read = path.startsWith('$.')
    ? compileLookup(path)
    : (value: unknown) => (path.includes('/') ? atPointer(value, path) : at(value, path))
  return ({ apikeyClaims: value }) => {
    if (value === null || value === undefined) return BAD
    const found = read(value)
    return found === undefined ? `no-path-at-${path}` : textOf(found)
  }
}

function whole(prefix: string): Rule {
  return expression => {
    if (!expression.startsWith(prefix)) return null
    const missing = `no-${prefix.slice(0, -1)}-${expression.slice(prefix.length)}`
    const part: Part = context => context.value(expression) ?? missing
    return part
  }
}

export const itemRules: readonly Rule[] = [whole('item.'), whole('params.')]

export const tokenRules: readonly Rule[] = [
  replaced,
  mapped('token', true),
  claims('in_jwt.', context => context.inputToken),
  claims('out_jwt.', context => context.outputToken),
  rawToken('in_raw_jwt', context => context.inputToken),
  rawToken('out_raw_jwt', context => context.outputToken),
  apikeyClaims,
]

export const contextRules: readonly Rule[] = [
  mapped('ctx', false),
  attributed('useragent', context => context.userAgent),
  attributed('geolocation', context => context.geolocation),
  mapped('ctx', true),
]
