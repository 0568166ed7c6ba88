/** Takes targets from a Eureka server elsewhere. */
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { targetOfInstance } from './eureka-instances.ts'
import { FollowedTargets } from './followed-targets.ts'

/** Milliseconds an answer counts. */
const FRESH = 15_000
const PATIENCE = 10_000

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ExternalEurekaTarget',
  name: 'External Eureka target',
  description:
    'Sends requests to the instances of an application that a Eureka server knows. It is asked every 15 seconds, in the background; until it has answered, requests go to the backend, and while it does not answer the instances known last count.',
  family: 'service-discovery',
  categories: ['ServiceDiscovery'],
  steps: ['PreRoute'],
  config: v.looseObject({
    service_url_default_zone: setting(v.nullable(text), null, 'Base URL of the Eureka server'),
    eureka_app: setting(v.nullable(text), null, 'Name of the application'),
    eureka_server: setting(v.nullable(text), null, 'Not used'),
  }),
  setup({ service_url_default_zone: base, eureka_app: app }, services) {
    if (base === null || app === null || base.trim() === '' || app.trim() === '')
      return { preRoute: () => refuse('eureka.not_configured', { message: 'Wrong config' }) }
    if (!/^https?:\/\//i.test(base.trim()))
      throw new Error('service_url_default_zone: expected an http or https URL')
    const url = `${base.trim().replace(/\/+$/, '')}/apps/${encodeURIComponent(app.trim())}`
    const targets = new FollowedTargets(services)
    const find = async (): Promise<readonly unknown[]> => {
      const headers = [['Accept', 'application/json']] as const
      const { status, body } = await services.calls.send({
        method: 'GET',
        url,
        headers,
        timeout: PATIENCE,
        repeatable: true,
      })
      if (status !== 200) throw new Error(`the Eureka server answered ${status}`)
      const { application } = JSON.parse(body.toString()) as { application?: { instance?: unknown } }
      const given = application?.instance ?? []
      return (Array.isArray(given) ? given : [given]).map(targetOfInstance).filter(target => target !== null)
    }
    return {
      preRoute(exchange) {
        targets.ask(find, FRESH, `instances of ${app}`)
        targets.send(exchange)
      },
      dispose: () => targets.release(),
    }
  },
})
