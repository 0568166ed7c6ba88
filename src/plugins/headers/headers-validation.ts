/** Lets requests pass that carry the expected header fields. */
import { checkField } from '../../http/headers.ts'
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { noEntries, setting, textMap } from '../settings.ts'
import { expectedValue } from './expected-value.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.HeadersValidation',
  name: 'Headers validation',
  description:
    'Refuses requests that lack one of the header fields, or hold it with another value than expected; every field of the name must be as expected.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    headers: setting(
      textMap,
      noEntries,
      'Header names and the values they must have: a text, which may hold expressions, or `Regex(…)`, `Wildcard(…)`, `Contains(…)`, `ContainedIn(a, b)`, their opposites `RegexNot(…)`, `WildcardNot(…)`, `ContainsNot(…)`, `NotContainedIn(…)`, and `Not(…)`',
    ),
  }),
  setup(config, services) {
    const expected = Object.entries(config.headers).map(([given, value]) => {
      const name = given.trim()
      checkField(name, '')
      return { name: name.toLowerCase(), fits: expectedValue(value, services) }
    })
    if (expected.length === 0) return {}
    return {
      access(exchange) {
        const { headers } = exchange.request
        for (const { name, fits } of expected) {
          // All of them: a backend may look at another field of the name than this plugin would.
          const values = headers.getAll(name)
          if (values.length === 0 || !values.every(value => fits(value, exchange)))
            return refuse('header.refused', { detail: `header '${name}'` })
        }
        return undefined
      },
    }
  },
})
