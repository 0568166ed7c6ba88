/** What both plugins against polyfill.io do with a page. */
import { alertedRequest, type PluginInstance, type PluginServices } from '../../plugin/index.ts'
import { bodyChanged } from '../changed-body.ts'
import { seldomLog } from '../seldom-log.ts'
import { PolyfillScan } from './polyfill-scan.ts'

/** Looks through pages, and replaces what is found when told so. */
export function polyfillWatch(replace: boolean, alert: string, services: PluginServices): PluginInstance {
  const log = seldomLog(services)
  return {
    request({ upstream }) {
      // What is compressed cannot be looked through.
      if (/text\/html/i.test(upstream.headers.get('accept') ?? ''))
        upstream.headers.set('Accept-Encoding', 'identity')
    },
    response(exchange) {
      const { headers, body } = exchange.response
      if (!/^text\/html\b/i.test(headers.get('content-type') ?? '')) return
      // A policy of its own says which scripts a page may load.
      if (headers.has('content-security-policy')) return
      if (!/^(?:identity)?$/i.test(headers.get('content-encoding')?.trim() ?? '')) return
      const { length } = body
      const scan = new PolyfillScan(replace, ({ occurrences, found }) => {
        log(`a page loads polyfill.io ${occurrences} times`)
        services.alert(alert, () => ({
          route: services.route.id,
          occurences_nbr: occurrences,
          occurences: found,
          request: alertedRequest(exchange.request),
        }))
      })
      // A page that is only looked at keeps its length.
      if (replace) {
        bodyChanged(headers)
        body.transform(scan)
      } else body.transform(scan, length)
    },
  }
}
