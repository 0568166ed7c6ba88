/** Adds a cookie to the request to the backend unless the client sent one of that name. */
import { definePlugin } from '../../plugin/index.ts'
import { nameTemplate, valueTemplate } from './cookie-text.ts'
import { appendCookie, hasCookie } from '../request-cookies.ts'
import { setCookieSettings } from './set-cookie.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.MissingCookieIn',
  name: 'Missing cookies in',
  description:
    'Adds a cookie to the request to the backend where the client sent none of that name. Of the settings only name and value count.',
  family: 'cookies',
  categories: ['Cookies'],
  steps: ['TransformRequest'],
  config: setCookieSettings,
  setup(config, services) {
    const name = nameTemplate(config.name, services)
    const value = valueTemplate(config.value, services)
    return {
      request(exchange) {
        const { headers } = exchange.upstream
        const named = name(exchange)
        if (named !== '' && !hasCookie(headers, named)) appendCookie(headers, named, value(exchange))
      },
    }
  },
})
