/** Keeps cookies of the backend from the client. */
import { definePlugin } from '../../plugin/index.ts'
import { removedCookies, removedCookiesSettings } from './removed-cookies.ts'
import { removeSetCookies } from './set-cookie.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RemoveCookiesOut',
  name: 'Remove cookies out',
  description:
    'Removes the fields that set cookies of these names from the answer. A cookie the browser has already stays there.',
  family: 'cookies',
  categories: ['Cookies'],
  steps: ['TransformResponse'],
  config: removedCookiesSettings,
  setup(config) {
    const names = removedCookies(config)
    if (names.size === 0) return {}
    return {
      response({ response }) {
        removeSetCookies(response.headers, names)
      },
    }
  },
})
