/** Puts pieces of HTML into the pages of a backend. */
import { type BackendResponse, type BodyTransform, definePlugin, schema as v } from '../../plugin/index.ts'
import { bodyChanged } from '../changed-body.ts'
import { text } from '../settings.ts'
import { charsetOf } from './charset.ts'
import { askReadable, codingOf, decoding, encoding } from './content-coding.ts'
import { HtmlInsertions, type Insertions } from './html-insertions.ts'
import { pageTemplate } from './page-template.ts'
import { unknownLength } from './whole-body.ts'

const pieces = (what: string) => v.pipe(v.nullish(v.array(text)), v.description(what))

const settings = v.pipe(
  v.looseObject({
    append_head: pieces('Pieces at the end of the head'),
    append_body: pieces('Pieces at the end of the body'),
    prepend_head: pieces('Pieces at the beginning of the head'),
    prepend_body: pieces('Pieces at the beginning of the body'),
    appendHead: pieces('Older name of append_head'),
    appendBody: pieces('Older name of append_body'),
    prependHead: pieces('Older name of prepend_head'),
    prependBody: pieces('Older name of prepend_body'),
  }),
  v.transform(({ appendHead, appendBody, prependHead, prependBody, ...rest }) => ({
    ...rest,
    append_head: rest.append_head ?? appendHead ?? [],
    append_body: rest.append_body ?? appendBody ?? [],
    prepend_head: rest.prepend_head ?? prependHead ?? [],
    prepend_body: rest.prepend_body ?? prependBody ?? [],
  })),
)

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgHtmlPatcher',
  name: 'Html Patcher',
  description:
    'Puts pieces of HTML at the beginning and the end of head and body of pages while they stream. Compressed pages stay compressed. Values that clients decide are escaped.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: settings,
  setup(config, services) {
    const template = (list: readonly string[]) => pageTemplate(list.join('\n'), 'markup', services)
    const all = [config.prepend_head, config.append_head, config.prepend_body, config.append_body]
    if (all.every(list => list.length === 0)) return {}
    const [headStart, headEnd, bodyStart, bodyEnd] = all.map(template) as [T, T, T, T]
    type T = ReturnType<typeof template>
    return {
      request: ({ upstream }) => askReadable(upstream.headers),
      response(exchange) {
        const { response } = exchange
        if (!isPage(response)) return
        if (exchange.request.method === 'HEAD') unknownLength(response.body)
        else
          patch(response, {
            headStart: Buffer.from(headStart(exchange, {})),
            headEnd: Buffer.from(headEnd(exchange, {})),
            bodyStart: Buffer.from(bodyStart(exchange, {})),
            bodyEnd: Buffer.from(bodyEnd(exchange, {})),
          })
        bodyChanged(response.headers)
      },
    }
  },
})

/** A whole page, in a coding that is known. */
function isPage({ status, headers, body }: BackendResponse): boolean {
  if (body.length === 0 || status === 204 || status === 206 || status === 304) return false
  return /^text\/html\s*(?:;|$)/i.test(headers.get('content-type') ?? '') && codingOf(headers) !== null
}

function patch({ headers, body }: BackendResponse, insertions: Insertions): void {
  const coding = codingOf(headers) ?? 'identity'
  if (coding !== 'identity') body.pipe(decoding(coding))
  const decoder = recoding(headers.get('content-type')!, insertions)
  if (decoder !== null) {
    body.transform(decoder)
    headers.set('Content-Type', 'text/html; charset=utf-8')
  }
  body.transform(new HtmlInsertions(insertions))
  if (coding !== 'identity') body.pipe(encoding(coding, true))
}

/** Pages whose charset cannot hold the pieces become UTF-8, whatever the page itself says: the header comes first. */
function recoding(contentType: string, insertions: Insertions): BodyTransform | null {
  const label = charsetOf(contentType)
  if (label === null) return null
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(label)
  } catch {
    return null
  }
  const { encoding } = decoder
  if (encoding === 'utf-8') return null
  const isAscii = Object.values(insertions).every((piece: Buffer) => piece.every(byte => byte < 128))
  if (isAscii && !/^(?:utf-16|iso-2022)/.test(encoding)) return null
  return {
    push: chunk => Buffer.from(decoder.decode(chunk, { stream: true })),
    end: () => Buffer.from(decoder.decode()),
  }
}
