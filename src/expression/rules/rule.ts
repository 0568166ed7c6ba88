/** A rule reads one form of expression and makes the function that evaluates it. */
import type { ExpressionContext, ExpressionSettings } from '../context.ts'
import { own } from '../json.ts'

/** Evaluates one expression. A throw means: leave the whole text as it is written. */
export type Part = (context: ExpressionContext) => string

/** Makes the evaluation of another expression: for rules that hold expressions. */
export type PartSource = (expression: string) => Part

export interface RuleSupport {
  readonly settings: ExpressionSettings
  readonly part: PartSource
}

/** Null: the rule does not read this expression. A throw: the text that holds it is never evaluated. */
export type Rule = (expression: string, support: RuleSupport) => Part | null

/** What an expression that cannot be evaluated reads as. */
export const BAD = 'bad-expr'

/** A rule of one fixed text. */
export function exactly(text: string, part: Part): Rule {
  return expression => (expression === text ? part : null)
}

/** Asks for a member by name. Null: what the member belongs to is absent. */
export type Lookup = (context: ExpressionContext, name: string) => string | undefined | null

export interface NamedForm {
  /** Text before the name. */
  readonly prefix: string
  readonly find: Lookup
  /** Value of a missing member without a default. */
  readonly missing: (name: string) => string
  /** Applied once to the name. */
  readonly normalize?: (name: string) => string
}

/** `<prefix><name>` and `<prefix><name>:<default>`; the default starts behind the last colon. */
export function named(form: NamedForm): Rule {
  return expression => {
    if (!expression.startsWith(form.prefix)) return null
    const rest = expression.slice(form.prefix.length)
    const colon = rest.lastIndexOf(':')
    const name = colon < 0 ? rest : rest.slice(0, colon)
    const fallback = colon < 0 ? form.missing(name) : rest.slice(colon + 1)
    return lookup(form.find, form.normalize === undefined ? name : form.normalize(name), fallback)
  }
}

function lookup(find: Lookup, name: string, fallback: string): Part {
  return context => {
    const value = find(context, name)
    return value === null ? BAD : (value ?? fallback)
  }
}

/** `<prefix>['<i>']` and `<prefix>['<i>':'<default>']`: an element of a list; a wrong index without default is a fault. */
export function indexed(
  prefix: string,
  list: (context: ExpressionContext) => readonly string[] | undefined,
): Rule {
  return expression => {
    if (!expression.startsWith(`${prefix}['`) || !expression.endsWith("']")) return null
    const inner = expression.slice(prefix.length + 2, -2)
    const colon = inner.lastIndexOf("':'")
    const place = colon < 0 ? inner : inner.slice(0, colon)
    const fallback = colon < 0 ? null : inner.slice(colon + 3)
    if (!/^\d{1,9}$/.test(place)) throw new RangeError('not the number of an element')
    const index = Number(place)
    return context => {
      const items = list(context)
      if (items === undefined) return BAD
      const item = items[index] ?? fallback
      if (item === null) throw new RangeError('no such element')
      return item
    }
  }
}

/** A field of a map of texts. */
export function ownText(
  map: Readonly<Record<string, string>> | undefined,
  key: string,
): string | undefined | null {
  return map === undefined ? null : own(map, key)
}
