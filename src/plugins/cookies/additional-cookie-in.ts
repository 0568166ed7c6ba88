/** Adds a cookie to the request to the backend. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { nameTemplate, valueTemplate } from './cookie-text.ts'
import { appendCookie } from '../request-cookies.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.AdditionalCookieIn',
  name: 'Additional cookies in',
  description:
    'Adds a cookie to the request to the backend, behind those of the client; one of the same name stays.',
  family: 'cookies',
  categories: ['Cookies'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    name: setting(text, 'cookie', 'Name of the cookie; may hold expressions'),
    value: setting(text, 'value', 'Value of the cookie; may hold expressions'),
  }),
  setup(config, services) {
    const name = nameTemplate(config.name, services)
    const value = valueTemplate(config.value, services)
    return {
      request(exchange) {
        const named = name(exchange)
        if (named !== '') appendCookie(exchange.upstream.headers, named, value(exchange))
      },
    }
  },
})
