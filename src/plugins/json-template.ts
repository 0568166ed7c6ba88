/**
 * JSON with expressions in its texts: compiled once, made anew for each request.
 *
 * Guarantees: names are never evaluated; what has no expression is made once; a text that is `{iat}`, `{nbf}` or `{exp}`
 * after evaluation becomes that time, as a number.
 */
import type { Exchange, PluginServices } from '../plugin/index.ts'

/** Times of a token that is made, seconds since the epoch. */
export interface TokenTimes {
  readonly iat: number
  readonly nbf: number
  readonly exp: number
}

export type JsonTemplate = (exchange: Exchange, times: TokenTimes) => unknown

/** Compiles a JSON value. One that is a text alone becomes what it is written like: a number, a flag, null. */
export function jsonTemplate(value: unknown, template: PluginServices['template']): JsonTemplate {
  if (typeof value !== 'string') return inside(value, template)
  const made = textTemplate(value, template)
  return (exchange, times) => {
    const evaluated = made(exchange, times)
    return typeof evaluated === 'string' ? readAs(evaluated) : evaluated
  }
}

/** As Java and JSON write numbers; longer ones would lose digits. */
const NUMBER = /^-?\d{1,15}(?:\.\d{1,15})?$/

function readAs(text: string): unknown {
  if (text === 'true') return true
  if (text === 'false') return false
  if (text === 'null') return null
  return NUMBER.test(text) ? Number(text) : text
}

function inside(value: unknown, template: PluginServices['template']): JsonTemplate {
  if (typeof value === 'string') return textTemplate(value, template)
  if (typeof value !== 'object' || value === null) return () => value
  if (Array.isArray(value)) {
    const items = value.map(item => inside(item, template))
    return (exchange, times) => items.map(item => item(exchange, times))
  }
  const members = Object.entries(value).map(([name, member]) => [name, inside(member, template)] as const)
  return (exchange, times) =>
    Object.fromEntries(members.map(([name, member]) => [name, member(exchange, times)]))
}

function textTemplate(text: string, template: PluginServices['template']): JsonTemplate {
  const evaluate = template(text)
  return (exchange, times) => {
    const value = evaluate(exchange)
    // Only what the settings say: a claim of the client that reads `{exp}` is a text.
    if (value !== '{iat}' && value !== '{nbf}' && value !== '{exp}') return value
    return isTime(text) ? times[value.slice(1, -1) as keyof TokenTimes] : value
  }
}

function isTime(text: string): boolean {
  return /^(?:\{(?:iat|nbf|exp)\}|\$\{(?:iat|nbf|exp)\})$/.test(text)
}
