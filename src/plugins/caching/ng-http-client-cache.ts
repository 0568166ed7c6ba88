/** Tells browsers, and caches on the way to them, how long they may keep an answer. */
import { createHash } from 'node:crypto'
import { members, readDirectives } from '../../cache/index.ts'
import { type BackendResponse, definePlugin, schema as v } from '../../plugin/index.ts'
import { count, setting, texts } from '../settings.ts'
import { statuses } from './response-cache-settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgHttpClientCache',
  name: 'HTTP Client Cache',
  description:
    'Adds header fields by which browsers keep an answer for a time. An answer that says itself that it is not to be kept, or that sets a cookie, is left alone.',
  family: 'caching',
  categories: ['Headers'],
  steps: ['TransformResponse'],
  config: v.looseObject({
    max_age_seconds: setting(count, 86_400, 'How long the answer may be kept, seconds'),
    methods: setting(texts, () => ['GET'], 'Methods of requests'),
    status: setting(statuses, () => [200], 'Statuses of answers'),
    mime_types: setting(
      texts,
      () => ['text/html'],
      'Content types, or how they begin; `*` for any, and for answers without one',
    ),
  }),
  setup(config) {
    const methods = new Set(config.methods.map(name => name.toUpperCase()))
    const kept = new Set(config.status)
    const types = config.mime_types.map(type => type.trim().toLowerCase())
    const fits = (type: string | undefined): boolean =>
      types.includes('*') ||
      (type !== undefined && types.some(one => type.toLowerCase().startsWith(one.replace(/\*$/, ''))))
    const maxAge = `max-age=${config.max_age_seconds}`
    return {
      response({ request, response }) {
        const { headers } = response
        if (!methods.has(request.method) || !kept.has(response.status)) return
        if (!fits(headers.get('content-type')) || isPersonal(headers)) return
        const now = Date.now()
        headers.set('Cache-Control', maxAge)
        headers.set('Date', new Date(now).toUTCString())
        headers.set('Expires', new Date(now + config.max_age_seconds * 1000).toUTCString())
        // What the backend compares later must be its own: a made-up one would be confirmed by nobody.
        if (!headers.has('last-modified')) headers.set('Last-Modified', new Date(now).toUTCString())
        // Of another time is another answer, whatever it holds: nobody knows whether it has changed.
        if (!headers.has('etag'))
          headers.set('ETag', `"${tagOf(`${request.domain}${request.target} ${now}`)}"`)
        const varied = members(headers.getAll('vary'))
        if (!varied.some(name => name === '*' || name.toLowerCase() === 'accept-encoding'))
          headers.set('Vary', [...varied, 'Accept-Encoding'].join(', '))
      },
    }
  },
})

function isPersonal(headers: BackendResponse['headers']): boolean {
  const directives = readDirectives(headers.getAll('cache-control'))
  return headers.has('set-cookie') || directives.has('no-store') || directives.has('private')
}

function tagOf(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
