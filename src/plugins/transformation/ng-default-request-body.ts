/** A body for requests that have none. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { checkField } from '../../http/headers.ts'
import { setting, text } from '../settings.ts'

const BASE64 = /^[A-Za-z\d+/\s_-]*={0,2}\s*$/

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgDefaultRequestBody',
  name: 'Default request body',
  description: 'Sends a body of the settings to the backend with requests that have none.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    bodyBinary: setting(text, '', 'Body in Base64'),
    bodyStr: setting(v.nullable(text), null, 'Body as text; comes before bodyBinary'),
    contentType: setting(text, 'text/plain', 'Its content type'),
    contentEncoding: setting(v.nullable(text), null, 'Its content encoding'),
  }),
  setup({ bodyBinary, bodyStr, contentType, contentEncoding }) {
    if (bodyStr === null && !BASE64.test(bodyBinary)) throw new Error('bodyBinary is not Base64')
    const content = bodyStr === null ? Buffer.from(bodyBinary, 'base64') : Buffer.from(bodyStr)
    checkField('Content-Type', contentType)
    checkField('Content-Encoding', contentEncoding ?? '')
    return {
      request({ upstream }) {
        const { headers, body } = upstream
        if (body.length !== 0) return
        body.replace(content)
        headers.set('Content-Type', contentType)
        if (contentEncoding === null || contentEncoding === '') headers.delete('content-encoding')
        else headers.set('Content-Encoding', contentEncoding)
      },
    }
  },
})
