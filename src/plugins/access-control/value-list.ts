/** What the two plugins that compare an expression with a list have in common. */
import { type PluginServices, schema as v, type Template } from '../../plugin/index.ts'
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
export function expressionOf({ expression }: ValueListSettings, services: PluginServices): Template | null {
  return expression === null || expression.trim() === '' ? null : services.template(expression)
}
