/** Serves the objects of an S3 bucket. They flow through as answers of any backend do: nothing is kept. */
import { definePlugin, type Exchange, schema as v } from '../../plugin/index.ts'
import { seldomLog } from '../seldom-log.ts'
import { count, flag, setting, text } from '../settings.ts'
import { awsPath, signedFields } from './aws-signature.ts'
import { fileSegments, namesFolder } from './file-path.ts'
import { isRead, notFound, onlyReads, plainError } from './plain-answer.ts'

/** What of a request counts for an object. */
const ASKED = ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range']
/** What of the answer is about the object. */
const TOLD = new Set([
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'expires',
  'last-modified',
])

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.S3Backend',
  name: 'S3 Static backend',
  description:
    'Serves the objects of a bucket of S3, or of what speaks its protocol: conditions, ranges and HEAD included.',
  family: 'static-content',
  categories: ['Other'],
  steps: ['CallBackend'],
  config: v.looseObject({
    bucket: setting(text, '', 'The bucket'),
    endpoint: setting(text, '', 'URL of the server; that of AWS in the region unless set'),
    region: setting(text, 'eu-west-1', 'Region'),
    access: setting(text, 'client', 'Id of the access key'),
    secret: setting(text, 'secret', 'The access key'),
    key: setting(text, '', 'Prefix of keys'),
    pathStyleAccess: setting(flag, false, 'The bucket stands in the path rather than in the host'),
    chunkSize: setting(count, 8_388_608, 'Not used'),
    v4auth: setting(flag, true, 'Not used: every call is signed'),
    writeEvery: setting(count, 60_000, 'Not used'),
    acl: setting(text, 'private', 'Not used'),
  }),
  setup(config, services) {
    const { bucket, region, access, secret } = config
    if (!/^[a-z0-9][a-z0-9._-]{1,254}$/i.test(bucket))
      throw new Error('bucket: expected the name of a bucket')
    const given = config.endpoint.trim()
    const url = URL.parse(
      given === ''
        ? `https://s3.${region}.amazonaws.com`
        : given.includes('://')
          ? given
          : `https://${given}`,
    )
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
      throw new Error('endpoint: expected an http or https URL')
    const tls = url.protocol === 'https:'
    const name = config.pathStyleAccess ? url.hostname : `${bucket}.${url.hostname}`
    const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port)
    const host = url.port === '' ? name : `${name}:${url.port}`
    const server = services.destination({
      targets: [{ hostname: name, port, tls }],
      root: '/',
      rewrite: false,
    })
    const before = [
      ...(config.pathStyleAccess ? [bucket] : []),
      ...config.key.split('/').filter(part => part !== ''),
    ]
    const key = { access, secret, region, service: 's3' }
    const complain = seldomLog(services)
    const pathOf = ({ upstream }: Exchange): string | null => {
      const segments = fileSegments(upstream.path)
      if (segments === null) return null
      const index = namesFolder(upstream.path) || segments.length === 0 ? ['index.html'] : []
      return awsPath([...before, ...segments, ...index])
    }
    return {
      preRoute: exchange => (isRead(exchange.request.method) ? exchange.sendTo(server) : onlyReads()),
      // Behind the request phases of all plugins: what is signed must be what is sent.
      lookup(exchange) {
        const { upstream } = exchange
        const path = pathOf(exchange)
        if (path === null) return notFound()
        const { method, headers } = upstream
        const kept = ASKED.flatMap(name => headers.getAll(name).map(value => [name, value] as const))
        for (const [field] of [...headers]) headers.delete(field.toLowerCase())
        for (const [field, value] of kept) headers.append(field, value)
        headers.append('Host', host)
        for (const [field, value] of signedFields(key, { method, path, fields: { host } }, Date.now()))
          headers.append(field, value)
        if (upstream.body.length !== 0) upstream.body.replace('')
        upstream.path = path
        return undefined
      },
      response({ response, backendAnswered }) {
        if (!backendAnswered) return undefined
        const { status, headers } = response
        const object = headers.get('content-type')?.startsWith('application/x-directory') !== true
        if ((status === 200 && !object) || status === 404) return notFound()
        if (status === 403)
          complain('the object storage refused a call with 403: a missing object, or a wrong key')
        if (status === 403) return notFound()
        if (![200, 206, 304, 412, 416].includes(status))
          return plainError(502, 'object_storage.failed', 'the object storage failed')
        for (const [field] of [...headers])
          if (!TOLD.has(field.toLowerCase())) headers.delete(field.toLowerCase())
        return undefined
      },
      dispose: () => server.release(),
    }
  },
})
