/**
 * Texts with expressions that become parts of pages. What a client decides is made harmless for the kind of text; what
 * administrators decide stays as it is.
 */
import type { Exchange, PluginServices } from '../../plugin/index.ts'
import { isClientChosen } from '../../expression/client-chosen.ts'

/** What a text is: decides what a value could break out of. */
export type TextKind = 'markup' | 'json' | 'plain'

/** Evaluates the text; `values`: those of the plugin, by name. */
export type PageTemplate = (exchange: Exchange, values: Readonly<Record<string, string>>) => string

type Part = (exchange: Exchange, values: Readonly<Record<string, string>>) => string

/** Compiles a text. `own`: names of the values of the plugin. `expressions`: others than those are evaluated, too. */
export function pageTemplate(
  text: string,
  kind: TextKind,
  services: Pick<PluginServices, 'template'>,
  own: readonly string[] = [],
  expressions = true,
): PageTemplate {
  const parts: Part[] = []
  let copied = 0
  const literal = (until: number): void => {
    const piece = text.slice(copied, until)
    if (piece !== '') parts.push(() => piece)
  }
  for (const found of text.matchAll(/\$\{([^}]*)\}/g)) {
    const expression = found[1]!
    const isOwn = own.includes(expression)
    if (!isOwn && !expressions) continue
    literal(found.index)
    copied = found.index + found[0].length
    if (isOwn) parts.push((_exchange, values) => values[expression] ?? '')
    else {
      const template = services.template(found[0])
      const harmless = isClientChosen(expression) ? escapeOf[kind] : asItIs
      parts.push(exchange => harmless(template(exchange)))
    }
  }
  literal(text.length)
  return (exchange, values) => parts.map(part => part(exchange, values)).join('')
}

const asItIs = (value: string): string => value

const escapeOf: Readonly<Record<TextKind, (value: string) => string>> = {
  // The backslash: such a value may stand in a text of a script.
  markup: value => value.replace(/[&<>"'`\\]/g, char => `&#${char.charCodeAt(0)};`),
  json: value => JSON.stringify(value.toWellFormed()).slice(1, -1),
  plain: asItIs,
}

/** What texts of a content type are. */
export function kindOf(contentType: string): TextKind {
  if (/json/i.test(contentType)) return 'json'
  return /html|xml|svg/i.test(contentType) ? 'markup' : 'plain'
}
