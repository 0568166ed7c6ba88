/** Lets requests pass that carry the expected cookies. */
import { secretTest } from '../../identity/proofs.ts'
import { definePlugin, type Refusal, refuse, schema as v } from '../../plugin/index.ts'
import { noEntries, setting, textMap } from '../settings.ts'
import { nameOf } from '../request-cookies.ts'

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
    const expected = new Map(
      Object.entries(config.cookies).map(([name, value]) => [name.trim(), secretTest(value)] as const),
    )
    if (expected.size === 0) return {}
    return {
      access({ request }) {
        const missing = new Set(expected.keys())
        for (const field of request.headers.getAll('cookie'))
          for (const pair of field.split(';')) {
            const name = nameOf(pair)
            const test = expected.get(name)
            if (test === undefined) continue
            // All values must be right: a backend may look at another one of equal names than this plugin would.
            if (!test(bareValue(pair))) return wrong(name)
            missing.delete(name)
          }
        for (const name of missing) return wrong(name)
        return undefined
      },
    }
  },
})

function wrong(name: string): Refusal {
  return refuse('cookie.refused', { detail: `cookie '${name}'` })
}

/** Value of a pair, without the quotes it may stand in. */
function bareValue(pair: string): string {
  const value = pair.slice(pair.indexOf('=') + 1).trim()
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}
