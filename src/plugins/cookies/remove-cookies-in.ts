/** Keeps cookies of the client from the backend. */
import { definePlugin } from '../../plugin/index.ts'
import { removedCookies, removedCookiesSettings } from './removed-cookies.ts'
import { removeCookies } from '../request-cookies.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RemoveCookiesIn',
  name: 'Remove cookies in',
  description: 'Removes cookies from the request to the backend, all that have one of the names.',
  family: 'cookies',
  categories: ['Cookies'],
  steps: ['TransformRequest'],
  config: removedCookiesSettings,
  setup(config) {
    const names = removedCookies(config)
    if (names.size === 0) return {}
    return {
      request({ upstream }) {
        removeCookies(upstream.headers, names)
      },
    }
  },
})
