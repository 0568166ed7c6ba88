/** Serves the files of a folder. */
import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { definePlugin, type FullAnswer, type Exchange, schema as v } from '../../plugin/index.ts'
import { seldomLog } from '../seldom-log.ts'
import { flag, setting, text } from '../settings.ts'
import { fileSegments, isHidden } from './file-path.ts'
import { localFile } from './local-file.ts'
import { isRead, notFound, onlyReads } from './plain-answer.ts'
import { serveContent } from './served-content.ts'

const UNKNOWN = 'application/octet-stream'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.StaticBackend',
  name: 'Static backend',
  description:
    'Serves the files of a folder of the machine: conditions, ranges and HEAD included; `index.html` for folders. Nothing outside of it is served, whatever the path or a link says.',
  family: 'static-content',
  categories: ['Other'],
  steps: ['CallBackend'],
  config: v.looseObject({
    root_path: setting(text, '/tmp', 'The folder'),
    hidden_files: setting(flag, false, 'Serve files and folders whose name begins with a dot'),
  }),
  setup({ root_path: given, hidden_files: hidden }, services) {
    if (given.trim() === '' || given.includes('\0')) throw new Error('root_path: expected a folder')
    const folder = resolve(given)
    const complain = seldomLog(services)
    const find = async (exchange: Exchange): Promise<FullAnswer> => {
      const segments = fileSegments(exchange.upstream.path)
      if (segments === null || (!hidden && isHidden(segments))) return notFound()
      let root: string
      try {
        root = await realpath(folder)
      } catch (error) {
        complain(`${folder} cannot be read: ${(error as Error).message}`)
        return notFound()
      }
      const path = join(root, ...segments)
      const found = await localFile(root, path, UNKNOWN)
      const content = found === 'folder' ? await localFile(root, join(path, 'index.html'), UNKNOWN) : found
      return content === null || content === 'folder' ? notFound() : serveContent(exchange, content)
    }
    return {
      backend: exchange => (isRead(exchange.upstream.method) ? find(exchange) : onlyReads()),
    }
  },
})
