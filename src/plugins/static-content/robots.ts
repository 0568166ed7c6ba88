/** Tells robots of search engines what they may do, in the three ways they understand. */
import { answer, type BackendResponse, definePlugin, schema as v } from '../../plugin/index.ts'
import { fieldValue } from '../field-value.ts'
import { bodyChanged } from '../changed-body.ts'
import { flag, setting, text } from '../settings.ts'
import { HeadInsertion } from './head-insertion.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.Robots',
  name: 'Robots',
  description:
    'Serves `/robots.txt`, adds a robots `<meta>` to HTML pages while they stream, and sets `X-Robots-Tag`. Compressed pages keep their bytes; the header field speaks for them.',
  family: 'static-content',
  categories: ['Other'],
  steps: ['TransformRequest', 'TransformResponse'],
  config: v.looseObject({
    robot_txt_enabled: setting(flag, true, 'Answer `/robots.txt`, whatever the method'),
    robot_txt_content: setting(text, 'User-agent: *\nDisallow: /\n', 'What `/robots.txt` holds'),
    meta_enabled: setting(flag, true, 'Add `<meta name="robots">` to HTML pages'),
    meta_content: setting(text, 'noindex,nofollow,noarchive', 'Content of the element'),
    header_enabled: setting(flag, true, 'Set `X-Robots-Tag` on responses'),
    header_content: setting(text, 'noindex, nofollow, noarchive', 'Value of the field'),
  }),
  setup(config) {
    const element = `<meta name="robots" content="${attributeText(config.meta_content)}">`
    const header = fieldValue(config.header_content)
    const file = Buffer.from(config.robot_txt_content)
    return {
      ...(config.robot_txt_enabled && {
        request(exchange) {
          if (exchange.request.path !== '/robots.txt') return undefined
          return answer(200, [['Content-Type', 'text/plain; charset=utf-8']], file)
        },
      }),
      ...((config.meta_enabled || config.header_enabled) && {
        response({ response }) {
          if (config.header_enabled) response.headers.set('X-Robots-Tag', header)
          if (config.meta_enabled && isWholePage(response)) insert(response, element)
        },
      }),
    }
  },
})

/** True for a page in HTML whose bytes are all there and can be read: not a part of it, not compressed, not UTF-16. */
function isWholePage({ status, headers, body }: BackendResponse): boolean {
  if (body.length === 0 || status === 204 || status === 206 || status === 304) return false
  const type = headers.get('content-type')?.toLowerCase() ?? ''
  if (!/^text\/html\s*(?:;|$)/.test(type) || /charset\s*=\s*"?utf-?(?:16|32)/.test(type)) return false
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  return coding === '' || coding === 'identity'
}

function insert({ headers, body }: BackendResponse, element: string): void {
  body.transform(new HeadInsertion(element), body.length < 0 ? -1 : body.length + Buffer.byteLength(element))
  bodyChanged(headers)
}

/** Text inside the quotes of an attribute, in ASCII. */
function attributeText(content: string): string {
  return content.replace(/[^\x20-\x7e]|[&"<>]/gu, char => `&#${char.codePointAt(0)};`)
}
