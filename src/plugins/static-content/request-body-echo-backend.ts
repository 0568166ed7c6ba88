/** Gives the body of a request back. */
import { answer, definePlugin } from '../../plugin/index.ts'
import { echoSettings, readBody, tooLarge } from './request-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RequestBodyEchoBackend',
  name: 'Request body Echo',
  description: 'Answers with the body of the request under its own content type; 204 when it has none.',
  family: 'static-content',
  categories: ['Other'],
  steps: ['CallBackend'],
  config: echoSettings,
  setup({ limit }) {
    return {
      async backend(exchange) {
        const { body, headers } = exchange.upstream
        if (body.length === 0) return answer(204)
        const content = await readBody(exchange, limit)
        if (content === null) return tooLarge(limit)
        if (content.length === 0) return answer(204)
        return answer(
          200,
          [
            ['Content-Type', headers.get('content-type') ?? 'application/octet-stream'],
            // A form of a foreign page must not come back as a page of this host.
            ['X-Content-Type-Options', 'nosniff'],
          ],
          content,
        )
      },
    }
  },
})
