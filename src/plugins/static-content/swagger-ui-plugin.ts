/** Shows an OpenAPI document. */
import { answer, definePlugin, type Exchange, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { flag, setting, text } from '../settings.ts'
import { localFile } from './local-file.ts'
import { isRead, notFound, onlyReads } from './plain-answer.ts'
import { serveContent } from './served-content.ts'
import {
  ASSET,
  ASSETS,
  assetPath,
  assetsFolder,
  POLICY,
  SCRIPT,
  swaggerPage,
  swaggerScript,
} from './swagger-page.ts'

const NO_STORE = ['Cache-Control', 'no-cache, no-store, must-revalidate'] as const

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.SwaggerUIPlugin',
  name: 'Swagger UI',
  description:
    'Shows an OpenAPI document with Swagger UI, in the version that comes with the gateway: nothing is loaded from foreign servers but the document.',
  family: 'static-content',
  categories: ['Documentation'],
  steps: ['CallBackend'],
  config: v.looseObject({
    swagger_url: setting(text, '', 'Address of the document'),
    title: setting(text, '', 'Title of the page'),
    swagger_ui_version: setting(text, '5.30.2', 'Not used: the version is that of the gateway'),
    filter: setting(flag, true, 'A field to search operations by tag'),
    show_models: setting(flag, false, 'Show the schemas'),
    display_operation_id: setting(flag, false, 'Show ids of operations'),
    show_extensions: setting(flag, false, 'Show fields of vendors'),
    layout: setting(v.picklist(['BaseLayout', 'StandaloneLayout']), 'BaseLayout', 'Layout of the page'),
    sort_tags: setting(text, 'alpha', 'Order of tags: alpha or none'),
    sort_ops: setting(text, 'alpha', 'Order of operations: alpha, method or none'),
    theme: setting(text, 'default', 'Not used: there is one theme'),
  }),
  setup(config) {
    const fault = faultOf(config)
    if (fault !== null) return { backend: () => fault }
    const page = swaggerPage(config)
    const script = swaggerScript(config)
    const file = async (exchange: Exchange, name: string): Promise<FullAnswer> => {
      const found = await localFile(assetsFolder(), assetPath(name), 'application/octet-stream')
      if (found === null || found === 'folder') return notFound()
      return serveContent(exchange, found, [['Cache-Control', 'public, max-age=3600']])
    }
    return {
      backend(exchange) {
        if (!isRead(exchange.upstream.method)) return onlyReads()
        const name = exchange.request.query.get(ASSET)
        if (name === null)
          return answer(
            200,
            [
              ['Content-Type', 'text/html; charset=utf-8'],
              NO_STORE,
              ['Content-Security-Policy', POLICY],
              ['X-Content-Type-Options', 'nosniff'],
            ],
            page,
          )
        if (name === SCRIPT)
          return answer(200, [['Content-Type', 'text/javascript; charset=utf-8'], NO_STORE], script)
        return ASSETS.has(name) ? file(exchange, name) : notFound()
      },
    }
  },
})

function faultOf({ swagger_url: url, title }: { swagger_url: string; title: string }): FullAnswer | null {
  const refused = (error: string, message: string): FullAnswer =>
    bareError(400, 'documentation.not_configured', { error, message })
  if (url.trim() === '' || title.trim() === '')
    return refused('invalid_configuration', 'swagger_url and title are needed')
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    return refused('invalid_url', 'swagger_url is no http or https URL')
  return null
}
