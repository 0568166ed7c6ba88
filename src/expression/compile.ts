/** From a text with `${…}` to a function of the context. */
import type { ExpressionContext, ExpressionSettings } from './context.ts'
import { rules } from './rules/index.ts'
import { BAD, type Part, type RuleSupport } from './rules/rule.ts'

/** Evaluates a text. Never throws. */
export type CompiledExpression = (context: ExpressionContext) => string

const MOST_ADDED = 262_144
/** `date_el` and chains hold expressions that hold expressions. */
const MOST_NESTED = 10

/** True when the text holds nothing to evaluate: compiling it gives a function that answers it as it is. */
export function isConstant(text: string): boolean {
  return !/\$\{[^}]*\}/.test(text)
}

/** True when the text is nothing without a secret of a vault: it names one, and no other value in case there is none. */
export function namesVault(text: string): boolean {
  for (const [, expression] of text.matchAll(/\$\{([^}]*)\}/g))
    if (expression!.includes('vault://') && !expression!.includes('||')) return true
  return false
}

/** Whether this is the word that stands for an expression without a value; everybody knows it, so it opens nothing. */
export function isMissing(value: string): boolean {
  return value === BAD || MISSING.test(value)
}

const MISSING =
  /^no-(?:item|params|meta|metadata|header|query|path-param|token|jwt|path-at|env-var|config|ctx|global-env-at|chain-value|profile|id_token|access_token|refresh_token|token_type|expires_in)(?:-|$)/

/** A text taken apart: what stands as it is, and its expressions with `${` and `}`, in turn. */
export function partsOf(text: string): readonly string[] {
  return text.split(/(\$\{[^}]*\})/)
}

/**
 * The value of a text that is a secret, a key, or what something is compared with: null where one of its expressions has none.
 * `evaluate`: of a text with one expression.
 */
export function valueOrNone(text: string, evaluate: (text: string) => string): string | null {
  const values = partsOf(text).map((part, at) => {
    if (at % 2 === 0) return part
    const value = evaluate(part)
    // What begins so is no secret that anybody should have.
    return value === BAD || value.startsWith('no-') || value === part ? null : value
  })
  return values.includes(null) ? null : values.join('')
}

/**
 * Compiles a text once. An expression that no rule reads gives `bad-expr`. Where upstream would fail (a date that is none,
 * an index out of range) the whole text is answered as it is written. Inserted values are never evaluated again.
 */
export function compileExpression(text: string, settings: ExpressionSettings = {}): CompiledExpression {
  if (isConstant(text)) return () => text
  const literals: string[] = []
  const parts: Part[] = []
  let copied = 0
  try {
    for (const found of text.matchAll(/\$\{([^}]*)\}/g)) {
      literals.push(text.slice(copied, found.index))
      parts.push(partOf(found[1]!, settings, 0))
      copied = found.index + found[0].length
    }
  } catch {
    return () => text
  }
  return evaluation(text, literals, parts, text.slice(copied), settings.maxLength ?? MOST_ADDED)
}

function partOf(expression: string, settings: ExpressionSettings, depth: number): Part {
  if (depth > MOST_NESTED) return () => BAD
  const support: RuleSupport = { settings, part: inner => partOf(inner, settings, depth + 1) }
  for (const rule of rules) {
    const part = rule(expression, support)
    if (part !== null) return part
  }
  return () => BAD
}

function evaluation(
  text: string,
  literals: readonly string[],
  parts: readonly Part[],
  rest: string,
  most: number,
): CompiledExpression {
  return context => {
    let out = ''
    let added = 0
    try {
      for (let i = 0; i < parts.length; i++) {
        let value = parts[i]!(context)
        added += value.length
        if (added > most) {
          added -= value.length
          value = BAD
        }
        out += literals[i]! + value
      }
      return out + rest
    } catch {
      return text
    }
  }
}
