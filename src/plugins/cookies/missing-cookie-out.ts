/** Sets a cookie on the answer to the client unless the backend set one of that name. */
import { definePlugin } from '../../plugin/index.ts'
import { cookieMaker, setCookieSettings, setName } from './set-cookie.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.MissingCookieOut',
  name: 'Missing cookies out',
  description: 'Sets a cookie on the answer to the client where the backend set none of that name.',
  family: 'cookies',
  categories: ['Cookies'],
  steps: ['TransformResponse'],
  config: setCookieSettings,
  setup(config, services) {
    const make = cookieMaker(config, services)
    return {
      response(exchange) {
        const { headers } = exchange.response
        const cookie = make(exchange)
        if (cookie === null) return
        const known = headers.getAll('set-cookie').some(field => setName(field) === cookie.name)
        if (!known) headers.append('Set-Cookie', cookie.field)
      },
    }
  },
})
