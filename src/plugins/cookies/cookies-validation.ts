/** Lets requests pass that carry the expected cookies. */
import { secretTest } from '../../identity/proofs.ts'
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { noEntries, setting, textMap } from '../settings.ts'
import { nameOf } from './request-cookies.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.CookiesValidation',
  name: 'Cookies validation',
  description:
    'Refuses requests that lack one of the cookies, or hold it with another value; every cookie of the name must have the value.',
  family: 'cookies',
  categories: ['Cookies'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    cookies: setting(textMap, noEntries, 'Names of cookies and the values they must have'),
  }),
  setup(config) {
    const expected = Object.entries(config.cookies).map(
      ([name, value]) => [name.trim(), secretTest(value)] as const,
    )
    if (expected.length === 0) return {}
    return {
      access({ request }) {
        const given = valuesByName(request.headers.getAll('cookie'))
        for (const [name, test] of expected) {
          const values = given.get(name)
          if (values === undefined || !values.every(test))
            return refuse('cookie.refused', { detail: `cookie '${name}'` })
        }
        return undefined
      },
    }
  },
})

/** All values: a backend may look at another one of equal names than this plugin would. */
function valuesByName(fields: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const field of fields)
    for (const pair of field.split(';')) {
      const value = pair.slice(pair.indexOf('=') + 1).trim()
      const bare =
        value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
      const known = values.get(nameOf(pair))
      if (known === undefined) values.set(nameOf(pair), [bare])
      else known.push(bare)
    }
  return values
}
