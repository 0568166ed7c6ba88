/** Finds out where clients are, in a database of the machine. */
import { definePlugin, type PluginInstance, type PluginServices, schema as v } from '../../plugin/index.ts'
import { flag, setting, text } from '../settings.ts'
import { type GeoDatabase, geoDatabase } from './geo-database.ts'
import { placeOfRecord } from './geo-place.ts'
import { ipStack } from './ip-stack.ts'
import { keepPlace } from './located.ts'

const GLOBAL = 'global'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgMaxMindGeolocationInfoExtractor',
  name: 'Geolocation details extractor (using Maxmind db)',
  description:
    'Finds out where clients are, in a MaxMind database, for events, expressions and other plugins. Requests do not wait for it.',
  family: 'monitoring',
  categories: ['Other'],
  steps: ['PreRoute'],
  config: v.looseObject({
    path: setting(
      text,
      GLOBAL,
      'Path of the database (mmdb), or `global` for the settings of the global configuration',
    ),
    log: setting(flag, false, 'Write what is found into the log'),
  }),
  async prepare({ path }) {
    if (path === GLOBAL) return
    await geoDatabase(path).catch(error => {
      throw new Error(`path: ${(error as Error).message}`)
    })
  },
  setup({ path, log }, services) {
    const { type, path: globalPath, apikey, timeout, enabled } = services.geolocation
    if (path !== GLOBAL) return byDatabase(path, log, services)
    if (enabled === false) return {}
    if (type === 'maxmind' && typeof globalPath === 'string') return byDatabase(globalPath, log, services)
    if (type !== 'ipstack' || typeof apikey !== 'string') return {}
    const url = services.geolocation['url']
    const find = ipStack(
      {
        apikey,
        timeout: typeof timeout === 'number' ? timeout : 2000,
        url: typeof url === 'string' ? url : 'https://api.ipstack.com',
      },
      services,
    )
    return {
      preRoute: exchange =>
        find(exchange.request.ip).then(place => keepPlace(exchange, place, log, services)),
    }
  },
})

function byDatabase(path: string, log: boolean, services: PluginServices): PluginInstance {
  let database: GeoDatabase | null = null
  geoDatabase(path).then(
    opened => (database = opened),
    error => services.log('warn', `clients are not located: ${(error as Error).message}`),
  )
  return {
    preRoute(exchange) {
      const { ip } = exchange.request
      const record = database?.find(ip) ?? null
      if (record !== null) keepPlace(exchange, placeOfRecord(ip, record), log, services)
    },
  }
}
