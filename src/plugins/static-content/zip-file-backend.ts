/** Serves the files of a ZIP archive. */
import { isConstant } from '../../expression/index.ts'
import { definePlugin, type Exchange, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { serverChoice } from '../../expression/client-chosen.ts'
import { cleanFields } from '../field-value.ts'
import { count, noEntries, setting, text, textMap } from '../settings.ts'
import { fileSegments, namesFolder } from './file-path.ts'
import { isRead, onlyReads, plainError } from './plain-answer.ts'
import { serveContent } from './served-content.ts'
import { ZipArchives } from './zip-archives.ts'

const USUAL = 'https://github.com/MAIF/otoroshi/releases/download/16.11.2/otoroshi-manual-16.11.2.zip'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ZipFileBackend',
  name: 'Zip file backend',
  description:
    'Serves the files of a ZIP archive, which is downloaded now and then or read from the disk, and never unpacked.',
  family: 'static-content',
  categories: ['Other'],
  steps: ['CallBackend'],
  config: v.looseObject({
    url: setting(
      text,
      USUAL,
      'Address of the archive: http, https or file. May hold expressions, none of clients',
    ),
    headers: setting(textMap, noEntries, 'Fields of the download'),
    dir: setting(text, './zips', 'Folder for downloaded archives'),
    prefix: setting(v.nullable(text), null, 'Folder inside of the archive'),
    ttl: setting(count, 3_600_000, 'Milliseconds until it is downloaded anew'),
    max_size: setting(count, 268_435_456, 'Bytes of the longest archive, and of the longest file in it'),
  }),
  setup(config, services) {
    const chosen = serverChoice(config.url, services.route.domains)
    // Else each request could have another archive downloaded.
    if (chosen !== undefined) throw new Error(`url: a client would choose ${chosen}`)
    if (isConstant(config.url) && !/^(?:https?|file):/i.test(config.url))
      throw new Error('url: expected an http, https or file URL')
    const url = services.template(config.url)
    const archives = new ZipArchives(
      { dir: config.dir, headers: cleanFields(config.headers), ttl: config.ttl, limit: config.max_size },
      services,
    )
    const prefix = (config.prefix ?? '').split('/').filter(segment => segment !== '')
    const find = async (exchange: Exchange): Promise<FullAnswer> => {
      const { path } = exchange.upstream
      const segments = fileSegments(path)
      if (segments === null) return missing()
      const file = namesFolder(path) || segments.length === 0 ? [...segments, 'index.html'] : segments
      let archive: Awaited<ReturnType<ZipArchives['get']>>
      try {
        archive = await archives.get(url(exchange))
      } catch {
        // Why, stands in the log: addresses may hold secrets.
        return bareError(502, 'archive.unavailable', { error: 'the archive cannot be had' })
      }
      const content = archive.find([...prefix, ...file].join('/'))
      return content === null ? missing() : serveContent(exchange, content)
    }
    return {
      backend: exchange => (isRead(exchange.upstream.method) ? find(exchange) : onlyReads()),
      dispose: () => archives.close(),
    }
  },
})

function missing(): FullAnswer {
  const { status, headers, body } = plainError(404, 'not_found', '<h1>File not found !</h1>')
  const fields = headers.map(
    ([name, value]) => [name, name === 'Content-Type' ? 'text/html' : value] as const,
  )
  return { kind: 'full', status, headers: fields, body }
}
