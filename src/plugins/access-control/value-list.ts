/** What the two plugins that compare an expression with a list have in common. */
import { expressionsOf } from '../../expression/client-chosen.ts'
import { type Exchange, type PluginServices, schema as v, type Template } from '../../plugin/index.ts'
import { anyRepeated, inputsOf, valuesOf } from '../repeated-inputs.ts'
import { noTexts, setting, text, texts } from '../settings.ts'

export const valueListSettings = v.looseObject({
  expression: setting(
    v.nullable(text),
    '${req.ip_address}',
    'Expression that is evaluated for each request; blank: nothing is compared',
  ),
  values: setting(texts, noTexts, 'Values that the result is compared with'),
})
export type ValueListSettings = v.InferOutput<typeof valueListSettings>

/** The compiled expression; null when it is blank. */
function expressionOf({ expression }: ValueListSettings, services: PluginServices): Template | null {
  return expression === null || expression.trim() === '' ? null : services.template(expression)
}

/**
 * Every result an expression may have for a backend: one that is a header field, a parameter or a cookie alone has one for each value
 * that is there. Null: the text is made of several, of which one is there twice, so nobody knows what it says.
 */
export function resultsOf(
  config: ValueListSettings,
  services: PluginServices,
): ((exchange: Exchange) => readonly string[] | null) | null {
  const template = expressionOf(config, services)
  if (template === null) return null
  const expression = config.expression!
  const inputs = inputsOf(expressionsOf(expression))
  if (inputs.length === 0) return exchange => [template(exchange)]
  const alone = /^\s*\$\{[^}|]*\}\s*$/.test(expression)
  return exchange => {
    const { request } = exchange
    if (!anyRepeated(inputs, request)) return [template(exchange)]
    return alone ? inputs.flatMap(input => valuesOf(input, request)) : null
  }
}
