/** Shows the request as the backend would have got it. */
import { answer, definePlugin, type Exchange } from '../../plugin/index.ts'
import { echoSettings, readBody, tooLarge } from './request-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.EchoBackend',
  name: 'Request Echo',
  description:
    'Answers with a JSON description of the request as the backend would have got it, header fields meant for the backend alone included: for tests and demonstrations.',
  family: 'static-content',
  categories: ['Other'],
  steps: ['CallBackend'],
  config: echoSettings,
  setup({ limit }) {
    return {
      async backend(exchange) {
        if (exchange.upstream.body.length === 0) return shown(exchange, null)
        const content = await readBody(exchange, limit)
        return content === null ? tooLarge(limit) : shown(exchange, content)
      },
    }
  },
})

function shown({ upstream }: Exchange, content: Buffer | null): ReturnType<typeof answer> {
  const { method, path, headers } = upstream
  const question = path.indexOf('?')
  const query = new URLSearchParams(question < 0 ? '' : path.slice(question + 1))
  const request = {
    method: method.toUpperCase(),
    path: question < 0 ? path : path.slice(0, question),
    raw_path: path,
    query: firstOf(query),
    headers: Object.fromEntries(
      [...headers].map(([name]) => [name, headers.getAll(name.toLowerCase()).join(', ')]),
    ),
    cookies: cookiesOf(headers.getAll('cookie')),
  }
  const body =
    content === null || content.length === 0 ? 'null' : bodyJson(content, headers.get('content-type'))
  const text = `${JSON.stringify(request).slice(0, -1)},"body":${body}}`
  return answer(200, [['Content-Type', 'application/json']], text)
}

/** The first value of each name wins. */
function firstOf(pairs: Iterable<[string, string]>): Record<string, string> {
  const first = new Map<string, string>()
  for (const [name, value] of pairs) if (!first.has(name)) first.set(name, value)
  return Object.fromEntries(first)
}

function cookiesOf(fields: readonly string[]): Record<string, { name: string; value: string }> {
  const cookies = new Map<string, { name: string; value: string }>()
  for (const pair of fields.flatMap(field => field.split(';'))) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals).trim()
    if (equals > 0 && name !== '' && !cookies.has(name))
      cookies.set(name, { name, value: pair.slice(equals + 1).trim() })
  }
  return Object.fromEntries(cookies)
}

/** JSON as it is, text as a string, anything else in Base64. */
function bodyJson(content: Buffer, type: string | undefined): string {
  const essence = (type ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (essence === 'application/json') {
    try {
      // Nested so deeply that it cannot be written again: shown as text, like what is no JSON.
      return JSON.stringify(JSON.parse(content.toString()))
    } catch {
      return JSON.stringify(content.toString())
    }
  }
  const isText = essence.startsWith('text/') || essence === 'application/x-www-form-urlencoded'
  return JSON.stringify(content.toString(isText ? 'utf8' : 'base64'))
}
