/** One picture in place of all others. */
import { answer, definePlugin, type FullAnswer, refuse, schema as v } from '../../plugin/index.ts'
import { bodyChanged } from '../changed-body.ts'
import { setting, text } from '../settings.ts'

const MOST_BYTES = 8_388_608
const TIMEOUT = 10_000
/** Milliseconds before a picture that could not be had is asked for again. */
const RETRY = 10_000

interface Picture {
  readonly type: string
  readonly bytes: Buffer
}

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ImageReplacer',
  name: 'Image replacer',
  description:
    'Answers every picture of the backend with the one found at `url`, which is fetched once and kept. Without it, 502.',
  family: 'transformation',
  categories: ['Other'],
  steps: ['TransformResponse'],
  config: v.looseObject({
    url: setting(
      text,
      'https://raw.githubusercontent.com/MAIF/otoroshi/master/resources/otoroshi-logo.png',
      'Address of the picture, `http` or `https`; redirects are not followed',
    ),
  }),
  setup({ url }, { calls, log }) {
    const address = URL.parse(url)
    if (address === null || !/^https?:$/.test(address.protocol))
      throw new Error('url is no http or https URL')
    let known: Promise<Picture> | null = null
    let failedAt = Number.NEGATIVE_INFINITY
    const fetched = async (): Promise<Picture> => {
      const { status, headers, body } = await calls.send({
        method: 'GET',
        url,
        timeout: TIMEOUT,
        maxBody: MOST_BYTES,
      })
      const type = headers.get('content-type') ?? ''
      if (status !== 200) throw new Error(`the server of the picture answered ${status}`)
      if (!/^image\//i.test(type))
        throw new Error(`what is found at url is no picture but ${type || 'of no type'}`)
      return { type, bytes: body }
    }
    const picture = (): Promise<Picture> => {
      if (known === null && performance.now() - failedAt < RETRY)
        return Promise.reject(new Error('it could not be had a moment ago'))
      known ??= fetched().catch(error => {
        known = null
        failedAt = performance.now()
        log('warn', `no picture: ${(error as Error).message}`)
        throw error
      })
      return known
    }
    return {
      response(exchange) {
        const { status, headers } = exchange.response
        if (status === 304 || !/^image\//i.test(headers.get('content-type') ?? '')) return undefined
        return picture().then(
          ({ type, bytes }): FullAnswer | undefined => {
            if (status === 206) return answer(200, [['Content-Type', type]], bytes)
            headers.set('Content-Type', type)
            headers.delete('content-encoding')
            headers.delete('etag')
            bodyChanged(headers)
            exchange.response.body.replace(bytes)
            return undefined
          },
          (error: Error) => refuse('image.unavailable', { detail: error.message }),
        )
      },
    }
  },
})
